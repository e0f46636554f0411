"""The contract is served over HTTP with the same answers and refusals as over gRPC."""

from __future__ import annotations

import pytest
from clarion_client import Fragment, Scope

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.http.calls import Http
from tests.service import Sandbox, Service


@pytest.fixture
def orders(sandbox: Sandbox) -> Sandbox:
    """Has the live campaign `orders`, whose mails reach nobody."""
    with sandbox.client() as client:
        client.channels.create(channel("orders", 9))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
    return sandbox


def test_a_campaign_is_triggered_and_its_messages_are_found(http: Http, orders: Sandbox) -> None:
    recipients = [{"identity": f"email:r{place}@clarion.test", "context": CONTEXT} for place in range(3)]
    answer = http.post("/v1/campaigns/orders:trigger", {"requestId": "r-1", "recipients": recipients})
    assert answer.code == 200
    assert [each["outcome"] for each in answer.json["recipients"]] == ["OUTCOME_ACCEPTED"] * 3
    again = http.post("/v1/campaigns/orders:trigger", {"requestId": "r-1", "recipients": recipients})
    assert again.json == {**answer.json, "replayed": True}
    found = http.get(f"/v1/messages?execution={answer.json['execution']}")
    assert {each["name"] for each in found.json["messages"]} == {
        message["message"] for each in answer.json["recipients"] for message in each["messages"]
    }


def test_a_large_body_is_read_and_checked_as_a_small_one_is(http: Http, orders: Sandbox) -> None:
    large = {"identity": "email:r1@clarion.test", "context": CONTEXT, "profile": {"numbers": [1] * 10_000}}
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": [large]})
    assert (answer.code, answer.json["recipients"][0]["outcome"]) == (200, "OUTCOME_ACCEPTED")
    wrong = {"identity": "email:r2@clarion.test"}
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": [large, wrong], "recipient": 1})
    assert answer.violations == {("recipient", "UNKNOWN_FIELD")}
    assert b"The fields are: campaign, request_id, recipients, " in answer.body
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": [large, wrong]})
    assert answer.violations == {("recipients[1].context.order", "REQUIRED")}


def test_a_write_that_only_validates_stores_nothing(http: Http, orders: Sandbox) -> None:
    before = http.get("/v1/campaigns/orders").json
    answer = http.send("PATCH", "/v1/campaigns/orders?validateOnly=true", {"displayName": "Other"})
    assert (answer.code, answer.json["campaign"]["displayName"]) == (200, "Other")
    assert http.get("/v1/campaigns/orders").json == before


def test_names_that_occur_twice_are_refused_with_their_paths(http: Http, orders: Sandbox) -> None:
    body = b"""{"requestId": "a", "requestId": "b", "recipients": [], "recipients": [
        {"identity": "email:a@clarion.test", "context": {"order": "1", "order": "2"}}]}"""
    answer = http.post("/v1/campaigns/orders:trigger", body, content_type="application/json")
    assert (answer.code, answer.reason) == (400, "INVALID_FIELDS")
    assert answer.violations == {
        (path, "DUPLICATE") for path in ("request_id", "recipients", "recipients[0].context.order")
    }


def test_numbers_that_would_be_rounded_are_refused_with_their_paths(http: Http, orders: Sandbox) -> None:
    recipients = [{"identity": "email:a@clarion.test", "context": {"order": 1234567890123456789}}]
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": recipients})
    assert answer.violations == {("recipients[0].context.order", "INEXACT")}
    schema = {"properties": {"order": {"maximum": 9007199254740993}}}
    answer = http.send("PATCH", "/v1/campaigns/orders?updateMask=contextSchema", {"contextSchema": schema})
    assert answer.violations == {("campaign.context_schema.properties.order.maximum", "INEXACT")}


def test_broken_json_is_refused_with_line_and_column(http: Http) -> None:
    body = b'{\n  "requestId": "a",\n  "recipients": [\n}'
    answer = http.post("/v1/campaigns/orders:trigger", body, content_type="application/json")
    assert (answer.code, answer.violations) == (400, {("", "MALFORMED")})
    assert "line 4, column 1" in answer.json["message"]


def test_a_refusal_lists_every_violation_by_its_path(http: Http, orders: Sandbox) -> None:
    recipients = [{"identity": "email:a@clarion.test"}, {"identity": "b", "context": {"order": 1}}]
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": recipients})
    assert (answer.code, answer.json["code"], answer.reason) == (400, 3, "INVALID_FIELDS")
    assert {field for field, _ in answer.violations} == {
        "recipients[0].context.order",
        "recipients[1].identity",
        "recipients[1].address",
        "recipients[1].context.order",
    }


def test_more_violations_than_a_trailer_has_room_for_are_listed(http: Http, orders: Sandbox) -> None:
    recipients = [{"identity": f"email:r{place}@clarion.test", "context": {}} for place in range(500)]
    answer = http.post("/v1/campaigns/orders:trigger", {"recipients": recipients})
    assert answer.violations == {(f"recipients[{place}].context.order", "REQUIRED") for place in range(500)}


def test_a_call_without_a_key_or_without_the_scope_is_refused(service: Service, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        weak = client.keys.create("for a test", [Scope.READ]).secret
    with Http(service.http) as stranger, Http(service.http, weak) as reader:
        answer = stranger.get("/v1/campaigns")
        assert (answer.code, answer.reason, answer.headers["www-authenticate"]) == (401, "UNAUTHENTICATED", "Bearer")
        answer = reader.post("/v1/campaigns/orders:trigger", {})
        assert (answer.code, answer.reason) == (403, "SCOPE_DENIED")
        assert reader.get("/v1/campaigns").json == {}


def test_an_unknown_url_or_method_is_refused(http: Http) -> None:
    for path in ("/", "/v1/nothing", "/v2/campaigns"):
        answer = http.get(path)
        assert (answer.code, answer.reason) == (404, "URL_UNKNOWN")
    answer = http.send("PUT", "/v1/campaigns")
    assert (answer.code, answer.reason, answer.headers["allow"]) == (405, "HTTP_METHOD_UNKNOWN", "GET, POST")


def test_single_attributes_are_changed_by_their_own_names(http: Http) -> None:
    attributes = {"firstName": "Jane", "first_name": "Joe", "plan": "free"}
    created = http.post("/v1/profiles", {"identities": ["crm:mask"], "attributes": attributes}).json["profile"]
    path = f"/v1/{created['name']}?updateMask=attributes.firstName,attributes.plan,timeZone"
    changed = http.send("PATCH", path, {"attributes": {"firstName": "Jane Doe"}, "timeZone": "Europe/Berlin"})
    assert changed.json["profile"]["attributes"] == {"firstName": "Jane Doe", "first_name": "Joe"}
    assert changed.json["profile"]["timeZone"] == "Europe/Berlin"


def test_a_persons_choices_and_what_silence_means_are_read_and_written(http: Http) -> None:
    person, denial = {"identity": "email:jane@example.com"}, {"choice": "CHOICE_DENIED", "source": "SOURCE_FORM"}
    stored = http.post("/v1/consents:set", {**person, "changes": [{**denial, "channel": "CHANNEL_EMAIL"}]})
    assert (stored.code, [each["choice"] for each in stored.json["consents"]]) == (200, ["CHOICE_DENIED"])
    found = http.post("/v1/consents:get", {"profile": stored.json["profile"]})
    assert found.json["changes"] == stored.json["changes"]
    copied = {"choice": "CHOICE_GRANTED", "source": "SOURCE_SYNC", "channel": "CHANNEL_EMAIL"}
    refused = http.post("/v1/consents:set", {**person, "changes": [copied]})
    assert (refused.code, refused.reason) == (400, "DENIAL_STANDS")
    settings = http.get("/v1/consentSettings").json["consentSettings"]
    assert settings["silence"] == "SILENCE_SEND_ONLY_IF_GRANTED"
    changed = {"silence": "SILENCE_SEND_UNLESS_DENIED", "etag": settings["etag"]}
    answer = http.send("PATCH", "/v1/consentSettings", changed)
    assert (answer.code, answer.json["consentSettings"]["silence"]) == (200, "SILENCE_SEND_UNLESS_DENIED")
    assert http.send("PATCH", "/v1/consentSettings", changed).reason == "ETAG_MISMATCH"


def test_the_path_of_an_approval_names_a_fragment_or_a_campaign(http: Http, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.fragments.create(Fragment(name="footer", source="<p>The Shop</p>"))
    submitted = http.post("/v1/fragments/footer:submitForApproval", {"comment": "Please look."})
    assert (submitted.code, submitted.json["approval"]["fragment"]) == (200, "fragments/footer")
    (step,) = http.get("/v1/fragments/footer/approvalSteps").json["approvalSteps"]
    assert (step["action"], step["comment"]) == ("ACTION_SUBMITTED", "Please look.")
    assert http.get("/v1/campaigns/footer/approval").code == 404
