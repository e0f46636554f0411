"""Answers as Adobe's API gives them, with further fields for what only Clarion knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
from google.rpc import error_details_pb2, status_pb2
from starlette.responses import Response

from clarion_server.application.audience_runs.triggering import AudienceAnswer
from clarion_server.application.queries.lookups import ExecutionView
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.audiences.audience_run import EndReason
from clarion_server.domain.instant import Instant, to_rfc3339
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.names import MESSAGES
from clarion_server.domain.triggering.execution import Execution, RecipientResult
from clarion_server.transport.http.ajo.reading import AjoAudience, AjoExecution
from clarion_server.transport.http.asgi_io import JSON_HEADERS
from clarion_server.transport.http.refusals import HttpRefusal
from clarion_server.transport.http.statuses import headers_of

#: Is the beginning of an error's `type`; its reason follows.
ERRORS: Final = "https://clarion.dev/errors/"

_UNFINISHED: Final = frozenset({MessageState.QUEUED, MessageState.SENDING})
_GOOD: Final = frozenset({MessageState.SENT, MessageState.EXCLUDED})


def accepted(asked: AjoExecution, answer: TriggerAnswer) -> dict[str, Any]:
    execution = answer.execution
    return {
        "executionId": execution.id,
        "requestId": asked.request_id,
        **_made(execution),
        **_scheduled(execution, asked.campaign_id),
        # Adobe's API does not have what follows.
        "replayed": answer.replayed,
        "recipients": [
            _result(result, user_id) for result, user_id in zip(execution.results(), asked.user_ids, strict=True)
        ],
    }


def audience_accepted(asked: AjoAudience, answer: AudienceAnswer) -> dict[str, Any]:
    execution = answer.execution
    return {
        "executionId": execution.id,
        "requestId": asked.request_id,
        **_made(execution),
        **_scheduled(execution, asked.campaign_id),
        # Adobe's API does not have what follows.
        "replayed": answer.replayed,
    }


def _made(execution: Execution) -> dict[str, str]:
    time = to_rfc3339(execution.accept_time)
    # An execution never changes once it is made.
    return {"createdAt": time, "createdBy": execution.caller, "modifiedAt": time, "modifiedBy": execution.caller}


def _scheduled(execution: Execution, campaign_id: str) -> dict[str, str]:
    """A time in the past triggers at once."""
    if execution.send_time is None:
        return {}
    return {
        "scheduleId": execution.id,
        "campaignId": campaign_id,
        "executeAt": to_rfc3339(execution.send_time),
        "scheduleStatus": _schedule_status(execution.send_time, execution.accept_time),
    }


def _schedule_status(send_time: Instant, now: Instant) -> str:
    return "Triggered" if now >= send_time else "Scheduled"


def _result(result: RecipientResult, user_id: str) -> dict[str, Any]:
    messages = []
    for each in result.messages:
        shown = {"action": each.action, "message": MESSAGES.format(each.message_id), "outcome": "ACCEPTED"}
        if each.exclusion_reason is not None:
            shown |= {"outcome": "EXCLUDED", "exclusionReason": each.exclusion_reason.value}
        messages.append(shown)
    return {"userId": user_id, "outcome": "EXCLUDED" if result.is_excluded else "ACCEPTED", "messages": messages}


def schedule(view: ExecutionView, send_time: Instant, now: Instant) -> dict[str, Any]:
    execution = view.execution
    answer = {
        "scheduleId": execution.id,
        "campaignId": view.campaign_id,
        "executeAt": to_rfc3339(send_time),
        "scheduleStatus": _schedule_status(send_time, now),
    }
    return answer if now < send_time else {**answer, "executionDetails": execution_details(view)}


def execution_details(view: ExecutionView) -> dict[str, Any]:
    execution = view.execution
    return {
        "executionId": execution.id,
        "campaignId": view.campaign_id,
        "status": _status(view),
        "targetedProfileCount": _targeted_count(view),
        "createdAt": to_rfc3339(execution.accept_time),
    }


def _targeted_count(view: ExecutionView) -> int:
    if view.run is None:
        return view.execution.recipient_count
    return 0 if view.run.selection is None else view.run.selection.count


def _status(view: ExecutionView) -> str:
    states = {state for state, count in (view.counts or {}).items() if count}
    if view.run is not None and view.run.end_reason is not None:
        return "Failed"
    if states & _UNFINISHED or (view.run is not None and view.run.state.is_open):
        return "InProgress"
    return "Succeeded" if states <= _GOOD else "Failed"


def is_deleted(view: ExecutionView) -> bool:
    """Returns whether every message of it that could be cancelled was cancelled."""
    states = {state for state, count in (view.counts or {}).items() if count}
    if view.run is not None and view.run.select_time is None:
        return view.run.end_reason is EndReason.CALLER
    return MessageState.CANCELLED in states and states <= {MessageState.CANCELLED, MessageState.EXCLUDED}


#: Holds the codes of HTTP by reason, where Adobe's callers expect another one than the contract's.
_CODES: Final = {"ILLEGAL_TRANSITION": 409}


def refused(refusal: HttpRefusal, ids: Mapping[str, str]) -> Response:
    """Returns the answer to a request that was refused. `ids`: those of the request, as far as they could be read."""
    problem = _problem(refusal.status, ids)
    code = _CODES.get(problem["report"]["additionalContext"]["reason"], refusal.code)
    headers = dict([*headers_of(refusal.status), *refusal.headers])
    return json_response({**problem, "status": code}, code, headers)


def _problem(status: status_pb2.Status, ids: Mapping[str, str]) -> dict[str, Any]:
    info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(bad)
    reason = info.reason or "INTERNAL"
    report: dict[str, Any] = {"additionalContext": {**dict(info.metadata), **ids, "reason": reason}}
    if bad.field_violations:
        # Beside the context, whose values are strings in Adobe's API.
        report["violations"] = [
            {"field": each.field, "reason": each.reason, "description": each.description}
            for each in bad.field_violations
        ]
    return {"type": f"{ERRORS}{reason}", "title": status.message, "report": report}


def json_response(value: Any, code: int = 200, headers: Mapping[bytes, bytes] | None = None) -> Response:
    response = Response(orjson.dumps(value), code)
    for name, text in [*JSON_HEADERS, *(headers or {}).items()]:
        response.headers[name.decode()] = text.decode()
    return response
