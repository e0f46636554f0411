"""Provides a process that sends, on the store of a world."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.messages.message import Message

from tests.unit.application.running import Process, messages, until
from tests.unit.application.world import World


@contextmanager
def as_world(store: Any) -> Iterator[World]:
    with closing(World(store)) as world:
        yield world


class at_work:  # noqa: N801 - reads as what it is in a `with`
    """Is a process that sends, and has nothing to do yet."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._sending = process.sending()

    async def __aenter__(self) -> Process:
        await self._sending.__aenter__()
        await until(lambda: self._process.is_idle)
        return self._process

    async def __aexit__(self, *error: object) -> None:
        await self._sending.__aexit__(None, None, None)


async def change_channel(world: World, process: Process, **changes: Any) -> ChannelConfiguration:
    """Stores a changed configuration and applies it to the process."""

    def change(unit: UnitOfWork) -> ChannelConfiguration:
        (channel,) = unit.channels.by_keys(unit.channels.revisions())
        changed = replace(channel, revision=channel.revision + 1, **changes)
        unit.channels.save(changed)
        return changed

    changed = await world.transactions.write(change)
    process.dispatchers.configure([changed])
    return changed


def only(world: World) -> Message:
    (message,) = messages(world).values()
    return message
