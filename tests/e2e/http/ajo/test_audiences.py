"""Callers of Adobe Journey Optimizer's API send to audiences in the same way."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from clarion_client import (
    Audience,
    AudienceRunState,
    Client,
    MessageState,
)

from tests.campaigns import CONTEXT
from tests.e2e.http.ajo.requests import (
    HABITS,
    SCHEDULES,
    UNITARY,
    execution,
    in_an_hour,
    violations,
)
from tests.e2e.http.calls import Http
from tests.service import Sandbox
from tests.waiting import wait_until

AUDIENCE = "/ajo/im/executions/audience"


def audience_execution(**fields: Any) -> dict[str, Any]:
    asked = {"requestId": str(uuid.uuid4()), "campaignId": "orders", "audience": {"id": "gold"}, "context": CONTEXT}
    return {name: value for name, value in {**asked, **fields}.items() if value is not None}


def test_an_audience_is_sent_to_and_its_execution_told(ajo: Http, gold: Client, sandbox: Sandbox) -> None:
    asked = audience_execution()
    answer = ajo.post(AUDIENCE, asked, x_sandbox_name=sandbox.name, **HABITS)
    assert (answer.code, answer.json["requestId"]) == (202, asked["requestId"])
    execution_id = answer.json["executionId"]
    wait_until(lambda: ajo.get(f"{AUDIENCE}/{execution_id}").json["status"] == "Succeeded")
    told = ajo.get(f"{AUDIENCE}/{execution_id}").json
    assert (told["campaignId"], told["targetedProfileCount"]) == ("orders", 2)
    assert {message.state for message in gold.messages.list(execution=execution_id)} == {MessageState.SENT}
    assert ajo.post(AUDIENCE, asked).json["executionId"] == execution_id


def test_a_scheduled_audience_can_be_looked_at_and_deleted(ajo: Http, gold: Client) -> None:
    answer = ajo.post(AUDIENCE, audience_execution(schedule={"executeAt": in_an_hour()}, maxRecipients=None)).json
    assert ajo.get(f"{SCHEDULES}/{answer['scheduleId']}").json["scheduleStatus"] == "Scheduled"
    assert ajo.send("DELETE", f"{SCHEDULES}/{answer['scheduleId']}").code == 200
    assert ajo.get(f"{SCHEDULES}/{answer['scheduleId']}").code == 404
    run = gold.executions.get(answer["executionId"]).audience_run
    assert run is not None
    assert run.state is AudienceRunState.CANCELLED


def test_an_audience_that_is_too_large_fails(ajo: Http, gold: Client) -> None:
    execution_id = ajo.post(AUDIENCE, audience_execution(maxRecipients=1)).json["executionId"]
    wait_until(lambda: ajo.get(f"{AUDIENCE}/{execution_id}").json["status"] == "Failed")
    assert list(gold.messages.list(execution=execution_id)) == []


def test_a_campaign_and_an_audience_are_known_by_uuids(ajo: Http, client: Client) -> None:
    name = str(uuid.uuid4())
    client.audiences.create(Audience(name=f"ajo-{name}", display_name="Some", condition="profile.locale == 'de'"))
    assert ajo.post(AUDIENCE, audience_execution(audience={"id": name})).code == 202


WRONG_AUDIENCES: dict[str, tuple[dict[str, Any], tuple[str, str]]] = {
    "no campaign": ({"campaignId": None}, ("campaignId", "REQUIRED")),
    "no audience": ({"audience": None}, ("audience.id", "REQUIRED")),
    "an audience that is a text": ({"audience": "gold"}, ("audience", "WRONG_TYPE")),
    "an id that is none": ({"audience": {"id": "Gold!"}}, ("audience.id", "MALFORMED")),
    "files": ({"attachments": [{}]}, ("attachments", "UNSUPPORTED")),
    "a maximum in words": ({"maxRecipients": "ten"}, ("maxRecipients", "WRONG_TYPE")),
    "a maximum of none": ({"maxRecipients": 0}, ("maxRecipients", "REQUIRED")),
    "a schedule without its time": ({"schedule": {}}, ("schedule.executeAt", "REQUIRED")),
    "a time without a zone": ({"schedule": {"executeAt": "2027-01-31"}}, ("schedule.executeAt", "MALFORMED")),
    "a context outside the schema": ({"context": {}}, ("context.order", "REQUIRED")),
}


@pytest.mark.parametrize("wrong", WRONG_AUDIENCES)
def test_every_violation_of_an_audiences_request_is_named_in_the_callers_words(
    ajo: Http, gold: Client, wrong: str
) -> None:
    fields, expected = WRONG_AUDIENCES[wrong]
    answer = ajo.post(AUDIENCE, audience_execution(**fields))
    assert answer.code == 400
    assert expected in violations(answer)
    assert list(gold.executions.list()) == []


def test_an_execution_without_an_audience_is_none_of_an_audience(ajo: Http) -> None:
    answer = ajo.post(UNITARY, execution()).json
    assert ajo.get(f"{AUDIENCE}/{answer['executionId']}").code == 404
