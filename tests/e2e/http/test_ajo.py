"""Callers of Adobe Journey Optimizer's API call Clarion in the same way."""

from __future__ import annotations

import datetime as dt
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from clarion_client import (
    Audience,
    AudienceRunState,
    Client,
    ExclusionReason,
    MessageState,
    Profile,
    QueueDisposal,
    Scope,
)

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.http.calls import Answer, Http
from tests.service import Sandbox, Service
from tests.smtp_sink import SmtpSink
from tests.waiting import wait_until

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 400
UNITARY, HIGH_THROUGHPUT = "/ajo/im/executions/unitary", "/ajo/im/executions/highthroughput"
SCHEDULES = "/ajo/im/executions/schedules"
AUDIENCE = "/ajo/im/executions/audience"

#: Headers that such a caller sends whatever it calls.
HABITS = {"x_api_key": "4a1c…".encode().hex(), "x_gw_ims_org_id": "5D1281E6D935456@AdobeOrg"}


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    """With the live campaign `orders`. Nothing is sent, because the tests address magic recipients."""
    with sandbox.client() as made:
        made.channels.create(channel("orders", port=1))
        made.campaigns.create(campaign("orders", "orders"))
        made.campaigns.activate("orders")
        yield made
        # Otherwise deferred messages would be tried again while other tests run.
        made.campaigns.stop("orders", QueueDisposal.CANCEL)


@pytest.fixture
def ajo(client: Client, http: Http) -> Http:
    return http


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


def recipient(user_id: str = "sent@clarion.test", **fields: Any) -> dict[str, Any]:
    return {"type": "aep", "userId": user_id, "namespace": "email", "context": CONTEXT, **fields}


def execution(*recipients: dict[str, Any], **fields: Any) -> dict[str, Any]:
    asked = {"requestId": str(uuid.uuid4()), "campaignId": "orders", "recipients": list(recipients) or [recipient()]}
    return {name: value for name, value in {**asked, **fields}.items() if value is not None}


def a_file(name: str = "a.pdf", data: bytes = PDF, content_type: str = "application/pdf") -> dict[str, Any]:
    return {"fileName": name, "contentType": content_type, "content": b64encode(data).decode()}


def violations(answer: Answer) -> set[tuple[str, str]]:
    return {(each["field"], each["reason"]) for each in answer.json["report"]["violations"]}


def reason(answer: Answer) -> str:
    return str(answer.json["report"]["additionalContext"]["reason"])


@pytest.mark.parametrize("path", [UNITARY, HIGH_THROUGHPUT])
def test_a_message_is_accepted_and_sent(ajo: Http, client: Client, sandbox: Sandbox, path: str) -> None:
    asked = execution()
    answer = ajo.post(path, asked, x_sandbox_name=sandbox.name, **HABITS)
    assert answer.code == 202
    accepted = answer.json
    assert accepted["requestId"] == asked["requestId"]
    stored = client.executions.get(accepted["executionId"])
    assert dt.datetime.fromisoformat(accepted["createdAt"]) == stored.accept_time
    (result,) = accepted["recipients"]
    assert (result["userId"], result["outcome"]) == ("sent@clarion.test", "ACCEPTED")
    with client.messages.watch(execution=stored.name, from_start=True) as watch:
        next(watch)
    assert client.messages.get(result["messages"][0]["message"]).state is MessageState.SENT


async def test_mails_carry_the_files_of_their_recipient_and_those_of_all(
    ajo: Http, client: Client, sink: SmtpSink
) -> None:
    client.channels.create(channel("mail", sink.port))
    client.campaigns.create(campaign("invoices", "mail"))
    client.campaigns.activate("invoices")
    own = recipient("jane@example.com", attachments=[a_file("invoice.pdf")])
    asked = execution(own, recipient("joe@example.com"), campaignId="invoices", attachments=[a_file("terms.pdf")])
    assert ajo.post(UNITARY, asked).code == 202
    mails = {mail.recipients[0]: mail.parsed for mail in await sink.wait_for(2)}
    names = {to: [each.get_filename() for each in mail.iter_attachments()] for to, mail in mails.items()}
    assert names == {"jane@example.com": ["invoice.pdf", "terms.pdf"], "joe@example.com": ["terms.pdf"]}


def test_the_data_of_a_recipient_becomes_its_message(ajo: Http, client: Client) -> None:
    brought = recipient(
        "JANE",
        type="external",
        channelData={"emailAddress": "sent+jane@clarion.test", "mobilePhoneNumber": ""},
        profile={"person": {"name": {"firstName": "Jane"}}},
        mergePolicyName="Default Timebased",
    )
    answer = ajo.post(UNITARY, execution(brought))
    assert answer.code == 202, answer.body
    message = client.messages.get(answer.json["recipients"][0]["messages"][0]["message"])
    assert (message.identity, message.address) == ("email:JANE", "sent+jane@clarion.test")


def test_a_large_execution_is_read_as_a_small_one_is(ajo: Http) -> None:
    profile = {"numbers": [1] * 10_000}
    assert ajo.post(UNITARY, execution(recipient(profile=profile))).code == 202
    refused = ajo.post(UNITARY, execution(recipient(profile=profile, type="nobody"), requestId="large"))
    assert (refused.code, refused.json["report"]["additionalContext"]["requestId"]) == (400, "large")


def test_each_recipient_has_its_outcome(ajo: Http) -> None:
    answer = ajo.post(UNITARY, execution(recipient("sent+1@clarion.test"), recipient("suppressed@clarion.test")))
    assert [each["outcome"] for each in answer.json["recipients"]] == ["ACCEPTED", "EXCLUDED"]
    assert answer.json["recipients"][1]["messages"][0]["exclusionReason"] == ExclusionReason.SUPPRESSED


def test_the_same_request_is_answered_with_the_first_answer(ajo: Http) -> None:
    asked = execution()
    first, second = ajo.post(UNITARY, asked).json, ajo.post(UNITARY, asked).json
    assert second == {**first, "replayed": True}


def test_another_request_under_the_same_id_is_a_conflict(ajo: Http) -> None:
    asked = execution()
    first = ajo.post(UNITARY, asked)
    refused = ajo.post(UNITARY, execution(recipient("sent+2@clarion.test"), requestId=asked["requestId"]))
    assert (refused.code, reason(refused)) == (409, "REQUEST_ID_REUSED")
    context = refused.json["report"]["additionalContext"]
    assert context["execution"] == f"executions/{first.json['executionId']}"
    assert context["requestId"] == asked["requestId"]


def test_a_campaign_is_known_by_the_uuid_of_its_name(ajo: Http, client: Client) -> None:
    campaign_id = "10e2583b-4d1d-4b57-bd6e-fdc79405d67d"
    client.campaigns.create(campaign(f"ajo-{campaign_id}", "orders"))
    client.campaigns.activate(f"ajo-{campaign_id}")
    assert ajo.post(UNITARY, execution(campaignId=campaign_id)).code == 202


def test_a_campaign_whose_id_is_a_bare_uuid_is_found(ajo: Http, client: Client) -> None:
    campaign_id = "a0e2583b-4d1d-4b57-bd6e-fdc79405d67d"
    assert ajo.post(UNITARY, execution(campaignId=campaign_id)).json["report"]["additionalContext"]["resource"] == (
        f"campaigns/{campaign_id}"
    )
    client.campaigns.create(campaign(campaign_id, "orders"))
    client.campaigns.activate(campaign_id)
    asked = execution(campaignId=campaign_id.upper())
    answer = ajo.post(UNITARY, asked)
    assert answer.code == 202
    assert client.executions.get(answer.json["executionId"]).campaign == f"campaigns/{campaign_id}"
    client.campaigns.create(campaign(f"ajo-{campaign_id}", "orders"))
    client.campaigns.activate(f"ajo-{campaign_id}")
    answer = ajo.post(UNITARY, execution(campaignId=campaign_id))
    assert client.executions.get(answer.json["executionId"]).campaign == f"campaigns/ajo-{campaign_id}"


def test_errors_have_the_shape_that_callers_know(ajo: Http) -> None:
    asked = execution(campaignId="nowhere")
    refused = ajo.post(UNITARY, asked)
    assert refused.code == 404
    assert refused.json == {
        "type": "https://clarion.dev/errors/RESOURCE_NOT_FOUND",
        "title": "There is no campaigns/nowhere in this sandbox.",
        "status": 404,
        "report": {
            "additionalContext": {
                "resource": "campaigns/nowhere",
                "requestId": asked["requestId"],
                "campaignId": "nowhere",
                "reason": "RESOURCE_NOT_FOUND",
            }
        },
    }


TWICE = b"""{"requestId": "a", "requestId": "b", "campaignId": "orders", "recipients": [
    {"type": "aep", "namespace": "email", "userId": "a@b.example", "userId": "b@b.example",
     "context": {"order": "1", "order": "2"}}]}"""

#: What is sent in place of a good execution, and the violations that it is refused with.
WRONG: dict[str, tuple[Any, set[tuple[str, str]]]] = {
    "a list": ([], {("", "MALFORMED")}),
    "no JSON": (b"{", {("", "MALFORMED")}),
    "names that occur twice": (
        TWICE,
        {(path, "DUPLICATE") for path in ("requestId", "recipients[0].userId", "recipients[0].context.order")},
    ),
    "numbers that would be rounded": (
        execution(recipient(context={"order": [1234567890123456789]}, profile={"id": 9007199254740993})),
        {("recipients[0].context.order[0]", "INEXACT"), ("recipients[0].profile.id", "INEXACT")},
    ),
    "nothing": ({}, {("requestId", "REQUIRED"), ("campaignId", "REQUIRED"), ("recipients", "REQUIRED")}),
    "other types": (
        execution(requestId=7, recipients={}),
        {("requestId", "WRONG_TYPE"), ("recipients", "WRONG_TYPE")},
    ),
    "a campaign id that is none": (execution(campaignId="No Such"), {("campaignId", "MALFORMED")}),
    "too many": (
        execution(*[recipient(f"sent+{each}@clarion.test") for each in range(21)]),
        {("recipients", "TOO_MANY")},
    ),
    "what is not supported": (
        execution(recipient(channelData={"mobilePhoneNumber": "1", "pushInfo": {"appID": "a"}})),
        {
            ("recipients[0].channelData.mobilePhoneNumber", "UNSUPPORTED"),
            ("recipients[0].channelData.pushInfo", "UNSUPPORTED"),
        },
    ),
    "files that are none": (
        execution(
            recipient(attachments=[{"fileName": "a.pdf", "content": "?"}, 7, {}]), attachments={"fileName": "a.pdf"}
        ),
        {
            ("attachments", "WRONG_TYPE"),
            ("recipients[0].attachments[0].content", "MALFORMED"),
            ("recipients[0].attachments[1]", "WRONG_TYPE"),
            ("recipients[0].attachments[2].fileName", "REQUIRED"),
            ("recipients[0].attachments[2].content", "REQUIRED"),
        },
    ),
    "files that mails do not carry": (
        execution(recipient(attachments=[a_file(content_type="image/png"), a_file("x.pdf.exe")])),
        {
            ("recipients[0].attachments[0].contentType", "TYPE_MISMATCH"),
            ("recipients[0].attachments[0].fileName", "TYPE_MISMATCH"),
            ("recipients[0].attachments[1].fileName", "FILE_NOT_ALLOWED"),
        },
    ),
    "nobody": (execution({}), {(f"recipients[0].{name}", "REQUIRED") for name in ("type", "userId", "namespace")}),
    "another type of recipient": (execution(recipient(type="person")), {("recipients[0].type", "MALFORMED")}),
    "the same one twice": (execution(recipient(), recipient()), {("recipients[1].userId", "DUPLICATE")}),
    "another namespace": (
        execution(recipient(namespace="crm", channelData={"emailAddress": "sent@clarion.test"})),
        {("recipients[0].namespace", "WRONG_NAMESPACE")},
    ),
    "no address": (execution(recipient("nobody")), {("recipients[0].userId", "MALFORMED")}),
    "a context that breaks its schema": (
        execution(recipient(context={"order": 1})),
        {("recipients[0].context.order", "WRONG_TYPE")},
    ),
    "a context that is none": (execution(recipient(context=[])), {("recipients[0].context", "WRONG_TYPE")}),
    "an address that is none": (
        execution(recipient(channelData={"emailAddress": "nobody"})),
        {("recipients[0].channelData.emailAddress", "MALFORMED")},
    ),
    "a time that is none": (
        execution(schedule={"executeAt": "tomorrow"}),
        {("schedule.executeAt", "MALFORMED")},
    ),
    "a time without a zone": (
        execution(schedule={"executeAt": "2027-01-01T00:00:00"}),
        {("schedule.executeAt", "MALFORMED")},
    ),
    "a time too far ahead": (
        execution(schedule={"executeAt": "9999-01-01T00:00:00Z"}),
        {("schedule.executeAt", "OUT_OF_RANGE")},
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_every_violation_is_named_in_the_callers_words(ajo: Http, wrong: str) -> None:
    asked, expected = WRONG[wrong]
    refused = ajo.post(UNITARY, asked, content_type="application/json")
    assert refused.code == 400
    assert violations(refused) == expected


def test_data_that_is_nested_without_end_is_refused(ajo: Http) -> None:
    nested: dict[str, Any] = {}
    for _ in range(200):
        nested = {"a": nested}
    refused = ajo.post(UNITARY, execution(recipient(profile=nested)))
    assert {each for _, each in violations(refused)} == {"TOO_DEEP"}


def test_a_sandbox_other_than_the_keys_is_refused(ajo: Http, sandbox: Sandbox) -> None:
    refused = ajo.post(UNITARY, execution(), x_sandbox_name="prod")
    assert (refused.code, reason(refused)) == (403, "SANDBOX_MISMATCH")
    assert refused.json["report"]["additionalContext"]["sandbox"] == "prod"
    assert ajo.post(UNITARY, execution(), x_sandbox_name=sandbox.name).code == 202
    assert ajo.post(UNITARY, execution()).code == 202


def test_the_key_is_the_bearer_token_and_nothing_else(service: Service, client: Client, sandbox: Sandbox) -> None:
    with Http(service.http) as nobody:
        for headers in ({}, {"x_api_key": sandbox.admin_key}, {"authorization": "Bearer clk_no"}):
            refused = nobody.post(UNITARY, execution(), **headers)
            assert (refused.code, reason(refused)) == (401, "UNAUTHENTICATED")
            assert refused.headers["www-authenticate"] == "Bearer"
            assert "metadata" not in refused.json["title"]
        assert nobody.post(f"{UNITARY}?authorization=Bearer+{sandbox.admin_key}", execution()).code == 401


def test_a_key_without_the_scope_is_refused(service: Service, client: Client) -> None:
    reader = client.keys.create("reader", [Scope.READ]).secret
    with Http(service.http, reader) as http:
        refused = http.post(UNITARY, execution())
    assert (refused.code, reason(refused)) == (403, "SCOPE_DENIED")


def test_a_campaign_that_is_not_live_is_refused(ajo: Http, client: Client) -> None:
    client.campaigns.pause("orders")
    refused = ajo.post(UNITARY, execution())
    assert (refused.code, reason(refused)) == (400, "CAMPAIGN_NOT_LIVE")


def in_an_hour() -> str:
    return (dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_scheduled_execution_can_be_looked_at_and_deleted(ajo: Http, client: Client) -> None:
    at = in_an_hour()
    answer = ajo.post(UNITARY, execution(schedule={"executeAt": at})).json
    assert answer["scheduleStatus"] == "Scheduled"
    seen = ajo.get(f"{SCHEDULES}/{answer['scheduleId']}")
    assert seen.code == 200
    assert (seen.json["scheduleStatus"], seen.json["campaignId"]) == ("Scheduled", "orders")
    assert dt.datetime.fromisoformat(seen.json["executeAt"]) == dt.datetime.fromisoformat(at)
    deleted = ajo.send("DELETE", f"{SCHEDULES}/{answer['scheduleId']}")
    assert (deleted.code, deleted.json) == (200, {})
    assert ajo.get(f"{SCHEDULES}/{answer['scheduleId']}").code == 404
    assert ajo.send("DELETE", f"{SCHEDULES}/{answer['scheduleId']}").code == 404
    assert client.messages.get(answer["recipients"][0]["messages"][0]["message"]).state is MessageState.CANCELLED


def test_a_schedule_whose_time_has_come_shows_its_execution_and_is_not_deleted(ajo: Http, client: Client) -> None:
    answer = ajo.post(UNITARY, execution(schedule={"executeAt": "2020-01-01T00:00:00.000Z"})).json
    assert answer["scheduleStatus"] == "Triggered"
    with client.messages.watch(execution=answer["executionId"], from_start=True) as watch:
        next(watch)
    seen = ajo.get(f"{SCHEDULES}/{answer['scheduleId']}").json
    assert seen["scheduleStatus"] == "Triggered"
    assert seen["executionDetails"]["status"] == "Succeeded"
    assert seen["executionDetails"]["targetedProfileCount"] == 1
    refused = ajo.send("DELETE", f"{SCHEDULES}/{answer['scheduleId']}")
    assert (refused.code, reason(refused)) == (409, "ILLEGAL_TRANSITION")
    assert refused.json["status"] == 409


def test_a_message_that_still_waits_after_its_time_is_not_unscheduled(ajo: Http, client: Client) -> None:
    waiting = recipient("defer@clarion.test")
    answer = ajo.post(UNITARY, execution(waiting, schedule={"executeAt": "2020-01-01T00:00:00Z"})).json
    assert ajo.get(f"{SCHEDULES}/{answer['scheduleId']}").json["executionDetails"]["status"] == "InProgress"
    assert ajo.send("DELETE", f"{SCHEDULES}/{answer['scheduleId']}").code == 409
    assert client.messages.get(answer["recipients"][0]["messages"][0]["message"]).state is not MessageState.CANCELLED


def test_an_execution_that_was_never_scheduled_has_no_schedule(ajo: Http) -> None:
    answer = ajo.post(UNITARY, execution()).json
    assert ajo.get(f"{SCHEDULES}/{answer['executionId']}").code == 404
    assert ajo.get(f"{SCHEDULES}/nothing").code == 404


def audience_execution(**fields: Any) -> dict[str, Any]:
    asked = {"requestId": str(uuid.uuid4()), "campaignId": "orders", "audience": {"id": "gold"}, "context": CONTEXT}
    return {name: value for name, value in {**asked, **fields}.items() if value is not None}


@pytest.fixture
def gold(client: Client) -> Client:
    """With an audience of two magic people."""
    client.audiences.create(Audience(name="gold", display_name="Gold", condition="profile.locale == 'de'"))
    for number in range(2):
        client.profiles.create(Profile(identities=[f"email:sent+{number}@clarion.test"], locale="de"))
    return client


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
    answer = ajo.post(AUDIENCE, audience_execution(schedule={"executeAt": in_an_hour()})).json
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


def test_health_needs_no_key(service: Service) -> None:
    with Http(service.http) as nobody:
        answer = nobody.get("/ajo/im/health")
    assert (answer.code, answer.json) == (200, {"status": "UP"})


def test_other_urls_and_methods_are_refused_in_the_same_shape(ajo: Http) -> None:
    unknown = ajo.post("/ajo/im/executions/everybody", {})
    assert (unknown.code, reason(unknown)) == (404, "URL_UNKNOWN")
    assert UNITARY in unknown.json["title"]
    assert "openapi" not in unknown.json["title"]
    wrong = ajo.get(UNITARY)
    assert (wrong.code, reason(wrong)) == (405, "HTTP_METHOD_UNKNOWN")
    assert wrong.headers["allow"] == "POST"
    assert ajo.post(f"{SCHEDULES}/1", {}).headers["allow"] == "DELETE, GET, HEAD"


def test_a_body_that_is_too_long_is_refused_in_the_same_shape(ajo: Http) -> None:
    refused = ajo.post(UNITARY, b"", content_length=str(4 * 1024 * 1024 + 1))
    assert (refused.code, reason(refused)) == (413, "INVALID_FIELDS")


def test_errors_do_not_repeat_what_was_sent(ajo: Http) -> None:
    secret = "do-not-repeat-me"
    refused = ajo.post(UNITARY, execution(recipient(secret, context={"order": [secret]}, type=secret)))
    assert refused.code == 400
    assert secret.encode() not in refused.body
