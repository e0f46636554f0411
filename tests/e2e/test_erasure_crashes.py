"""An erasure that a kill interrupts is finished after the next start."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

import pytest
from clarion_client import AsyncClient, EventType, Message, Profile

from tests.campaigns import CONTEXT, set_up
from tests.process import ServiceProcess
from tests.smtp_sink import SmtpSink
from tests.waiting import until

MESSAGES = 1_000
FORMS = ("email:jane@example.com", "email:JANE@example.com", "email:Jane@Example.com")
#: Says how long, in seconds, the service may take to erase a person and to start. Only a failing test waits so long.
ERASED_SECONDS = 240


@pytest.mark.timeout(900)
async def test_a_person_is_erased_although_the_service_is_killed_meanwhile(tmp_path: Path) -> None:
    keys = tmp_path / "erasure-keys"
    keys.write_text(f"1 {secrets.token_hex(64)}\n")
    async with (
        SmtpSink() as sink,
        ServiceProcess(tmp_path, lease_seconds="1", erasure_keys=str(keys)) as service,
        AsyncClient(service.target, api_key=service.admin_key) as client,
    ):
        await set_up(client, "orders", sink.port)
        jane = await client.profiles.create(Profile(identities=["jane@example.com"]))
        for number in range(MESSAGES):
            await client.trigger("orders", to=FORMS[number % 3], context=CONTEXT)
        assert (await client.profiles.delete(jane.name)).suppressed_address_count == 1
        await service.kill()
        await service.start()
        await until(lambda: some_message_is_erased(client), ERASED_SECONDS)
        await service.kill()
        await service.start()
        assert await first_erased(client) == jane.name
        left = [message async for message in client.messages.list(page_size=1_000)]
        assert len(left) == MESSAGES
        assert not [message.name for message in left if shows_anybody(message)]


async def some_message_is_erased(client: AsyncClient) -> bool:
    return any([not shows_anybody(message) async for message in client.messages.list(page_size=1_000)])


async def first_erased(client: AsyncClient) -> str:
    watch = client.messages.watch(types=[EventType.PROFILE_ERASED], from_start=True, max_outage=ERASED_SECONDS)
    async with asyncio.timeout(ERASED_SECONDS), watch:
        return (await anext(aiter(watch))).subject


def shows_anybody(message: Message) -> bool:
    return bool(message.identity or message.address)
