"""Claims messages for every dispatcher of this process."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

import structlog

from clarion_server.application.ports.queue import Claimed, ClaimRequest
from clarion_server.application.ports.store import EVERY_CHANNEL
from clarion_server.application.sending import store_look
from clarion_server.application.sending.dispatch import ClaimedMessage
from clarion_server.application.sending.dispatcher import ChannelDispatcher, DispatcherPorts
from clarion_server.application.sending.dispatchers import Dispatchers
from clarion_server.application.sending.store_look import StoreLook
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable
from clarion_server.domain.messages.message import Lane

log = structlog.get_logger()

#: One round claims at most this many messages, about one group commit, so that accepting and recording take turns.
_MESSAGES_PER_ROUND = 500
#: Says how long, in seconds, the loop waits after an error.
RETRY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Request:
    """Is a claim for a dispatcher, in which so much capacity is reserved."""

    dispatcher: ChannelDispatcher
    lane: Lane
    reserved: int

    @property
    def channel_key(self) -> int:
        return self.dispatcher.configuration.key


class ClaimLoop:
    """Claims due messages for all dispatchers of a process. An instance belongs to one event loop."""

    def __init__(self, dispatchers: Dispatchers, ports: DispatcherPorts, transactions: Transactions) -> None:
        self._dispatchers = dispatchers
        self._ports = ports
        self._schedule = ports.schedule
        self._store_look = StoreLook(dispatchers, ports.schedule, transactions, ports.clock)
        self._ended = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Looks in the store first, so that nothing is sent past messages that wait already. Raises Unavailable."""
        while self._store_look.is_due():
            await self._store_look.run()
        self._task = asyncio.create_task(self._run())

    def look(self) -> None:
        """Makes the loop look at once for messages that wait, and for changed channel configurations."""
        self._store_look.want(configurations=True)
        self._schedule.wake()

    def on_queued(self, channel_keys: Collection[int]) -> None:
        """Is called when other processes have queued messages of these channel configurations."""
        if EVERY_CHANNEL in channel_keys or not self._dispatchers.know(channel_keys):
            self.look()
        elif not all(map(self._schedule.due_lanes, channel_keys)):
            self._store_look.want(configurations=False)
            self._schedule.wake()

    async def close(self) -> None:
        """Ends after the claim that is under way."""
        self._ended.set()
        self._schedule.wake()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while not self._ended.is_set():
            try:
                if self._store_look.is_due():
                    await self._store_look.run()
                if not await self._claim():
                    await self._schedule.wait(store_look.LOOK_SECONDS)
            except Exception as error:  # noqa: BLE001 - any fault is logged, and the next round follows
                if not isinstance(error, Unavailable):
                    log.warning("claim_failed", error=type(error).__name__)
                with suppress(TimeoutError):
                    async with asyncio.timeout(RETRY_SECONDS):
                        await self._ended.wait()

    async def _claim(self) -> bool:
        """Claims one round. Returns whether there was anything to claim."""
        requests, now = self._requests(), self._ports.clock.now()
        if not requests:
            return False
        wanted = [
            ClaimRequest(each.channel_key, each.lane, min(each.reserved, _MESSAGES_PER_ROUND)) for each in requests
        ]
        try:
            answers = await self._ports.queue.claim(wanted, now)
        except Exception:
            self._ports.pending_requeue.claims.add(now)
            for request in requests:
                request.dispatcher.end_claim(request.lane, request.reserved)
                self._schedule.add(request.channel_key, request.lane, now)
            raise
        for request, answer in zip(requests, answers, strict=True):
            self._dispatch(request, answer)
        return True

    def _requests(self) -> list[_Request]:
        """Reserves capacity for one round, and removes its entries from the schedule: the claim finds out anew."""
        requests: list[_Request] = []
        count = 0
        for channel_key, lane in self._schedule.claimable():
            dispatcher = self._dispatchers.open(channel_key)
            reserved = 0 if dispatcher is None else dispatcher.reserve_for_claim(lane)
            if dispatcher is not None and reserved:
                self._schedule.remove(channel_key, lane)
                requests.append(_Request(dispatcher, lane, reserved))
                count += reserved
                if count >= _MESSAGES_PER_ROUND:
                    break
        return requests

    def _dispatch(self, request: _Request, claimed: Claimed | None) -> None:
        """Gives the claimed messages to the dispatcher, and releases the capacity that is left."""
        messages = () if claimed is None else claimed.messages
        if claimed is None:
            self._schedule.expect(request.channel_key, request.lane)
        elif claimed.next_due_time is not None:
            self._schedule.add(request.channel_key, request.lane, claimed.next_due_time)
        request.dispatcher.dispatch([ClaimedMessage(message) for message in messages])
        request.dispatcher.end_claim(request.lane, request.reserved - len(messages))
