from __future__ import annotations

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass

import pytest
import trustme
import uvloop
from clarion_server.adapters.channels.email.smtp.channel import SmtpEmailChannel
from clarion_server.adapters.channels.email.smtp.pool import ConnectionPool
from clarion_server.adapters.channels.webhook.channel import WebhookChannel
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.instant import Instant, from_datetime

from tests.outbound import a_webhook_configuration


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The service runs on uvloop, and on asyncio's own loop where there is none; their transports differ."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


#: Says when the certificates of servers expire.
_END = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=3)


@dataclass(frozen=True)
class Certificates:
    authority_pem: str
    right_host: ssl.SSLContext
    """Is a server's, for 127.0.0.1 and localhost."""
    right_host_end: Instant
    """Says when the certificate of `right_host` expires."""
    wrong_host: ssl.SSLContext
    asking: ssl.SSLContext
    """Like `right_host`, of a server that takes clients of the authority alone."""
    client_pem: str
    client_key: str


@pytest.fixture(scope="session")
def certificates() -> Certificates:
    authority = trustme.CA()
    client = authority.issue_cert("clarion.test")

    def server_context(*names: str) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*names, not_after=_END).configure_cert(context)
        return context

    asking = server_context("127.0.0.1", "localhost")
    asking.verify_mode = ssl.CERT_REQUIRED
    authority.configure_trust(asking)
    return Certificates(
        authority_pem=authority.cert_pem.bytes().decode(),
        right_host=server_context("127.0.0.1", "localhost"),
        right_host_end=from_datetime(_END),
        wrong_host=server_context("mail.example.org"),
        asking=asking,
        client_pem=client.cert_chain_pems[0].bytes().decode(),
        client_key=client.private_key_pem.bytes().decode(),
    )


OpenChannel = Callable[..., SmtpEmailChannel]
OpenWebhook = Callable[..., WebhookChannel]


@pytest.fixture
async def open_smtp() -> AsyncIterator[OpenChannel]:
    """Opens channels that are closed after the test."""
    channels: list[SmtpEmailChannel] = []

    def open_one(configuration: ChannelConfiguration, pool: ConnectionPool | None = None) -> SmtpEmailChannel:
        channels.append(SmtpEmailChannel(configuration, pool))
        return channels[-1]

    yield open_one
    for channel in channels:
        await channel.close()


@pytest.fixture
async def open_webhook() -> AsyncIterator[OpenWebhook]:
    """Opens channels towards a URL, which are closed after the test."""
    channels: list[WebhookChannel] = []

    def open_one(url: str, **settings: object) -> WebhookChannel:
        channels.append(WebhookChannel(a_webhook_configuration(url, **settings)))  # type: ignore[arg-type] # by name
        return channels[-1]

    yield open_one
    for channel in channels:
        await channel.close()
