"""Opens a dispatcher when a channel configuration has something to send, and closes it when it is idle."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from functools import partial

from clarion_server.application.sending.dispatch import Reservation
from clarion_server.application.sending.dispatcher import ChannelDispatcher, DispatcherPorts
from clarion_server.application.sending.outcome_recording import RecordOutcomes
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.seen_certificate import SeenCertificate
from clarion_server.domain.messages.message import Lane

#: After so many seconds without a message in flight a dispatcher is closed. Its connections have been closed before.
IDLE_SECONDS = 60.0


class Dispatchers:
    """Holds the dispatchers of this process, and implements the port `Dispatch` of triggering by them. Belongs to one
    event loop.
    """

    def __init__(self, ports: DispatcherPorts) -> None:
        self._ports = ports
        self._recording = RecordOutcomes(ports.lease.process_id, ports.metrics)
        self._configurations: dict[int, ChannelConfiguration] = {}
        self._open: dict[int, ChannelDispatcher] = {}
        #: Holds the sizes that providers announced last, for dispatchers that were closed.
        self._announced: dict[int, int] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._is_closed = False

    @property
    def all_open(self) -> Collection[ChannelDispatcher]:
        return self._open.values()

    def in_flight_counts(self) -> dict[str, int]:
        """Returns how many messages of each channel configuration are in flight, by its sandbox and name."""
        counts = {key: dispatcher.in_flight_count for key, dispatcher in self._open.items()}
        return {f"{each.sandbox}/{each.name}": counts.get(key, 0) for key, each in self._configurations.items()}

    # The channel configurations.

    def revisions(self) -> Mapping[int, int]:
        """Returns the revisions that are known, by key."""
        return {key: configuration.revision for key, configuration in self._configurations.items()}

    def know(self, channel_keys: Collection[int]) -> bool:
        return self._configurations.keys() >= set(channel_keys)

    def configure(self, configurations: Iterable[ChannelConfiguration]) -> None:
        """Takes over new and changed channel configurations. Older revisions are ignored."""
        for configuration in configurations:
            known = self._configurations.get(configuration.key)
            if known is None or known.revision < configuration.revision:
                self._configurations[configuration.key] = configuration
                if configuration.key in self._open:
                    self._open[configuration.key].configure(configuration)
                self._ports.schedule.wake()

    def keep_only(self, channel_keys: Collection[int]) -> None:
        """Forgets the channel configurations that were deleted, and closes their dispatchers."""
        for key in self._configurations.keys() - set(channel_keys):
            del self._configurations[key]
            if key in self._open:
                self._close(self._open[key]).add_done_callback(partial(self._forget, key, self._open[key]))

    def open(self, channel_key: int) -> ChannelDispatcher | None:
        """Returns the dispatcher of a channel configuration. None where it may not send, or is not known."""
        dispatcher = self._open.get(channel_key)
        if dispatcher is None and not self._is_closed:
            configuration = self._configurations.get(channel_key)
            if configuration is not None and not configuration.disabled and self._ports.lease.is_held():
                dispatcher = ChannelDispatcher(configuration, self._ports, self._recording)
                self._open[channel_key] = dispatcher
        return dispatcher

    def close_idle(self) -> None:
        """Closes the dispatchers that have had nothing in flight for IDLE_SECONDS."""
        for key in [key for key, each in self._open.items() if each.is_unused_for(IDLE_SECONDS)]:
            dispatcher = self._open.pop(key)
            if dispatcher.announced_size is not None:
                self._announced[key] = dispatcher.announced_size
            self._close(dispatcher)

    # What triggering asks.

    def reserve(self, channel_key: int, lane: Lane, count: int) -> Reservation | None:
        if not self._ports.schedule.is_behind(channel_key, lane):
            dispatcher = self.open(channel_key)
            if dispatcher is not None and (reservation := dispatcher.reserve(lane, count)):
                return reservation
        self._ports.schedule.expect(channel_key, lane)
        return None

    def announced_size(self, channel_key: int) -> int | None:
        dispatcher = self._open.get(channel_key)
        return self._announced.get(channel_key) if dispatcher is None else dispatcher.announced_size

    def seen_certificates(self) -> dict[int, SeenCertificate]:
        """Returns what the servers of open channels have shown, by the keys of the channel configurations."""
        seen = ((key, dispatcher.seen_certificate) for key, dispatcher in self._open.items())
        return {key: certificate for key, certificate in seen if certificate is not None}

    # The end.

    async def close(self) -> None:
        """Lets attempts under way finish, and gives up the messages that wait."""
        self._is_closed = True
        for dispatcher in self._open.values():
            self._close(dispatcher)
        await asyncio.gather(*self._closing)

    def _forget(self, channel_key: int, dispatcher: ChannelDispatcher, _closing: asyncio.Task[None]) -> None:
        # It may have been closed as idle as well, and another one opened since.
        if self._open.get(channel_key) is dispatcher:
            del self._open[channel_key]

    def _close(self, dispatcher: ChannelDispatcher) -> asyncio.Task[None]:
        closing = asyncio.create_task(dispatcher.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        return closing
