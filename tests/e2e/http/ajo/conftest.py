"""Provides the live campaign that callers of Adobe Journey Optimizer's API trigger."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from clarion_client import (
    Audience,
    Client,
    Profile,
    QueueDisposal,
)

from tests.campaigns import campaign, channel
from tests.e2e.http.calls import Http
from tests.service import Sandbox
from tests.smtp_sink import SmtpSink


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """Has the live campaign `orders`. Nothing is sent, because the tests address magic recipients."""
    with sandbox.client() as made:
        made.channels.create(channel("orders", port=1))
        made.campaigns.create(campaign("orders", "orders"))
        made.campaigns.activate("orders")
        yield made
        # Otherwise deferred messages would be tried again while other tests run.
        made.campaigns.stop("orders", QueueDisposal.CANCEL)


@pytest.fixture
def ajo(client: Client, http: Http) -> Http:
    return http


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


@pytest.fixture
def gold(client: Client) -> Client:
    """Has an audience of two magic people."""
    client.audiences.create(Audience(name="gold", display_name="Gold", condition="profile.locale == 'de'"))
    for number in range(2):
        client.profiles.create(Profile(identities=[f"email:sent+{number}@clarion.test"], locale="de"))
    return client
