"""Trigger requests and answers. On the way of every trigger: each line here is paid for a thousand times a second."""

from __future__ import annotations

from typing import Any

from clarion.v1 import message_pb2, trigger_service_pb2
from google.protobuf import struct_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_server.application.triggering.admission import MAX_RECIPIENTS, RecipientInput, TriggerCommand
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.execution import Excluded, Rejected
from clarion_server.domain.instant import LATEST, SECOND, Instant
from clarion_server.domain.message import ExclusionReason
from clarion_server.domain.names import CAMPAIGNS, MESSAGES
from clarion_server.domain.violation import Violation, out_of_range, too_many
from clarion_server.transport.api.convert.structs import NotJson, flaws_of, to_dict
from clarion_server.transport.api.convert.times import from_timestamp
from clarion_server.transport.api.errors import field_violation

_Request = trigger_service_pb2.TriggerRequest
_Response = trigger_service_pb2.TriggerResponse
_Result = trigger_service_pb2.RecipientResult

_EXCLUSION = {
    reason: message_pb2.ExclusionReason.Value(f"EXCLUSION_REASON_{reason.name}") for reason in ExclusionReason
}
_ACCEPTED = _Result.OUTCOME_ACCEPTED
_NANOS = 1_000_000_000
_NO_VALUES: dict[str, Any] = {}


def to_command(request: _Request) -> TriggerCommand:
    """Raises InvalidFields when there are too many recipients to look at; other flaws travel in the command."""
    if len(request.recipients) > MAX_RECIPIENTS:
        raise InvalidFields((too_many("recipients", MAX_RECIPIENTS),))
    flaws: list[Violation] = []
    return TriggerCommand(
        campaign_id=_campaign_id(request.campaign, flaws),
        recipients=tuple([_recipient(recipient) for recipient in request.recipients]),
        request_id=request.request_id,
        send_time=_time(request.send_time, "send_time", flaws) if request.HasField("send_time") else None,
        expire_time=_time(request.expire_time, "expire_time", flaws) if request.HasField("expire_time") else None,
        allow_partial=request.allow_partial,
        validate_only=request.validate_only,
        flaws=tuple(flaws),
    )


def _campaign_id(name: str, flaws: list[Violation]) -> str:
    try:
        return CAMPAIGNS.parse(name, "campaign")
    except InvalidFields as error:
        flaws.extend(error.violations)
        return ""


def _time(timestamp: Timestamp, field: str, flaws: list[Violation]) -> Instant | None:
    if 0 <= timestamp.seconds <= LATEST // SECOND and 0 <= timestamp.nanos < _NANOS:
        return from_timestamp(timestamp)
    flaws.append(out_of_range(field, "Must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z."))
    return None


def _recipient(recipient: trigger_service_pb2.Recipient) -> RecipientInput:
    flaws: list[Violation] = []
    return RecipientInput(
        recipient.identity,
        recipient.address,
        recipient.locale,
        _values(recipient.context, "context", flaws),
        _values(recipient.profile, "profile", flaws) if recipient.HasField("profile") else _NO_VALUES,
        tuple(flaws),
    )


def _values(struct: struct_pb2.Struct, field: str, flaws: list[Violation]) -> dict[str, Any]:
    try:
        return to_dict(struct)
    except NotJson:
        flaws.extend(flaw.under(field) for flaw in flaws_of(struct))
        return {}


def to_response(answer: TriggerAnswer) -> _Response:
    execution, named = answer.execution, not answer.validated_only
    exceptions = execution.exceptions
    results = []
    for place in range(execution.recipient_count):
        name = MESSAGES.format(execution.message_id_of(place)) if named else ""
        if place in exceptions:
            results.append(_exception(exceptions[place], name))
        else:
            results.append(_Result(outcome=_ACCEPTED, message=name))
    return _Response(execution=execution.name if named else "", replayed=answer.replayed, recipients=results)


def _exception(result: Excluded | Rejected, name: str) -> _Result:
    match result:
        case Excluded(reason):
            return _Result(outcome=_Result.OUTCOME_EXCLUDED, message=name, exclusion_reason=_EXCLUSION[reason])
        case Rejected(violations):
            return _Result(outcome=_Result.OUTCOME_REJECTED, violations=map(field_violation, violations))
