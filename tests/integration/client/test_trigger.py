from __future__ import annotations

import datetime as dt
import math
import uuid
from typing import Any

import grpc
import pytest
from clarion.v1.attempt_pb2 import EXCLUSION_REASON_SUPPRESSED
from clarion.v1.audience_run_pb2 import AudienceRun as WireRun
from clarion.v1.audience_run_pb2 import ExcludedMembers
from clarion.v1.execution_pb2 import Execution as WireExecution
from clarion.v1.trigger_service_pb2 import MessageResult as WireMessage
from clarion.v1.trigger_service_pb2 import RecipientResult as WireResult
from clarion.v1.trigger_service_pb2 import TriggerAudienceResponse, TriggerResponse
from clarion_client import (
    Accepted,
    AlreadyExistsError,
    AudienceRunState,
    ExclusionReason,
    MessageOutcome,
    MessageResult,
    Recipient,
    RecipientOutcome,
    RecipientResult,
    UnavailableError,
    Violation,
)
from google.protobuf.json_format import MessageToDict
from google.rpc.error_details_pb2 import BadRequest

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import Script, failure, serving, unavailable

ACCEPTED = TriggerResponse(execution="executions/1")


async def test_sending_a_campaign_to_one_person_takes_one_line(connect: Connect) -> None:
    script = Script(ACCEPTED)
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        await client.trigger("order-confirmed", to="jane@example.com", context={"order": {"id": 4711, "items": ["a"]}})

    (request,) = script.requests
    assert MessageToDict(request, preserving_proto_field_name=True) == {
        "campaign": "campaigns/order-confirmed",
        "request_id": request.request_id,
        "recipients": [
            {"identity": "email:jane@example.com", "context": {"order": {"id": 4711.0, "items": ["a"]}}},
        ],
    }


async def test_everything_that_a_trigger_can_say_is_sent(connect: Connect) -> None:
    soon = dt.datetime(2027, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1)))
    recipients = [Recipient("crm:1", {}, {"first_name": "Jane"}, "jane@example.com", "pt-BR"), Recipient("crm:2")]
    script = Script(ACCEPTED)
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        await client.trigger(
            "campaigns/x",
            recipients,
            request_id="order-4711",
            send_time=soon,
            expire_time=soon + dt.timedelta(hours=1),
            allow_partial=True,
            validate_only=True,
        )

    assert MessageToDict(script.requests[0], preserving_proto_field_name=True) == {
        "campaign": "campaigns/x",
        "request_id": "order-4711",
        "recipients": [
            {
                "identity": "crm:1",
                "address": "jane@example.com",
                "locale": "pt-BR",
                "context": {},
                "profile": {"first_name": "Jane"},
            },
            {"identity": "crm:2"},
        ],
        "send_time": "2026-12-31T23:00:00Z",
        "expire_time": "2027-01-01T00:00:00Z",
        "allow_partial": True,
        "validate_only": True,
    }


async def test_every_recipient_has_its_result(connect: Connect) -> None:
    violation = BadRequest.FieldViolation(field="recipients[2].identity", reason="MALFORMED", description="No address.")
    script = Script(
        TriggerResponse(
            execution="executions/1",
            replayed=True,
            recipients=[
                WireResult(
                    outcome=WireResult.OUTCOME_ACCEPTED,
                    messages=[
                        WireMessage(action="email", outcome=WireMessage.OUTCOME_ACCEPTED, message="messages/1"),
                        WireMessage(
                            action="hook",
                            outcome=WireMessage.OUTCOME_EXCLUDED,
                            message="messages/2",
                            exclusion_reason=EXCLUSION_REASON_SUPPRESSED,
                        ),
                    ],
                ),
                WireResult(outcome=WireResult.OUTCOME_EXCLUDED),
                WireResult(outcome=WireResult.OUTCOME_REJECTED, violations=[violation]),
            ],
        )
    )
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        accepted = await client.trigger("x", to="jane@example.com")

    assert accepted == Accepted(
        execution="executions/1",
        replayed=True,
        recipients=(
            RecipientResult(
                outcome=RecipientOutcome.ACCEPTED,
                messages=(
                    MessageResult(action="email", outcome=MessageOutcome.ACCEPTED, message="messages/1"),
                    MessageResult(
                        action="hook",
                        outcome=MessageOutcome.EXCLUDED,
                        message="messages/2",
                        exclusion_reason=ExclusionReason.SUPPRESSED,
                    ),
                ),
            ),
            RecipientResult(outcome=RecipientOutcome.EXCLUDED),
            RecipientResult(
                outcome=RecipientOutcome.REJECTED,
                violations=(Violation(field=violation.field, reason="MALFORMED", description="No address."),),
            ),
        ),
    )


async def test_the_tries_of_a_trigger_share_one_request_id_that_the_client_made_up(connect: Connect) -> None:
    script = Script(unavailable(), unavailable(), ACCEPTED, ACCEPTED)
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        await client.trigger("x", to="jane@example.com")
        await client.trigger("x", to="jane@example.com")

    *tries, other = (request.request_id for request in script.requests)
    assert len(set(tries)) == 1
    assert uuid.UUID(tries[0]).version == 4
    assert other not in tries


async def test_a_trigger_that_may_have_been_accepted_can_be_repeated_under_the_id_that_the_error_names(
    connect: Connect,
) -> None:
    script = Script(unavailable(), ACCEPTED)
    async with serving(Trigger=script.answer) as target, connect(target, retry=None) as client:
        with pytest.raises(UnavailableError) as raised:
            await client.trigger("x", to="jane@example.com")
        await client.trigger("x", to="jane@example.com", request_id=raised.value.request_id)

    first, second = script.requests
    assert first == second


async def test_the_request_id_of_the_caller_is_kept_and_stays_out_of_the_services_log(connect: Connect) -> None:
    reused = failure(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_REUSED", request_id="order-4711")
    script = Script(unavailable(), reused)
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        with pytest.raises(AlreadyExistsError) as raised:
            await client.trigger("x", to="jane@example.com", request_id="order-4711")

    assert [request.request_id for request in script.requests] == ["order-4711", "order-4711"]
    assert raised.value.metadata["request_id"] == "order-4711"
    assert raised.value.request_id == script.metadata[0]["x-request-id"] != "order-4711"


NO_ZONE = dt.datetime.fromisoformat("2027-01-01T09:00")


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"to": "a@b.example", "context": {"total": math.nan}}, ValueError, r"^recipients\[0\]\.context\.total is nan"),
        ({"to": "a@b.example", "profile": {"age": 2**60}}, ValueError, r"^recipients\[0\]\.profile\.age is an integer"),
        ({"to": "a@b.example", "context": {"at": dt.date.min}}, TypeError, r"^recipients\[0\]\.context\.at is a date"),
        (
            {"to": "a@b.example", "send_time": NO_ZONE},
            ValueError,
            "^send_time has no time zone",
        ),
        ({}, TypeError, "needs to= or recipients"),
        ({"recipients": [], "to": "a@b.example"}, TypeError, "for one recipient"),
        ({"recipients": [], "context": {}}, TypeError, "for one recipient"),
    ],
)
async def test_what_cannot_be_sent_as_it_is_given_is_refused_before_anything_is_sent(
    connect: Connect, arguments: dict[str, Any], error: type[Exception], message: str
) -> None:
    script = Script(ACCEPTED)
    async with serving(Trigger=script.answer) as target, connect(target) as client:
        with pytest.raises(error, match=message):
            await client.trigger("x", **arguments)

    assert script.requests == []


RUN = WireRun(
    audience="audiences/gold",
    state=WireRun.STATE_ACCEPTING,
    max_recipients=5,
    selected_count=3,
    accepted_count=1,
    excluded_counts=[ExcludedMembers(reason=EXCLUSION_REASON_SUPPRESSED, count=1)],
)
STARTED = TriggerAudienceResponse(execution=WireExecution(name="executions/1", audience_run=RUN), replayed=True)


async def test_everything_that_a_trigger_of_an_audience_can_say_is_sent_and_its_run_is_read(connect: Connect) -> None:
    script = Script(STARTED)
    at = dt.datetime(2027, 1, 31, 9, tzinfo=dt.UTC)
    async with serving(TriggerAudience=script.answer) as target, connect(target) as client:
        answer = await client.trigger_audience(
            "offers",
            "gold",
            max_recipients=5,
            context={"order": "4711"},
            locale="de",
            request_id="r",
            send_time=at,
            expire_time=at + dt.timedelta(hours=1),
            labels={"order": "4711"},
        )

    (request,) = script.requests
    assert MessageToDict(request, preserving_proto_field_name=True) == {
        "campaign": "campaigns/offers",
        "audience": "audiences/gold",
        "max_recipients": 5,
        "context": {"order": "4711"},
        "locale": "de",
        "request_id": "r",
        "send_time": "2027-01-31T09:00:00Z",
        "expire_time": "2027-01-31T10:00:00Z",
        "labels": {"order": "4711"},
    }
    run = answer.execution.audience_run
    assert answer.replayed
    assert run is not None
    assert (run.state, run.selected_count, run.accepted_count) == (AudienceRunState.ACCEPTING, 3, 1)
    assert run.excluded_counts == {ExclusionReason.SUPPRESSED: 1}


async def test_a_trigger_of_an_audience_is_tried_again_under_one_request_id(connect: Connect) -> None:
    script = Script(unavailable(), STARTED)
    async with serving(TriggerAudience=script.answer) as target, connect(target) as client:
        await client.trigger_audience("offers", "gold", max_recipients=5)
    first, again = script.requests
    assert first.request_id == again.request_id != ""
