"""Serves the MessageService of the contract."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from clarion.v1 import message_pb2
from clarion.v1 import message_service_pb2 as pb

from clarion_server.application.ports.queries import EventQuery, MessageQuery
from clarion_server.application.queries.event_watch import FROM_START, EventWatch
from clarion_server.application.queries.lookups import Lookups, MessageView
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.campaign_rules import action_id_violation
from clarion_server.domain.errors import InvalidResumeToken
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.names import CAMPAIGNS, EXECUTIONS, MESSAGES, identity_form_violation
from clarion_server.domain.violation import too_many
from clarion_server.transport.api.convert.enums import (
    CHANNEL,
    EVENT_TYPE,
    EXCLUSION_PHASE,
    EXCLUSION_REASON,
    MESSAGE_STATE,
)
from clarion_server.transport.api.convert.labels import read_label_filter
from clarion_server.transport.api.convert.messages import to_event, to_message
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.page_tokens import TokenInvalid, query_of, seal, unseal
from clarion_server.transport.api.pagination import page_of

_CANCEL = pb.CancelMessageResponse
_MAX_POSITION = 2**63 - 1
#: A list is filtered by at most this many actions: databases take some ten thousand values in a query.
MAX_FILTER_ACTIONS = 100


class MessageService:
    def __init__(self, lookups: Lookups, cancel: CancelMessages, event_watch: EventWatch) -> None:
        self._lookups = lookups
        self._cancel = cancel
        self._event_watch = event_watch

    async def get_message(self, request: pb.GetMessageRequest, caller: Caller) -> pb.GetMessageResponse:
        return pb.GetMessageResponse(message=await self._seen(MESSAGES.parse(request.name), caller))

    async def _seen(self, message_id: str, caller: Caller) -> message_pb2.Message:
        seen = await self._lookups.message(message_id, caller)
        return to_message(seen.message, seen.campaign_id, seen.events)

    async def list_messages(self, request: pb.ListMessagesRequest, caller: Caller) -> pb.ListMessagesResponse:
        parser = RequestParser()
        campaign_id = parser.optional_id(CAMPAIGNS, request.campaign, "campaign")
        execution_id = parser.optional_id(EXECUTIONS, request.execution, "execution")
        states = parser.members(MESSAGE_STATE, request.states, "states")
        channels = parser.members(CHANNEL, request.channels, "channels")
        reasons = parser.members(EXCLUSION_REASON, request.exclusion_reasons, "exclusion_reasons")
        phases = parser.members(EXCLUSION_PHASE, request.exclusion_phases, "exclusion_phases")
        actions = _read_actions(parser, request.actions)
        labels = read_label_filter(parser, request.labels)
        if request.identity and (violation := identity_form_violation(request.identity, "identity")):
            parser.add(violation)
        page = page_of(request, caller, str, parser=parser)
        query = MessageQuery(
            caller.visibility,
            execution_id=execution_id,
            identity=request.identity or None,
            states=frozenset(states),
            channels=frozenset(channels),
            actions=actions,
            labels=labels,
            exclusion_reasons=frozenset(reasons),
            exclusion_phases=frozenset(phases),
            before=page.after[0] if page.after else None,
            limit=page.limit,
        )
        found = await self._lookups.messages(query, campaign_id)
        shown, next_page_token = page.cut(found, lambda seen: (seen.message.id,))
        return pb.ListMessagesResponse(messages=map(_to_message, shown), next_page_token=next_page_token)

    async def cancel_message(self, request: pb.CancelMessageRequest, caller: Caller) -> pb.CancelMessageResponse:
        message_id = MESSAGES.parse(request.name)
        message = await self._cancel.cancel_message(message_id, caller)
        cancelled = message.state is MessageState.CANCELLED
        return pb.CancelMessageResponse(
            outcome=_CANCEL.OUTCOME_CANCELLED if cancelled else _CANCEL.OUTCOME_TOO_LATE,
            message=to_message(message, await self._lookups.campaign_id(message.action.campaign_key)),
        )

    async def watch_events(
        self, request: pb.WatchEventsRequest, caller: Caller
    ) -> AsyncIterator[pb.WatchEventsResponse]:
        bound = query_of(request, caller.sandbox, "resume_token", "from_start")
        parser = RequestParser()
        campaign_id = parser.optional_id(CAMPAIGNS, request.campaign, "campaign")
        query = EventQuery(
            caller.visibility,
            after=0,
            execution_id=parser.optional_id(EXECUTIONS, request.execution, "execution"),
            message_id=parser.optional_id(MESSAGES, request.message, "message"),
            types=frozenset(parser.members(EVENT_TYPE, request.types, "types")),
        )
        parser.check()
        start = _start_of(request, bound)
        query = await self._lookups.event_query(query, campaign_id)
        ids: dict[int, str] = {}
        async for watched in self._event_watch.watch(query, start):
            response = pb.WatchEventsResponse(resume_token=seal(watched.position, bound))
            if watched.event is not None:
                key = watched.event.campaign_key
                if key is not None and key not in ids:
                    ids[key] = await self._lookups.campaign_id(key)
                response.event.CopyFrom(to_event(watched.event, None if key is None else ids[key]))
            yield response


def _read_actions(parser: RequestParser, ids: Sequence[str]) -> frozenset[str]:
    if len(ids) > MAX_FILTER_ACTIONS:
        parser.add(too_many("actions", MAX_FILTER_ACTIONS))
        return frozenset()
    for index, each in enumerate(ids):
        if violation := action_id_violation(each, f"actions[{index}]"):
            parser.add(violation)
    return frozenset(ids)


def _to_message(seen: MessageView) -> message_pb2.Message:
    return to_message(seen.message, seen.campaign_id)


def _start_of(request: pb.WatchEventsRequest, bound: bytes) -> int | None:
    """Returns the position after which to watch, or None for the present. Raises InvalidResumeToken."""
    if not request.resume_token:
        return FROM_START if request.from_start else None
    try:
        position = unseal(request.resume_token, bound)
    except TokenInvalid:
        raise InvalidResumeToken from None
    if type(position) is not int or not 0 <= position <= _MAX_POSITION:
        # The digest has no secret, so anybody can make a token.
        raise InvalidResumeToken
    return position
