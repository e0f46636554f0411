"""Answers as that API gives them, with what Clarion knows besides as further fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from google.rpc import error_details_pb2, status_pb2

from clarion_server.application.queries.lookups import ExecutionView
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.execution import Excluded, Execution
from clarion_server.domain.instant import Instant, to_rfc3339
from clarion_server.domain.message import MessageState
from clarion_server.domain.names import MESSAGES
from clarion_server.transport.http.ajo.reading import AjoExecution

#: What the `type` of an error begins with; its reason follows.
ERRORS: Final = "https://clarion.dev/errors/"

_UNFINISHED: Final = frozenset({MessageState.QUEUED, MessageState.SENDING})
_GOOD: Final = frozenset({MessageState.SENT, MessageState.EXCLUDED})


def accepted(asked: AjoExecution, answer: TriggerAnswer) -> dict[str, Any]:
    execution = answer.execution
    told: dict[str, Any] = {
        "executionId": execution.id,
        "requestId": asked.request_id,
        **_made(execution),
        # What follows that API does not have.
        "replayed": answer.replayed,
        "recipients": [_result(execution, place, user_id) for place, user_id in enumerate(asked.user_ids)],
    }
    if execution.send_time is not None:
        scheduled = {"scheduleId": execution.id, "campaignId": asked.campaign_id, "scheduleStatus": "Scheduled"}
        told |= scheduled | {"executeAt": to_rfc3339(execution.send_time)}
    return told


def _made(execution: Execution) -> dict[str, str]:
    time = to_rfc3339(execution.accept_time)
    # An execution never changes once it is made.
    return {"createdAt": time, "createdBy": execution.caller, "modifiedAt": time, "modifiedBy": execution.caller}


def _result(execution: Execution, place: int, user_id: str) -> dict[str, str]:
    told = {"userId": user_id, "message": MESSAGES.format(execution.message_id_of(place)), "outcome": "ACCEPTED"}
    exception = execution.exceptions.get(place)
    if isinstance(exception, Excluded):
        told |= {"outcome": "EXCLUDED", "exclusionReason": exception.reason.value}
    return told


def schedule(seen: ExecutionView, send_time: Instant, now: Instant) -> dict[str, Any]:
    execution, triggered = seen.execution, now >= send_time
    told: dict[str, Any] = {
        "scheduleId": execution.id,
        "campaignId": seen.campaign_id,
        "executeAt": to_rfc3339(send_time),
        "scheduleStatus": "Triggered" if triggered else "Scheduled",
    }
    if triggered:
        told["executionDetails"] = {
            "executionId": execution.id,
            "campaignId": seen.campaign_id,
            "status": _status(seen.counts or {}),
            "targetedProfileCount": execution.recipient_count,
            "createdAt": to_rfc3339(execution.accept_time),
        }
    return told


def _status(counts: Mapping[MessageState, int]) -> str:
    states = {state for state, count in counts.items() if count}
    if states & _UNFINISHED:
        return "InProgress"
    return "Succeeded" if states <= _GOOD else "Failed"


def is_deleted(seen: ExecutionView) -> bool:
    """Whether all that could be sent of it was cancelled."""
    states = {state for state, count in (seen.counts or {}).items() if count}
    return MessageState.CANCELLED in states and states <= {MessageState.CANCELLED, MessageState.EXCLUDED}


def problem(status: status_pb2.Status, code: int, about: Mapping[str, str]) -> dict[str, Any]:
    """`about`: the ids of the request, as far as they could be read."""
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(bad)
    reason = info.reason or "INTERNAL"
    report: dict[str, Any] = {"additionalContext": {**dict(info.metadata), **about, "reason": reason}}
    if bad.field_violations:
        # Beside the context, whose values that API has as texts.
        report["violations"] = [
            {"field": each.field, "reason": each.reason, "description": each.description}
            for each in bad.field_violations
        ]
    return {"type": f"{ERRORS}{reason}", "title": status.message, "status": code, "report": report}
