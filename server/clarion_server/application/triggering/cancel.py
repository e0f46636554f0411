"""Cancels what no process has begun to hand off, and says truly how far it was in time.

The move QUEUED → CANCELLED is a compare-and-set in the store, against the claim of a process that wants to send.
"""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import end_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import ResourceNotFound
from clarion_server.domain.execution import Cancellation, cancellation
from clarion_server.domain.message import Message, MessageState


@dataclass(frozen=True, slots=True)
class CancelMessages:
    transactions: Transactions
    clock: Clock

    async def cancel_execution(self, execution_id: str, caller: Caller) -> Cancellation:
        """Raises ResourceNotFound."""

        def cancel(unit: UnitOfWork) -> Cancellation:
            if unit.executions.get(caller.sandbox, execution_id) is None:
                raise ResourceNotFound(f"executions/{execution_id}")
            end_queued(unit, unit.messages.queued_of_execution(execution_id), MessageState.CANCELLED, self.clock.now())
            return cancellation(unit.messages.state_counts(execution_id))

        return await self.transactions.write(cancel)

    async def cancel_message(self, message_id: str, caller: Caller) -> Message:
        """The message as it stands then: cancelled, or too late. Raises ResourceNotFound."""

        def cancel(unit: UnitOfWork) -> Message:
            message = _message(unit, caller.sandbox, message_id)
            end_queued(unit, [message], MessageState.CANCELLED, self.clock.now())
            return _message(unit, caller.sandbox, message_id)

        return await self.transactions.write(cancel)


def _message(unit: UnitOfWork, sandbox: str, message_id: str) -> Message:
    message = unit.messages.get(sandbox, message_id)
    if message is None:
        raise ResourceNotFound(f"messages/{message_id}")
    return message
