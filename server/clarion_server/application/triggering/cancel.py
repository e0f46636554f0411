"""Cancels messages that no process has begun to hand off, and reports which of them it was in time for.

The move QUEUED → CANCELLED is a compare-and-set in the store, against the claim of a process that wants to send.
"""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_execution, find_message
from clarion_server.application.sending.outcomes import end_queued
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.execution import Cancellation, cancellation
from clarion_server.domain.message import Message, MessageState


@dataclass(frozen=True, slots=True)
class CancelMessages:
    transactions: Transactions
    clock: Clock

    async def cancel_execution(self, execution_id: str, caller: Caller) -> Cancellation:
        """Cancels the queued messages of an execution, and lets none follow those that are being sent.

        Raises ResourceNotFound.
        """

        def cancel(unit: UnitOfWork) -> Cancellation:
            find_execution(unit, caller.visibility, execution_id)
            # First, as it waits for whoever moves one of these messages: what followed it by then is queued.
            unit.messages.drop_fallbacks(execution_id)
            end_queued(unit, unit.messages.queued_of_execution(execution_id), MessageState.CANCELLED, self.clock.now())
            return cancellation(unit.messages.state_counts(execution_id))

        return await self.transactions.write(cancel)

    async def cancel_message(self, message_id: str, caller: Caller) -> Message:
        """Cancels the message if it is queued, and lets none follow it if it is being sent. Returns it as it is then.

        Raises ResourceNotFound.
        """

        def cancel(unit: UnitOfWork) -> Message:
            message = find_message(unit, caller.visibility, message_id)
            unit.messages.drop_fallback(message_id)
            end_queued(unit, [message], MessageState.CANCELLED, self.clock.now())
            return find_message(unit, caller.visibility, message_id)

        return await self.transactions.write(cancel)
