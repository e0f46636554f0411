"""Reads executions, messages and their events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.ports.queries import EventQuery, ExecutionQuery, MessageQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_execution, find_message
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.events.event import Event
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.triggering.execution import Execution


@dataclass(frozen=True, slots=True)
class ExecutionView:
    execution: Execution
    campaign_id: str
    counts: Mapping[MessageState, int] | None = None
    run: AudienceRun | None = None
    """None means that it does not write to an audience."""


@dataclass(frozen=True, slots=True)
class MessageView:
    message: Message
    campaign_id: str
    events: Sequence[Event] = ()


@dataclass(frozen=True, slots=True)
class Lookups:
    transactions: Transactions

    async def execution(self, execution_id: str, caller: Caller) -> ExecutionView:
        """Returns the execution with the counts of its messages. Raises ResourceNotFound."""

        def look(unit: UnitOfWork) -> ExecutionView:
            execution = find_execution(unit, caller.visibility, execution_id)
            ids = _campaign_ids(unit, {execution.campaign_key})
            counts, run = unit.messages.state_counts(execution_id), unit.audience_runs.get(execution_id)
            return ExecutionView(execution, ids[execution.campaign_key], counts, run)

        return await self.transactions.read(look)

    async def executions(self, query: ExecutionQuery, campaign_id: str | None) -> list[ExecutionView]:
        def look(unit: UnitOfWork) -> list[ExecutionView]:
            campaign_key = _campaign_key(unit, query.visibility, campaign_id)
            executions = unit.executions.page(replace(query, campaign_key=campaign_key))
            ids = _campaign_ids(unit, {execution.campaign_key for execution in executions})
            runs = unit.audience_runs.of_executions([execution.id for execution in executions])
            return [
                ExecutionView(execution, ids[execution.campaign_key], run=runs.get(execution.id))
                for execution in executions
            ]

        return await self.transactions.read(look)

    async def message(self, message_id: str, caller: Caller) -> MessageView:
        """Returns the message with its events. Raises ResourceNotFound."""

        def look(unit: UnitOfWork) -> MessageView:
            message = find_message(unit, caller.visibility, message_id)
            ids = _campaign_ids(unit, {message.action.campaign_key})
            return MessageView(message, ids[message.action.campaign_key], unit.events.of_message(message_id))

        return await self.transactions.read(look)

    async def messages(self, query: MessageQuery, campaign_id: str | None) -> list[MessageView]:
        def look(unit: UnitOfWork) -> list[MessageView]:
            campaign_key = _campaign_key(unit, query.visibility, campaign_id)
            messages = unit.messages.page(replace(query, campaign_key=campaign_key))
            ids = _campaign_ids(unit, {message.action.campaign_key for message in messages})
            return [MessageView(message, ids[message.action.campaign_key]) for message in messages]

        return await self.transactions.read(look)

    async def campaign_id(self, campaign_key: int) -> str:
        """Returns the id of a campaign that has messages, and so exists."""
        ids = await self.transactions.read(lambda unit: _campaign_ids(unit, {campaign_key}))
        return ids[campaign_key]

    async def event_query(self, query: EventQuery, campaign_id: str | None) -> EventQuery:
        """Returns the query with the campaign's key.

        Raises ResourceNotFound: a watch on nothing would wait for ever.
        """

        def look(unit: UnitOfWork) -> EventQuery:
            campaign_key = None if campaign_id is None else find_campaign(unit, query.visibility, campaign_id).key
            if query.execution_id:
                find_execution(unit, query.visibility, query.execution_id)
            if query.message_id:
                find_message(unit, query.visibility, query.message_id)
            return replace(query, campaign_key=campaign_key)

        return await self.transactions.read(look)


#: No campaign has this key, so a query for it finds nothing.
_NO_SUCH_CAMPAIGN = -1


def _campaign_key(unit: UnitOfWork, visibility: Visibility, campaign_id: str | None) -> int | None:
    """Returns the key to filter by. None stands for every campaign."""
    if campaign_id is None:
        return None
    campaign = unit.campaigns.get(visibility, campaign_id)
    return _NO_SUCH_CAMPAIGN if campaign is None else campaign.key


def _campaign_ids(unit: UnitOfWork, keys: set[int]) -> dict[int, str]:
    return {key: campaign.id for key, campaign in unit.campaigns.by_keys(keys).items()}
