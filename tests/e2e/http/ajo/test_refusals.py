"""Callers of Adobe Journey Optimizer's API are refused in the shape that they know."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_client import (
    Client,
    Scope,
)

from tests.e2e.http.ajo.requests import (
    SCHEDULES,
    UNITARY,
    a_file,
    execution,
    reason,
    recipient,
    violations,
)
from tests.e2e.http.calls import Http
from tests.service import Sandbox, Service


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
#: Says what is sent in place of a good execution, and the violations that it is refused with.
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
    "a schedule without its time": (
        execution(schedule={"startTime": "2027-01-01T00:00:00Z"}),
        {("schedule.executeAt", "REQUIRED")},
    ),
    "a time that is none": (
        execution(schedule={"executeAt": "tomorrow"}),
        {("schedule.executeAt", "MALFORMED")},
    ),
    "a time without a zone": (
        execution(schedule={"executeAt": "2027-01-01T00:00:00"}),
        {("schedule.executeAt", "MALFORMED")},
    ),
    "a time before the first year": (
        execution(schedule={"executeAt": "0001-01-01T00:00:00+10:00"}),
        {("schedule.executeAt", "OUT_OF_RANGE")},
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
