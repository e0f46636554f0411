"""Callers of Adobe Journey Optimizer's API trigger and schedule in the same way."""

from __future__ import annotations

import datetime as dt

import pytest
from clarion_client import (
    Client,
    ExclusionReason,
    MessageState,
)

from tests.campaigns import campaign, channel
from tests.e2e.http.ajo.requests import (
    HABITS,
    HIGH_THROUGHPUT,
    SCHEDULES,
    UNITARY,
    a_file,
    execution,
    in_an_hour,
    reason,
    recipient,
)
from tests.e2e.http.calls import Http
from tests.service import Sandbox
from tests.smtp_sink import SmtpSink


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
