"""Converts trigger requests from protobuf and answers to it. This code runs a thousand times a second."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from clarion.v1 import attempt_pb2, trigger_service_pb2
from google.protobuf import struct_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_server.application.triggering.admission import (
    MAX_RECIPIENTS,
    NO_RECIPIENT_FILES,
    RecipientFile,
    RecipientInput,
    TriggerCommand,
)
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import LATEST, SECOND, Instant
from clarion_server.domain.labels import MAX_LABELS
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import NO_LABELS, message_id
from clarion_server.domain.names import CAMPAIGNS, EXECUTIONS, MESSAGES
from clarion_server.domain.triggering.execution import Execution, MessageResult, RecipientResult
from clarion_server.domain.triggering.explanation import Explanation
from clarion_server.domain.violation import Violation, out_of_range, too_many
from clarion_server.transport.api.convert.attachments import to_recipient_files
from clarion_server.transport.api.convert.explanations import to_message_explanation, to_recipient_explanation
from clarion_server.transport.api.convert.maps import read_map
from clarion_server.transport.api.convert.structs import NotJson, to_dict, violations_of
from clarion_server.transport.api.convert.times import from_timestamp
from clarion_server.transport.api.errors import field_violation

_Request = trigger_service_pb2.TriggerRequest
_Response = trigger_service_pb2.TriggerResponse
_StreamResponse = trigger_service_pb2.TriggerStreamResponse
_Result = trigger_service_pb2.RecipientResult
_MessageResult = trigger_service_pb2.MessageResult

_EXCLUSION = {
    reason: attempt_pb2.ExclusionReason.Value(f"EXCLUSION_REASON_{reason.name}") for reason in ExclusionReason
}
_NANOS = 1_000_000_000
_NO_VALUES: dict[str, Any] = {}
#: Stands for the id of an execution. Ids of actions have no capital letters.
_ANY_EXECUTION = b"X" * 32
#: Stands for the ids of a recipient's messages without the action.
_ANY_MESSAGES = message_id(_ANY_EXECUTION.decode(), 0, 0)[:-1].encode()
#: The most recipients whose encoded results are kept for further responses.
_MOST_KEPT = 100
#: The encoded response without its results, about a new execution and about a repeated request.
_NEW, _REPLAYED = (
    _Response(execution=EXECUTIONS.format(_ANY_EXECUTION.decode()), replayed=replayed).SerializeToString()
    for replayed in (False, True)
)


def to_command(request: _Request, *, is_large: bool = False) -> TriggerCommand:
    """Reads a trigger. Raises InvalidFields when it has too many recipients; the command carries other violations."""
    if len(request.recipients) > MAX_RECIPIENTS:
        raise InvalidFields((too_many("recipients", MAX_RECIPIENTS),))
    violations: list[Violation] = []
    recipients: list[RecipientInput] = []
    files: dict[int, tuple[RecipientFile, ...]] = {}
    for recipient in request.recipients:
        # Looked at in the same loop: iterating again would take as long as the look itself.
        if recipient.attachments:
            files[len(recipients)] = to_recipient_files(recipient.attachments)
        recipients.append(_recipient(recipient))
    campaign_id = _campaign_id(request.campaign, violations)
    send_time = _time(request.send_time, "send_time", violations) if request.HasField("send_time") else None
    expire_time = _time(request.expire_time, "expire_time", violations) if request.HasField("expire_time") else None
    # Positional arguments, in the order of the fields: names would take a third longer.
    return TriggerCommand(
        campaign_id,
        tuple(recipients),
        request.request_id,
        send_time,
        expire_time,
        request.allow_partial,
        request.validate_only,
        read_map(request.labels, MAX_LABELS) if request.labels else NO_LABELS,
        tuple(violations),
        is_large,
        files or NO_RECIPIENT_FILES,
    )


@lru_cache(maxsize=1_024)
def _known_campaign_id(name: str) -> str:
    """Returns the id in the name of a campaign. Raises InvalidFields, which is not remembered."""
    return CAMPAIGNS.parse(name, "campaign")


def _campaign_id(name: str, violations: list[Violation]) -> str:
    try:
        return _known_campaign_id(name)
    except InvalidFields as error:
        violations.extend(error.violations)
        return ""


def _time(timestamp: Timestamp, field: str, violations: list[Violation]) -> Instant | None:
    if 0 <= timestamp.seconds <= LATEST // SECOND and 0 <= timestamp.nanos < _NANOS:
        return from_timestamp(timestamp)
    violations.append(out_of_range(field, "Must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z."))
    return None


def _recipient(recipient: trigger_service_pb2.Recipient) -> RecipientInput:
    violations: list[Violation] = []
    return RecipientInput(
        recipient.identity,
        recipient.address,
        recipient.locale,
        _values(recipient.context, "context", violations),
        _values(recipient.profile, "profile", violations) if recipient.HasField("profile") else _NO_VALUES,
        read_map(recipient.labels, MAX_LABELS) if recipient.labels else NO_LABELS,
        tuple(violations),
    )


def _values(struct: struct_pb2.Struct, field: str, violations: list[Violation]) -> dict[str, Any]:
    try:
        return to_dict(struct)
    except NotJson:
        violations.extend(violation.under(field) for violation in violations_of(struct))
        return {}


def to_response(answer: TriggerAnswer) -> _Response:
    return _Response.FromString(encoded) if (encoded := _encoded(answer)) is not None else _made_response(answer)


def to_stream_response(answer: TriggerAnswer) -> _StreamResponse:
    response = _StreamResponse()
    # A response that is given to the constructor would be copied.
    if (encoded := _encoded(answer)) is not None:
        response.accepted.MergeFromString(encoded)
    else:
        response.accepted.CopyFrom(_made_response(answer))
    return response


def _made_response(answer: TriggerAnswer) -> _Response:
    execution = answer.execution
    if answer.explanation is not None:
        return _Response(recipients=_explained_results(execution, answer.explanation))
    results = [_recipient_result(result) for result in execution.results()]
    return _Response(execution=execution.name, replayed=answer.replayed, recipients=results)


def _encoded(answer: TriggerAnswer) -> bytes | None:
    """Returns the encoded response about an execution that accepted every recipient; None about any other.

    Responses about as many recipients differ only in the id of the execution, with which the ids of the messages
    begin. So they are copies of one encoded response with another id, which takes a thirtieth of the time.
    """
    execution = answer.execution
    if execution.exclusions or execution.rejections or answer.explanation is not None:
        return None
    encode = _kept_results if execution.recipient_count <= _MOST_KEPT else _encoded_results
    results = encode(execution.accepted_actions, execution.recipient_count)
    return ((_REPLAYED if answer.replayed else _NEW) + results).replace(_ANY_EXECUTION, execution.id.encode())


def _encoded_results(actions: tuple[str, ...], count: int) -> bytes:
    """Returns the encoded results of so many recipients, accepted for these actions by `_ANY_EXECUTION`."""
    one = _encoded_result(actions)
    prefixes = [message_id(_ANY_EXECUTION.decode(), index, 0)[:-1].encode() for index in range(count)]
    return b"".join([one.replace(_ANY_MESSAGES, prefix) for prefix in prefixes])


#: Results of a hundred recipients with one action take 7 KB.
_kept_results = lru_cache(maxsize=64)(_encoded_results)


@lru_cache(maxsize=1_024)
def _encoded_result(actions: tuple[str, ...]) -> bytes:
    """Returns the answer for one recipient, accepted for these actions, with `_ANY_MESSAGES` in the ids."""
    results = [MessageResult(action, f"{_ANY_MESSAGES.decode()}{index}") for index, action in enumerate(actions)]
    return _Response(recipients=[_recipient_result(RecipientResult(tuple(results)))]).SerializeToString()


def _explained_results(execution: Execution, explanation: Explanation) -> Iterator[_Result]:
    """Yields the results of an execution that was only validated. They name no messages, as there are none."""
    for index, result in enumerate(execution.results()):
        converted = _recipient_result(result)
        if index in explanation.recipients:
            converted.explanation.CopyFrom(to_recipient_explanation(explanation.recipients[index]))
        for action, message in enumerate(converted.messages):
            message.message = ""
            message.explanation.CopyFrom(to_message_explanation(explanation.messages[index, action]))
        yield converted


def _recipient_result(result: RecipientResult) -> _Result:
    if result.violations:
        return _Result(outcome=_Result.OUTCOME_REJECTED, violations=map(field_violation, result.violations))
    outcome = _Result.OUTCOME_EXCLUDED if result.is_excluded else _Result.OUTCOME_ACCEPTED
    return _Result(outcome=outcome, messages=[_message_result(message) for message in result.messages])


def _message_result(result: MessageResult) -> _MessageResult:
    message = MESSAGES.format(result.message_id)
    if result.exclusion_reason is None:
        return _MessageResult(action=result.action, message=message, outcome=_MessageResult.OUTCOME_ACCEPTED)
    return _MessageResult(
        action=result.action,
        message=message,
        outcome=_MessageResult.OUTCOME_EXCLUDED,
        exclusion_reason=_EXCLUSION[result.exclusion_reason],
    )
