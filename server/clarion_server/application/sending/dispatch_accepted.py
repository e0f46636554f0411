"""Gives messages to this process's dispatchers as soon as they are accepted, without a claim.

Their check when they were accepted is the one before their first attempt, if nothing can come between what it read and
its commit. Where several processes write at the same time, a suppression may: then the messages are checked once more,
in one read for all messages of a commit, before a dispatcher gets them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import structlog

from clarion_server.application.ports.clock import Clock
from clarion_server.application.sending.dispatch import ClaimedMessage, Reservation
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.hand_off_checks import check_hand_off
from clarion_server.application.transactions import Transactions
from clarion_server.domain.errors import Unavailable

log = structlog.get_logger()

#: Holds messages with the capacity that is reserved for them.
Reserved = tuple[Reservation, Sequence[ClaimedMessage]]


class DispatchAccepted:
    """Dispatches the messages of a commit for which capacity is reserved. Belongs to one event loop."""

    def __init__(self, transactions: Transactions, clock: Clock, exclusions: ExclusionReader) -> None:
        self._transactions = transactions
        self._clock = clock
        self._exclusions = exclusions
        #: The event loop itself refers to its tasks weakly.
        self._checking: set[asyncio.Task[None]] = set()

    def dispatch(self, reserved: Sequence[Reserved]) -> None:
        """Takes the messages of one commit, which are durable. Never raises."""
        if self._transactions.are_serial:
            for reservation, messages in reserved:
                reservation.dispatch(messages)
        elif reserved:
            task = asyncio.create_task(self._check_and_dispatch(reserved))
            self._checking.add(task)
            task.add_done_callback(self._checking.discard)

    async def _check_and_dispatch(self, reserved: Sequence[Reserved]) -> None:
        messages = [claimed.message for _, several in reserved for claimed in several]
        try:
            verdict = await self._transactions.read(
                lambda unit: check_hand_off(unit, messages, self._clock.now(), self._exclusions)
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, the messages are queued again
            if not isinstance(error, Unavailable):
                log.warning("check_failed", error=type(error).__name__)
            for reservation, several in reserved:
                reservation.requeue([each.message.id for each in several], several[0].message.accept_time)
            return
        for reservation, several in reserved:
            closed = [each.message for each in several if each.message.id in verdict.openings]
            if closed:
                reservation.requeue([message.id for message in closed], closed[0].accept_time)
            reservation.dispatch(
                [
                    replace(each, exclusion=verdict.exclusions.get(each.message.id))
                    for each in several
                    if each.message.id not in verdict.openings
                ]
            )
