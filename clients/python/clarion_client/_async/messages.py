"""Defines the methods of `client.messages`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from clarion.v1 import message_service_pb2 as wire
from clarion.v1 import message_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._async.watch import AsyncEventWatch
from clarion_client._conversion import enum_numbers, message_of, read, read_all
from clarion_client._names import full_identity, full_name, full_name_or_empty
from clarion_client._values import (
    Channel,
    EventType,
    ExclusionPhase,
    ExclusionReason,
    Message,
    MessageCancellation,
    MessageState,
)


class AsyncMessages:
    """Finds, cancels and watches messages: `client.messages`. `timeout` is in seconds."""

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.MessageServiceAsyncStub:
        return rpc.MessageServiceStub(self._calls.channel)

    async def get(self, name: str, *, timeout: float | None = None) -> Message:
        """Returns a message with its attempts and events."""
        request = message_of(wire.GetMessageRequest, name=full_name("messages", name))
        answer = await self._calls.unary(self._stub.GetMessage, request, repeatable=True, timeout=timeout)
        return read(Message, answer.message)

    def list(
        self,
        *,
        campaign: str = "",
        execution: str = "",
        identity: str = "",
        states: Iterable[MessageState] = (),
        channels: Iterable[Channel] = (),
        actions: Iterable[str] = (),
        labels: Mapping[str, str] | None = None,
        exclusion_reasons: Iterable[ExclusionReason] = (),
        exclusion_phases: Iterable[ExclusionPhase] = (),
        page_size: int = 0,
        timeout: float | None = None,
    ) -> AsyncPager[Message]:
        """Lists messages that match every filter given, newest first and without attempts and events. The values of
        one filter are alternatives, but a message must carry all `labels`. `identity` may be an e-mail address.
        """
        request = message_of(
            wire.ListMessagesRequest,
            campaign=full_name_or_empty("campaigns", campaign),
            execution=full_name_or_empty("executions", execution),
            identity=full_identity(identity),
            states=enum_numbers(MessageState, states, "states"),
            channels=enum_numbers(Channel, channels, "channels"),
            actions=actions,
            labels=[f"{key}={value}" for key, value in (labels or {}).items()],
            exclusion_reasons=enum_numbers(ExclusionReason, exclusion_reasons, "exclusion_reasons"),
            exclusion_phases=enum_numbers(ExclusionPhase, exclusion_phases, "exclusion_phases"),
            page_size=page_size,
        )
        return paged(
            self._calls, self._stub.ListMessages, request, lambda page: read_all(Message, page.messages), timeout
        )

    async def cancel(self, name: str, *, timeout: float | None = None) -> MessageCancellation:
        """Cancels a message that no process has begun to hand off, and says whether it was in time."""
        request = message_of(wire.CancelMessageRequest, name=full_name("messages", name))
        answer = await self._calls.unary(self._stub.CancelMessage, request, repeatable=True, timeout=timeout)
        return read(MessageCancellation, answer)

    def watch(
        self,
        *,
        campaign: str = "",
        execution: str = "",
        message: str = "",
        types: Iterable[EventType] = (),
        resume_token: str = "",
        from_start: bool = False,
        max_outage: float = 60.0,
    ) -> AsyncEventWatch:
        """Follows events as they are recorded, each once and in order. It begins after the `resume_token` of an
        earlier watch with the same filters, with the oldest event (`from_start`), or now. It reconnects until the
        service has been away for `max_outage` seconds.
        """
        request = message_of(
            wire.WatchEventsRequest,
            campaign=full_name_or_empty("campaigns", campaign),
            execution=full_name_or_empty("executions", execution),
            message=full_name_or_empty("messages", message),
            types=enum_numbers(EventType, types, "types"),
            resume_token=resume_token,
            from_start=from_start,
        )
        return AsyncEventWatch(self._calls, self._stub, request, max_outage)
