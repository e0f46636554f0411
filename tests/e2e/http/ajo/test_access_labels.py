"""What labels hide from a key does not exist for callers of Adobe's API, nor for those of JSON over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from clarion_client import Audience, Campaign, Client, Scope

from tests.e2e.http.ajo.requests import HIGH_THROUGHPUT, SCHEDULES, UNITARY, execution, in_an_hour
from tests.e2e.http.ajo.test_audiences import AUDIENCE, audience_execution
from tests.e2e.http.calls import Answer, Http
from tests.service import Sandbox

ABSENT = "0" * 32
REQUEST_ID = "the-same-of-both"


@pytest.fixture
def scheduled(ajo: Http, gold: Client) -> dict[str, str]:
    """Returns what the caller made before the campaign was hidden: an execution, and one of an audience."""
    later: dict[str, Any] = {"schedule": {"executeAt": in_an_hour()}}
    return {
        "unitary": ajo.post(UNITARY, execution(**later)).json["executionId"],
        "audience": ajo.post(AUDIENCE, audience_execution(**later)).json["executionId"],
    }


@pytest.fixture
def hidden(client: Client, sandbox: Sandbox, scheduled: dict[str, str]) -> Iterator[dict[str, str]]:
    """Hides campaign and audience from the sandbox's administrator for the time of the test."""
    key = client.keys.create("eu", [Scope.ADMIN], access_labels=["eu"]).secret
    with Client(sandbox.target, api_key=key) as seeing:
        seeing.campaigns.update(Campaign(name="orders", access_labels=["eu"]), ["access_labels"])
        seeing.audiences.update(Audience(name="gold", access_labels=["eu"]), ["access_labels"])
        yield scheduled
        seeing.campaigns.update(Campaign(name="orders"), ["access_labels"])


def told(answer: Answer) -> tuple[int, bytes]:
    """Returns what a caller learns, whatever it named."""
    body = answer.body
    for name in (b"orders", b"gold"):
        body = body.replace(name, b"absent")
    return answer.code, body


@pytest.mark.parametrize("path", [UNITARY, HIGH_THROUGHPUT])
def test_a_hidden_campaign_is_answered_as_none(ajo: Http, hidden: dict[str, str], path: str) -> None:
    for fields in ({}, {"recipients": [{"type": "aep"}]}):
        answers = [
            ajo.post(path, execution(campaignId=name, requestId=REQUEST_ID, **fields)) for name in ("orders", "absent")
        ]
        assert told(answers[0]) == told(answers[1])
    assert ajo.post(path, execution()).code == 404


def test_a_hidden_audience_and_campaign_are_answered_as_none(ajo: Http, hidden: dict[str, str]) -> None:
    asked = audience_execution(requestId=REQUEST_ID)
    absent = asked | {"campaignId": "absent", "audience": {"id": "absent"}}
    assert told(ajo.post(AUDIENCE, asked)) == told(ajo.post(AUDIENCE, absent))
    assert ajo.post(AUDIENCE, asked).code == 404


def test_executions_and_schedules_of_a_hidden_campaign_are_gone(ajo: Http, hidden: dict[str, str]) -> None:
    for url, execution_id in (
        (AUDIENCE, hidden["audience"]),
        (SCHEDULES, hidden["audience"]),
        (SCHEDULES, hidden["unitary"]),
    ):
        for method in ("GET", "DELETE") if url == SCHEDULES else ("GET",):
            answer, of_nothing = ajo.send(method, f"{url}/{execution_id}"), ajo.send(method, f"{url}/{ABSENT}")
            assert answer.code == of_nothing.code == 404
            assert answer.body.replace(execution_id.encode(), ABSENT.encode()) == of_nothing.body


def test_json_over_http_answers_as_grpc_does(ajo: Http, hidden: dict[str, str]) -> None:
    for path in ("campaigns/orders", "campaigns/orders:trigger", "audiences/gold:count", "campaigns/orders/report"):
        answers = [ajo.get(f"/v1/{path}"), ajo.get(f"/v1/{path.replace('orders', 'absent').replace('gold', 'absent')}")]
        assert told(answers[0]) == told(answers[1])
    assert ajo.get("/v1/campaigns/orders").code == 404
    assert ajo.get("/v1/campaigns").json.get("campaigns", []) == []
