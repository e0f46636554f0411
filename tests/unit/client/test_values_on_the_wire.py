"""Values are sent as messages of the contract, and read from them."""

from __future__ import annotations

import clarion_client as client
import pytest
from clarion.v1 import (
    attempt_pb2,
    campaign_pb2,
    event_pb2,
    message_pb2,
    report_service_pb2,
    trigger_service_pb2,
)
from clarion_client import (
    Action,
    Campaign,
    Category,
    EmailContent,
    FieldError,
    Value,
)
from clarion_client._conversion import read, write

from tests.unit.client.values import CAMPAIGN, CHANNEL, NEW_YEAR, message_type_of

SUPPRESSED = attempt_pb2.EXCLUSION_REASON_SUPPRESSED


@pytest.mark.parametrize("value", [CAMPAIGN, CHANNEL], ids=["campaign", "channel configuration"])
def test_a_value_is_the_same_after_the_wire(value: Value) -> None:
    message_type = message_type_of(type(value))

    received = message_type.FromString(write(value, message_type).SerializeToString())

    assert read(type(value), received) == value


def test_short_names_are_sent_in_full() -> None:
    trigger = client.Trigger(
        "order-confirmed", [client.Recipient("jane@example.com"), client.Recipient("crm:4711", address="a@b.example")]
    )
    campaign = Campaign(name="x", actions=[Action(channel_configuration="orders")])

    sent = write(trigger, trigger_service_pb2.TriggerRequest)
    written = write(campaign, campaign_pb2.Campaign)

    assert sent.campaign == "campaigns/order-confirmed"
    assert [recipient.identity for recipient in sent.recipients] == ["email:jane@example.com", "crm:4711"]
    assert written.name == "campaigns/x"
    assert written.actions[0].channel_configuration == "channelConfigurations/orders"


def test_what_cannot_be_sent_is_named_with_its_path() -> None:
    recipients = [client.Recipient("a@b.example"), client.Recipient("c@b.example", {"total": float("nan")})]

    with pytest.raises(FieldError, match=r"^recipients\[1\]\.context\.total is nan") as refusal:
        write(client.Trigger("x", recipients), trigger_service_pb2.TriggerRequest)

    assert refusal.value.path == "recipients[1].context.total"


def test_a_name_of_another_collection_is_refused_with_its_path() -> None:
    with pytest.raises(FieldError) as refusal:
        write(client.Trigger("executions/1", []), trigger_service_pb2.TriggerRequest)

    assert str(refusal.value) == "campaign is 'executions/1', which is no name in campaigns/"


def test_a_choice_is_the_alternative_that_is_given() -> None:
    action = Action(channel_configuration="hook", webhook=client.WebhookContent(json="{}"))

    assert action.content is action.webhook
    assert Action(channel_configuration="hook").content is None


def test_what_is_known_beside_an_event_is_read_as_its_alternative() -> None:
    exclusion = event_pb2.Exclusion(reason=SUPPRESSED, phase=event_pb2.Exclusion.PHASE_HAND_OFF)
    event = event_pb2.Event(type=event_pb2.Event.TYPE_EXCLUDED, exclusion=exclusion)

    value = read(client.Event, event)

    assert value.detail == client.Exclusion(
        reason=client.ExclusionReason.SUPPRESSED, phase=client.ExclusionPhase.HAND_OFF
    )
    assert value.attempt is None


def test_two_alternatives_of_a_choice_are_refused() -> None:
    both = {"email": {"subject": "x"}, "webhook": {"json": "{}"}}
    problem = "has email and webhook, of which only one can be given"

    with pytest.raises(FieldError) as from_file:
        Campaign.from_dict({"actions": [{"channel_configuration": "x", **both}]})
    action = Action(channel_configuration="x", email=EmailContent(subject="x"), webhook=client.WebhookContent())
    with pytest.raises(FieldError) as sent:
        write(Campaign(actions=[action]), campaign_pb2.Campaign)

    assert str(from_file.value) == str(sent.value) == f"actions[0] {problem}"


def test_labels_are_a_mapping() -> None:
    trigger = client.Trigger("x", [client.Recipient("a@b.example", labels={"order": "4711"})], labels={"shop": "1"})

    sent = write(trigger, trigger_service_pb2.TriggerRequest)

    assert (dict(sent.labels), dict(sent.recipients[0].labels)) == ({"shop": "1"}, {"order": "4711"})
    with pytest.raises(FieldError, match=r"labels\.shop is 1, not a string"):
        client.Trigger.from_dict({"campaign": "x", "recipients": [], "labels": {"shop": 1}})


def test_a_time_without_a_zone_is_refused() -> None:
    trigger = client.Trigger("x", [], send_time=NEW_YEAR.replace(tzinfo=None))

    with pytest.raises(FieldError, match="send_time has no time zone"):
        write(trigger, trigger_service_pb2.TriggerRequest)


def test_an_empty_context_is_sent_and_an_absent_one_is_not() -> None:
    recipients = [client.Recipient("a@b.example", {}), client.Recipient("a@b.example")]

    sent = write(client.Trigger("x", recipients), trigger_service_pb2.TriggerRequest)

    assert [recipient.HasField("context") for recipient in sent.recipients] == [True, False]


def test_times_are_read_with_a_zone_and_what_is_absent_is_none() -> None:
    message = message_pb2.Message(name="messages/1", state=message_pb2.Message.STATE_SENT)
    message.accept_time.FromDatetime(NEW_YEAR)

    value = read(client.Message, message)

    assert value.accept_time == NEW_YEAR
    assert value.state == "SENT"
    assert (value.due_time, value.failure, value.exclusion_reason) == (None, None, None)


def test_a_member_that_a_newer_service_sends_is_unrecognized() -> None:
    message = message_pb2.Message(failure={"reason": 99}, exclusion_reason=99)  # type: ignore[arg-type]  # the future

    value = read(client.Message, message)

    assert value.exclusion_reason is client.ExclusionReason.UNRECOGNIZED
    assert value.failure is not None
    assert value.failure.reason is client.FailureReason.UNRECOGNIZED


def test_an_event_that_is_about_no_message_has_no_reason_for_its_locale() -> None:
    value = read(client.Event, event_pb2.Event(type=event_pb2.Event.TYPE_PROFILE_ERASED))
    assert (value.channel, value.locale_reason) == (None, None)


def test_an_unrecognized_member_cannot_be_sent() -> None:
    with pytest.raises(FieldError, match="category is 'UNRECOGNIZED', not one of TRANSACTIONAL, MARKETING"):
        write(Campaign(category=Category.UNRECOGNIZED), campaign_pb2.Campaign)


def test_counts_by_reason_are_a_mapping() -> None:
    counts = report_service_pb2.CampaignReport.FailedCount
    reasons = attempt_pb2.Failure
    report = report_service_pb2.CampaignReport(
        failed_counts=[
            counts(reason=reasons.REASON_THROTTLED, count=2),
            counts(reason=reasons.REASON_MAILBOX_FULL, count=3),
            counts(reason=98, count=4),  # type: ignore[arg-type]  # the future
            counts(reason=99, count=5),  # type: ignore[arg-type]  # the future
        ]
    )

    value = read(client.CampaignReport, report)

    assert value.failed_counts == {"THROTTLED": 2, "MAILBOX_FULL": 3, "UNRECOGNIZED": 9}
    assert value.to_dict()["failed_counts"] == value.failed_counts
