"""Sandboxes of the shared service, as seen over the wire, and services of a test's own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest
from clarion_client import AsyncClient, CampaignState, QueueDisposal, Scope

from tests.campaigns import set_up
from tests.e2e.wire.calls import Wire
from tests.process import ServiceProcess
from tests.service import Service
from tests.smtp_sink import SmtpSink

#: Holds the states in which messages of a campaign may still wait.
_AT_WORK = (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)


@dataclass(frozen=True)
class Sandbox:
    """Is a sandbox that no other test uses."""

    name: str
    service: Service
    root: AsyncClient
    """Has the key of the administrator of all sandboxes."""
    key: str
    """Is the key of the sandbox's administrator."""
    client: AsyncClient
    """Under that key."""
    wire: Wire
    """Under that key."""

    async def new_key(self, *scopes: Scope) -> str:
        """Returns the secret."""
        return (await self.root.keys.create("for a test", scopes, sandbox=self.name)).secret


@pytest.fixture
async def sandbox(service: Service) -> AsyncIterator[Sandbox]:
    async with new_sandbox(service) as made:
        yield made


@pytest.fixture
async def other_sandbox(service: Service) -> AsyncIterator[Sandbox]:
    async with new_sandbox(service) as made:
        yield made


@asynccontextmanager
async def new_sandbox(service: Service) -> AsyncIterator[Sandbox]:
    name = f"s{uuid4().hex}"
    async with AsyncClient(service.target, api_key=service.first_key) as root:
        key = (await root.keys.create("for a test", [Scope.ADMIN], sandbox=name)).secret
        async with AsyncClient(service.target, api_key=key) as client, Wire(service.target, key) as wire:
            yield Sandbox(name, service, root, key, client, wire)
            await _leave_nothing_to_do(client)


async def _leave_nothing_to_do(client: AsyncClient) -> None:
    """Or else the tests that follow would share the machine with it."""
    async for campaign in client.campaigns.list(states=_AT_WORK):
        await client.campaigns.stop(campaign.name, QueueDisposal.CANCEL)


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


@pytest.fixture
async def orders(sandbox: Sandbox, sink: SmtpSink) -> AsyncClient:
    """Returns a client of a sandbox with the live campaign `orders`, whose mails go to `sink`."""
    await set_up(sandbox.client, "orders", sink.port)
    return sandbox.client


NewService = Callable[..., ServiceProcess]


@pytest.fixture
async def new_service(tmp_path: Path) -> AsyncIterator[NewService]:
    """Makes services of a test's own, which are killed after it if they still run."""
    made: list[ServiceProcess] = []

    def make(folder: str = "own", **settings: str) -> ServiceProcess:
        path = tmp_path / folder
        path.mkdir(exist_ok=True)
        made.append(ServiceProcess(path, **settings))  # type: ignore[arg-type] # no setting is called `port`
        return made[-1]

    yield make
    for each in made:
        await each.__aexit__(None, None, None)
