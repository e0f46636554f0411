"""All the ways out of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from clarion_server.application.sending.dispatcher import ChannelDispatcher, DispatcherPorts
from clarion_server.application.sending.local_dispatch import ClaimedMessage
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Lane, Message


class Dispatchers:
    """Implements the port `LocalDispatch` of triggering. Belongs to one event loop."""

    def __init__(self, ports: DispatcherPorts) -> None:
        self._ports = ports
        self._outlets: dict[int, ChannelDispatcher] = {}
        self._closing = False

    def keep(self, configurations: Iterable[ChannelConfiguration]) -> None:
        """Opens an outlet for each that has none, and tells the others of changes."""
        if self._closing:
            return
        for configuration in configurations:
            outlet = self._outlets.get(configuration.key)
            if outlet is None:
                self._outlets[configuration.key] = ChannelDispatcher(configuration, self._ports)
            else:
                outlet.configure(configuration)

    def in_flight_count(self) -> dict[str, int]:
        """How many messages each has in this process's hands, by the name of its configuration in its sandbox."""
        return {
            f"{outlet.configuration.sandbox}/{outlet.configuration.name}": outlet.in_flight_count
            for outlet in self._outlets.values()
        }

    def have(self, channel_keys: Iterable[int]) -> bool:
        """Whether there is an outlet for each."""
        return self._outlets.keys() >= set(channel_keys)

    async def follow(self, configurations: Sequence[ChannelConfiguration]) -> None:
        """Like `keep`, with all there are: the outlets of others close."""
        self.keep(configurations)
        gone = self._outlets.keys() - {configuration.key for configuration in configurations}
        await asyncio.gather(*(self._outlets.pop(key).close() for key in gone))

    def reserve(self, channel_key: int, lane: Lane, count: int) -> str | None:
        outlet = self._outlets.get(channel_key)
        return None if outlet is None else outlet.reserve(lane, count)

    def hand_off(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        outlet = self._outlets.get(channel_key)
        if outlet is None:
            # Its configuration was deleted a moment ago, elsewhere.
            self._requeue(messages)
        else:
            outlet.hand_off(messages)

    def give_up(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        outlet = self._outlets.get(channel_key)
        if outlet is not None and messages:
            outlet.give_up(messages[0].message.lane, len(messages))

    def requeue(self, channel_key: int, messages: Sequence[ClaimedMessage]) -> None:
        self.give_up(channel_key, messages)
        self._requeue(messages)

    def queued(self, channel_key: int, lane: Lane, messages: Sequence[Message], due_time: Instant) -> None:
        outlet = self._outlets.get(channel_key)
        if outlet is not None:
            outlet.queued(lane, due_time)
        # Sent by whoever comes by them: not every process has an outlet for them, or knows of it yet.
        self._ports.queue.queued(channel_key, lane, messages, due_time)

    def wake_all(self, due_time: Instant) -> None:
        for outlet in self._outlets.values():
            outlet.wake(due_time)

    def look(self) -> None:
        """Lets each look for messages that its queue does not know of."""
        for outlet in self._outlets.values():
            outlet.look()

    def _requeue(self, messages: Sequence[ClaimedMessage]) -> None:
        for each in messages:
            self._ports.pending_requeue.add(each.message)

    async def close(self) -> None:
        """Attempts under way finish; what was not begun is pending_requeue."""
        self._closing = True
        await asyncio.gather(*(outlet.close() for outlet in self._outlets.values()))
