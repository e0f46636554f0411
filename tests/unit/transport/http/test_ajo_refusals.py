"""Refusals have the form that callers of Adobe's API know."""

from __future__ import annotations

import json

from clarion_server.domain import errors
from clarion_server.transport.api.errors import status_of
from clarion_server.transport.http.ajo.answers import refused
from clarion_server.transport.http.refusals import HttpRefusal
from clarion_server.transport.http.statuses import HTTP_CODES


def refusal(error: errors.ClarionError) -> HttpRefusal:
    status = status_of(error)
    return HttpRefusal(HTTP_CODES[status.code], status)


def test_an_overloaded_service_says_when_to_retry() -> None:
    answer = refused(refusal(errors.Overloaded(1_500)), {"requestId": "order-4711"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    body = json.loads(bytes(answer.body))
    assert body["status"] == 429
    assert body["report"] == {"additionalContext": {"requestId": "order-4711", "reason": "OVERLOADED"}}


def test_a_service_that_stops_says_when_to_retry() -> None:
    answer = refused(refusal(errors.Unavailable()), {})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_an_id_of_the_request_does_not_hide_the_reason() -> None:
    body = json.loads(bytes(refused(refusal(errors.Overloaded()), {"reason": "none"}).body))
    assert body["report"]["additionalContext"]["reason"] == "OVERLOADED"


def test_an_answer_is_not_cached_and_its_type_is_not_guessed() -> None:
    headers = refused(refusal(errors.Overloaded()), {}).headers
    assert (headers["content-type"], headers["cache-control"]) == ("application/json", "no-store")
    assert headers["x-content-type-options"] == "nosniff"
