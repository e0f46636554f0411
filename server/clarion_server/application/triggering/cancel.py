"""Cancels messages that no process has begun to hand off, and reports which of them it was in time for.

The move QUEUED → CANCELLED is a compare-and-set in the store, against the claim of a process that wants to send. A
message that an earlier attempt may have sent ends in doubt: it is too late to say that it was not.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import partial

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.messages import MAX_MESSAGES
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_execution, find_message
from clarion_server.application.sending.outcomes import cancel_queued
from clarion_server.application.sending.retiming import TurnCounts, close_up, count_turns
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState
from clarion_server.domain.events.event import run_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message
from clarion_server.domain.triggering.execution import Cancellation, cancellation

#: One bulk step cancels at most this many messages of a run.
_BATCH = 500


def end_run(unit: UnitOfWork, seen: AudienceRun, reason: EndReason, now: Instant) -> None:
    """Cancels the run of an audience if it is still open: no further messages are accepted."""
    run = unit.audience_runs.lock(seen.key)
    if run is not None and run.state.is_open:
        cancelled = run.cancelled(reason, now)
        unit.audience_runs.save(cancelled)
        unit.events.add_all([run_event(cancelled, now)])


@dataclass(frozen=True, slots=True)
class CancelMessages:
    """Cancels executions and single messages for callers."""

    transactions: Transactions
    clock: Clock

    async def cancel_execution(self, execution_id: str, caller: Caller) -> Cancellation:
        """Cancels the queued messages of an execution, and lets none follow those that are being sent. If it is the run
        of an audience, no further messages are accepted.

        Raises ResourceNotFound.
        """

        def cancel(unit: UnitOfWork) -> tuple[Cancellation | None, TurnCounts]:
            find_execution(unit, caller.visibility, execution_id)
            if self._end_run(unit, execution_id):
                return None, {}
            unused = self._end(unit, execution_id)
            # Whatever follows a message that was being moved is queued by then, or may have been claimed already.
            while unit.messages.may_be_followed(execution_id):
                unused += self._end(unit, execution_id)
            return cancellation(unit.messages.state_counts(execution_id)), unused

        cancelled, unused = await self.transactions.write(cancel)
        if cancelled is None:
            return await self._cancel_messages_of_run(execution_id)
        await self._close_up(unused)
        return cancelled

    def _end(self, unit: UnitOfWork, execution_id: str) -> Counter[str]:
        # This comes first, as it waits for transactions that move one of these messages.
        unit.messages.drop_fallbacks(execution_id)
        _, turns = self._cancel_queued(unit, execution_id)
        return turns

    def _end_run(self, unit: UnitOfWork, execution_id: str) -> bool:
        """Ends the run of an audience if the execution is one, and returns whether it is."""
        seen = unit.audience_runs.get(execution_id)
        if seen is None:
            return False
        end_run(unit, seen, EndReason.CALLER, self.clock.now())
        return True

    async def _cancel_messages_of_run(self, execution_id: str) -> Cancellation:
        """Cancels in steps, as there may be a million messages."""
        write = partial(self.transactions.write, bulk=True, durable_later=True)
        unused: Counter[str] = Counter()
        may_be_followed = True
        while may_be_followed:
            await write(lambda unit: unit.messages.drop_fallbacks(execution_id))
            count = _BATCH
            while count:
                count, turns = await write(lambda unit: self._cancel_queued(unit, execution_id, _BATCH))
                unused += turns
            may_be_followed = await self.transactions.read(lambda unit: unit.messages.may_be_followed(execution_id))
        await self.transactions.await_durable()
        await self._close_up(unused)
        return await self.transactions.read(lambda unit: _cancellation_of_run(unit, execution_id))

    def _cancel_queued(
        self, unit: UnitOfWork, execution_id: str, limit: int = MAX_MESSAGES
    ) -> tuple[int, Counter[str]]:
        """Returns how many messages were cancelled, and the turns that they have waited for."""
        messages = unit.messages.queued_of_execution(execution_id, limit)
        return cancel_queued(unit, messages, self.clock.now()).total(), count_turns(messages)

    async def _close_up(self, unused: TurnCounts) -> None:
        # A transaction of its own: claims lock what they count and turns in another order.
        if unused:
            await self.transactions.write(lambda unit: close_up(unit, unused))

    async def cancel_message(self, message_id: str, caller: Caller) -> Message:
        """Cancels the message if it is queued, and lets none follow it if it is being sent. Returns it as it is then.

        Raises ResourceNotFound.
        """

        def cancel(unit: UnitOfWork) -> Message:
            find_message(unit, caller.visibility, message_id)
            unit.messages.drop_fallback(message_id)
            cancel_queued(unit, unit.messages.queued_among([message_id]), self.clock.now())
            return find_message(unit, caller.visibility, message_id)

        return await self.transactions.write(cancel)


def _cancellation_of_run(unit: UnitOfWork, execution_id: str) -> Cancellation:
    run = unit.audience_runs.get(execution_id)
    counts = unit.messages.state_counts(execution_id)
    if run is None:
        return cancellation(counts)
    return cancellation(counts, run.left_count if run.state is RunState.CANCELLED else 0, run.accepted_count)
