"""What is made of a channel configuration in one process counts in the others as soon as they hear of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from clarion_client import AsyncClient, MessageState
from clarion_server.application.sending import store_look
from clarion_server.bootstrap import Clarion, open_store
from clarion_server.bootstrap.sending import LocalSending
from clarion_server.config import Settings

from tests.campaigns import CONTEXT, set_up
from tests.postgresql import made_database
from tests.smtp_sink import SmtpSink
from tests.waiting import until


@pytest.fixture(autouse=True)
def no_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes looks so rare that nothing happens because of one."""
    monkeypatch.setattr(store_look, "LOOK_SECONDS", 3600.0)


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/clarion.db" if request.param == "sqlite" else made_database("clarion_channel_news")


@asynccontextmanager
async def serving(store: str, keys: list[str]) -> AsyncIterator[tuple[Clarion, str]]:
    """Returns a process that goes round every 100 seconds, and where it serves."""
    settings = Settings(listen="127.0.0.1:0", http_listen="", store=store, lease_seconds=300)
    clarion = Clarion(settings, open_store(store))
    ports = await clarion.start(keys.append)
    try:
        yield clarion, f"127.0.0.1:{ports.grpc}"
    finally:
        await clarion.stop()


async def test_what_is_disabled_and_enabled_in_one_process_is_so_in_another_one(store: str) -> None:
    keys: list[str] = []
    async with AsyncExitStack() as stack:
        sink = await stack.enter_async_context(SmtpSink())
        _, target = await stack.enter_async_context(serving(store, keys))
        other, other_target = await stack.enter_async_context(serving(store, keys))
        client = await stack.enter_async_context(AsyncClient(target, api_key=keys[0]))
        other_client = await stack.enter_async_context(AsyncClient(other_target, api_key=keys[0]))
        await set_up(client, "orders", sink.port)
        await other_client.trigger("orders", to="jane@example.com", context=CONTEXT)
        await sink.wait_for(1)
        configuration = await client.channels.get("orders")

        async def let(disabled: bool) -> None:
            await client.channels.update(replace(configuration, disabled=disabled, etag=""), ["disabled"])
            await until(lambda: is_so(other, disabled))

        await let(disabled=True)
        await other_client.trigger("orders", to="jane@example.com", context=CONTEXT)
        assert await states(client) == [MessageState.QUEUED, MessageState.SENT]
        await let(disabled=False)
        await sink.wait_for(2)


async def is_so(process: Clarion, disabled: bool) -> bool:
    assert isinstance(process.sending, LocalSending)
    return [dispatcher.configuration.disabled for dispatcher in process.sending.dispatch.all_open] == [disabled]


async def states(client: AsyncClient) -> list[MessageState]:
    """Returns those of all messages, the newest first."""
    return [message.state async for message in client.messages.list()]
