from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
import pickle
from enum import StrEnum
from typing import Any

import clarion_client as client
import pytest
import yaml
from clarion.v1 import (
    api_key_service_pb2,
    attempt_pb2,
    campaign_pb2,
    event_pb2,
    execution_service_pb2,
    message_pb2,
    message_service_pb2,
    report_service_pb2,
    trigger_service_pb2,
)
from clarion_client import (
    Action,
    Campaign,
    Category,
    ChannelConfiguration,
    EmailContent,
    FieldError,
    Mailbox,
    TlsMode,
    Value,
)
from clarion_client._conversion import DESCRIPTORS, read, write
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SUPPRESSED = attempt_pb2.EXCLUSION_REASON_SUPPRESSED
NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

VALUES = [item for item in DESCRIPTORS if issubclass(item, Value)]
ENUMS = [item for item in DESCRIPTORS if issubclass(item, StrEnum)]

each_value = pytest.mark.parametrize("value_type", VALUES, ids=lambda item: item.__name__)
each_enum = pytest.mark.parametrize("enum", ENUMS, ids=lambda item: item.__name__)

#: Every field that an author can set, in every form that it can take.
CAMPAIGN = Campaign(
    name="campaigns/order-confirmed",
    display_name="Order confirmed",
    description="Sent when an order is paid.",
    tags=("orders", "shop"),
    category=Category.TRANSACTIONAL,
    default_locale="pt-BR",
    identity_namespace="email",
    actions=(
        Action(
            channel_configuration="channelConfigurations/orders",
            email=EmailContent(
                subject="Order {{ context.order.id }}",
                html="<p>Obrigado!</p>",
                from_=Mailbox("orders@shop.example", "Loja São João"),
                reply_to=Mailbox("help@shop.example"),
                headers={"X-Shop": "1"},
            ),
        ),
    ),
    context_schema={"type": "object", "properties": {"order": {"minProperties": 1}}, "required": []},
    schedule=client.Schedule(start_time=NEW_YEAR, end_time=NEW_YEAR + dt.timedelta(days=31, microseconds=1)),
    in_doubt_policy=client.InDoubtPolicy.PARK,
)

CHANNEL = ChannelConfiguration(
    name="channelConfigurations/orders",
    display_name="Orders",
    categories=(Category.TRANSACTIONAL, Category.MARKETING),
    smtp=client.SmtpProvider(
        host="mail.example",
        port=587,
        tls_mode=TlsMode.STARTTLS,
        username="shop",
        password="hunter2",
        sender=Mailbox("orders@shop.example"),
        timeout=dt.timedelta(seconds=1.5),
    ),
    retry_policy=client.RetryPolicy(window=dt.timedelta(0), max_delay=dt.timedelta(minutes=5)),
    max_rate=0.5,
)


def message_type_of(value_type: type[Value]) -> type[Message]:
    return GetMessageClass(DESCRIPTORS[value_type])


@each_value
def test_a_value_has_every_field_of_its_message(value_type: Any) -> None:
    # `localized_message` repeats a violation in a language, which no Clarion service does.
    wire_names = set(DESCRIPTORS[value_type].fields_by_name) - {"localized_message"}

    assert {field.name.removesuffix("_") for field in dataclasses.fields(value_type)} == wire_names


def test_every_value_and_every_enum_is_public() -> None:
    public = {item for name in client.__all__ if isinstance(item := getattr(client, name), type)}

    assert {*VALUES, *ENUMS} <= public


@each_value
def test_an_empty_message_is_a_value(value_type: type[Value]) -> None:
    assert isinstance(read(value_type, message_type_of(value_type)()), value_type)


@each_enum
def test_an_enum_has_every_member_of_the_contract_by_its_short_name(enum: type[StrEnum]) -> None:
    unspecified, *values = [value.name for value in DESCRIPTORS[enum].values]
    prefix = unspecified.removesuffix("UNSPECIFIED")

    assert [member.value for member in enum if member.name != "UNRECOGNIZED"] == [
        value.removeprefix(prefix) for value in values
    ]
    assert all(member.name == member.value for member in enum)


@pytest.mark.parametrize("enum", [client.QueueDisposal, client.ErrorReason], ids=["QueueDisposal", "ErrorReason"])
def test_an_enum_that_is_in_no_answer_has_no_unrecognized_member(enum: type[StrEnum]) -> None:
    assert "UNRECOGNIZED" not in enum.__members__


def test_both_cancellations_number_their_outcomes_alike() -> None:
    executions = execution_service_pb2.CancelExecutionResponse.Outcome
    messages = message_service_pb2.CancelMessageResponse.Outcome

    assert dict(messages.items()).items() <= dict(executions.items()).items()


@pytest.mark.parametrize("value", [CAMPAIGN, CHANNEL], ids=["campaign", "channel configuration"])
def test_a_value_is_the_same_after_the_wire(value: Value) -> None:
    message_type = message_type_of(type(value))

    received = message_type.FromString(write(value, message_type).SerializeToString())

    assert read(type(value), received) == value


@pytest.mark.parametrize("value", [CAMPAIGN, CHANNEL], ids=["campaign", "channel configuration"])
def test_a_value_is_the_same_after_json(value: Value) -> None:
    assert type(value).from_dict(json.loads(json.dumps(value.to_dict()))) == value


def test_json_has_short_enums_rfc_3339_times_and_seconds() -> None:
    campaign, channel = CAMPAIGN.to_dict(), CHANNEL.to_dict()

    assert campaign["category"] == "TRANSACTIONAL"
    assert campaign["schedule"] == {"start_time": "2027-01-01T00:00:00Z", "end_time": "2027-02-01T00:00:00.000001Z"}
    assert campaign["actions"][0]["email"]["from"]["address"] == "orders@shop.example"
    assert channel["smtp"]["timeout"] == "1.500s"


def test_json_leaves_out_what_is_absent_and_keeps_what_is_empty() -> None:
    data = Campaign(name="campaigns/x").to_dict()

    assert "category" not in data
    assert (data["tags"], data["description"], data["live_version"]) == ([], "", 0)


def test_a_file_in_the_contracts_words_is_read() -> None:
    source = """
        name: campaigns/order-confirmed
        category: CATEGORY_TRANSACTIONAL
        in_doubt_policy: PARK
        actions:
          - channel_configuration: orders
            email: {subject: Hello, from: {address: a@b.example}}
        schedule: {start_time: 2027-01-01T01:00:00+01:00, end_time: "2027-02-01T00:00:00Z"}
        """

    campaign = Campaign.from_dict(yaml.safe_load(source))

    assert campaign == Campaign(
        name="campaigns/order-confirmed",
        category=Category.TRANSACTIONAL,
        in_doubt_policy=client.InDoubtPolicy.PARK,
        actions=(
            Action(channel_configuration="orders", email=EmailContent(subject="Hello", from_=Mailbox("a@b.example"))),
        ),
        schedule=client.Schedule(start_time=NEW_YEAR, end_time=NEW_YEAR + dt.timedelta(days=31)),
    )


TIME = "not a time such as 2027-01-31T09:00:00Z"
CATEGORIES = "not one of TRANSACTIONAL, MARKETING"


@pytest.mark.parametrize(
    ("data", "path", "problem"),
    [
        ({"dispaly_name": "x"}, "dispaly_name", "is no field of Campaign; did you mean display_name?"),
        ({"zzz": 1}, "zzz", "is no field of Campaign"),
        ({5: 1}, "5", "is no field of Campaign"),
        ({"actions": [{"email": {}}]}, "actions[0].channel_configuration", "is missing"),
        ({"actions": {"email": {}}}, "actions", "is a dict, not a list"),
        ({"tags": 7}, "tags", "is an int, not a list"),
        ({"actions": ["x"]}, "actions[0]", "is a str, not a mapping"),
        ({"category": "URGENT"}, "category", f"is 'URGENT', {CATEGORIES}"),
        ({"category": "UNRECOGNIZED"}, "category", f"is 'UNRECOGNIZED', {CATEGORIES}"),
        ({"category": 1}, "category", f"is '1', {CATEGORIES}"),
        ({"display_name": 5}, "display_name", "is 5, not a string"),
        ({"live_version": True}, "live_version", "is True, not a whole number"),
        ({"live_version": 2**31}, "live_version", "is 2147483648, which is too large a number"),
        ({"draft_pending": 1}, "draft_pending", "is 1, not true or false"),
        ({"schedule": {"start_time": "tomorrow"}}, "schedule.start_time", f"is 'tomorrow', {TIME}"),
        ({"schedule": {"start_time": "2027-01-01T00:00:00"}}, "schedule.start_time", "has no time zone"),
        ({"schedule": {"end_time": NEW_YEAR.date()}}, "schedule.end_time", f"is '2027-01-01', {TIME}"),
        ({"context_schema": {"a": [math.inf]}}, "context_schema.a[0]", "is inf, which JSON does not know"),
        ({"context_schema": "object"}, "context_schema", "is a str, not a mapping"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_path(data: dict[Any, Any], path: str, problem: str) -> None:
    with pytest.raises(FieldError) as refusal:
        Campaign.from_dict(data)

    assert (refusal.value.path, refusal.value.problem) == (path, problem)
    assert str(refusal.value).startswith(f"{path} {problem}")


def test_every_mistake_in_a_file_is_found_at_once() -> None:
    webhook = {"json": "{}", "text": "x", "method": "FETCH"}
    data = {"tags": ["a", 1, 2], "actions": [{"email": {"subjekt": "x"}, "webhook": webhook}], "rapid": "yes"}

    with pytest.raises(FieldError) as refusal:
        Campaign.from_dict(data)

    assert {error.path for error in refusal.value.errors} == {
        "tags[1]",
        "tags[2]",
        "actions[0]",
        "actions[0].channel_configuration",
        "actions[0].email.subject",
        "actions[0].email.subjekt",
        "actions[0].webhook",
        "actions[0].webhook.method",
        "rapid",
    }
    assert len(str(refusal.value).splitlines()) == 9


def test_a_message_for_people_lists_ten_mistakes() -> None:
    with pytest.raises(FieldError) as refusal:
        Campaign.from_dict({"tags": [1] * 25})

    assert len(refusal.value.errors) == 25
    assert str(refusal.value).splitlines()[9:] == ["tags[9] is 1, not a string", "... and 15 more"]


def test_mistakes_survive_pickling() -> None:
    with pytest.raises(FieldError) as refusal:
        Campaign.from_dict({"tags": [1, 2]})

    copy = pickle.loads(pickle.dumps(refusal.value))

    assert [error.path for error in copy.errors] == ["tags[0]", "tags[1]"]
    assert str(copy) == str(refusal.value)


def test_a_mistake_is_a_wrong_value_and_a_wrong_type() -> None:
    assert issubclass(FieldError, ValueError)
    assert issubclass(FieldError, TypeError)


def test_data_that_is_no_mapping_is_refused() -> None:
    with pytest.raises(FieldError, match="The value is a list, not a mapping"):
        Campaign.from_dict([])  # type: ignore[arg-type]  # the caller's mistake


@pytest.mark.parametrize("timeout", ["soon", 30, "30", None])
def test_a_duration_in_a_file_is_a_number_of_seconds_with_its_unit(timeout: object) -> None:
    data = {"smtp": {"host": "mail.example", "timeout": timeout}}

    if timeout is None:
        assert ChannelConfiguration.from_dict(data).smtp == client.SmtpProvider(host="mail.example")
    else:
        with pytest.raises(FieldError, match=r"smtp\.timeout is .*, not a number of seconds such as 30s"):
            ChannelConfiguration.from_dict(data)


def test_headers_in_a_file_are_strings() -> None:
    with pytest.raises(FieldError, match=r"headers\.X-Shop is 1, not a string"):
        EmailContent.from_dict({"subject": "x", "headers": {"X-Shop": 1}})


def test_whole_numbers_do_for_fractions() -> None:
    assert ChannelConfiguration.from_dict({"max_rate": 5}).max_rate == 5


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


def test_secrets_are_not_shown() -> None:
    key = read(client.NewApiKey, api_key_service_pb2.CreateApiKeyResponse(secret="hunter2"))

    assert "hunter2" not in repr(CHANNEL)
    assert "hunter2" not in repr(key)
    assert key.to_dict()["secret"] == "hunter2"


def test_values_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        CAMPAIGN.name = "x"  # type: ignore[misc]  # the caller's mistake
    assert not hasattr(CAMPAIGN, "__dict__")
