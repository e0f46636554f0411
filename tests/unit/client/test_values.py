from __future__ import annotations

import dataclasses
import datetime as dt
import json
import math
from enum import StrEnum
from typing import Any

import clarion_client as client
import pytest
import yaml
from clarion.v1 import (
    api_key_pb2,
    api_key_service_pb2,
    campaign_pb2,
    campaign_service_pb2,
    channel_configuration_pb2,
    channel_configuration_service_pb2,
    execution_pb2,
    execution_service_pb2,
    message_pb2,
    message_service_pb2,
    report_service_pb2,
    trigger_sample_pb2,
    trigger_service_pb2,
)
from clarion_client import Action, Campaign, Category, ChannelConfiguration, EmailContent, Mailbox, TlsMode, Value
from clarion_client._values.containers import fields_of
from clarion_client._values.enums import WIRE_ENUMS
from clarion_client._values.value import read, write
from google.protobuf.descriptor import EnumDescriptor
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest

NEW_YEAR = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)

MESSAGES: dict[type[Any], type[Message]] = {
    client.Accepted: trigger_service_pb2.TriggerResponse,
    client.Action: campaign_pb2.Action,
    client.Activation: campaign_service_pb2.ActivateCampaignResponse,
    client.ApiKey: api_key_pb2.ApiKey,
    client.Attempt: message_pb2.Attempt,
    client.Campaign: campaign_pb2.Campaign,
    client.CampaignReport: report_service_pb2.CampaignReport,
    client.CampaignVersion: campaign_pb2.CampaignVersion,
    client.ChannelConfiguration: channel_configuration_pb2.ChannelConfiguration,
    client.EmailContent: campaign_pb2.EmailContent,
    client.Event: message_pb2.Event,
    client.Execution: execution_pb2.Execution,
    client.ExecutionCancellation: execution_service_pb2.CancelExecutionResponse,
    client.Failure: message_pb2.Failure,
    client.Finding: campaign_pb2.Finding,
    client.HandOffLatency: report_service_pb2.HandOffLatency,
    client.Mailbox: campaign_pb2.Mailbox,
    client.Message: message_pb2.Message,
    client.MessageCancellation: message_service_pb2.CancelMessageResponse,
    client.MessageCounts: execution_pb2.MessageCounts,
    client.NewApiKey: api_key_service_pb2.CreateApiKeyResponse,
    client.Recipient: trigger_service_pb2.Recipient,
    client.RecipientResult: trigger_service_pb2.RecipientResult,
    client.RenderedEmail: campaign_pb2.RenderedEmail,
    client.RetryPolicy: channel_configuration_pb2.RetryPolicy,
    client.Review: campaign_service_pb2.ReviewCampaignResponse,
    client.Schedule: campaign_pb2.Schedule,
    client.SmtpProvider: channel_configuration_pb2.SmtpProvider,
    client.Stop: campaign_service_pb2.StopCampaignResponse,
    client.Trigger: trigger_service_pb2.TriggerRequest,
    client.TriggerSample: trigger_sample_pb2.TriggerSample,
    client.TriggerSamples: campaign_service_pb2.GetTriggerSampleResponse,
    client.Verification: channel_configuration_service_pb2.VerifyChannelConfigurationResponse,
    client.VerificationStep: channel_configuration_service_pb2.VerificationStep,
    client.Violation: BadRequest.FieldViolation,
}

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


def members(wire: EnumDescriptor) -> list[str]:
    """The short names of the contract's values, without the unspecified one."""
    prefix = wire.values_by_number[0].name.removesuffix("UNSPECIFIED")
    return [value.name.removeprefix(prefix) for value in wire.values if value.number]


@pytest.mark.parametrize(("value_type", "message_type"), MESSAGES.items(), ids=lambda item: item.__name__)
def test_a_value_has_every_field_of_its_message(value_type: Any, message_type: type[Message]) -> None:
    # `localized_message` repeats a violation in a language, which no Clarion service does.
    wire_names = set(message_type.DESCRIPTOR.fields_by_name) - {"localized_message"}

    assert {field.wire_name for field in fields_of(value_type)} == wire_names


def test_every_public_value_is_held_against_its_message() -> None:
    public = (getattr(client, name) for name in client.__all__)
    values = {item for item in public if isinstance(item, type) and issubclass(item, Value) and item is not Value}

    assert values == set(MESSAGES)


@pytest.mark.parametrize(("value_type", "message_type"), MESSAGES.items(), ids=lambda item: item.__name__)
def test_an_empty_message_is_a_value(value_type: type[Value], message_type: type[Message]) -> None:
    assert isinstance(read(value_type, message_type()), value_type)


@pytest.mark.parametrize(("enum", "wire"), WIRE_ENUMS.items(), ids=lambda item: item.__name__ if callable(item) else "")
def test_an_enum_has_every_member_of_the_contract_by_its_short_name(enum: type[StrEnum], wire: EnumDescriptor) -> None:
    assert [member.value for member in enum if member.name != "UNRECOGNIZED"] == members(wire)
    assert all(member.name == member.value for member in enum)


def test_both_cancellations_number_their_outcomes_alike() -> None:
    executions = execution_service_pb2.CancelExecutionResponse.Outcome
    messages = message_service_pb2.CancelMessageResponse.Outcome

    assert dict(messages.items()).items() <= dict(executions.items()).items()


@pytest.mark.parametrize("value", [CAMPAIGN, CHANNEL], ids=["campaign", "channel configuration"])
def test_a_value_is_the_same_after_the_wire(value: Value) -> None:
    message_type = MESSAGES[type(value)]

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
    ("data", "error", "message"),
    [
        ({"dispaly_name": "x"}, ValueError, "dispaly_name is no field of Campaign; did you mean display_name?"),
        ({"zzz": 1}, ValueError, "zzz is no field of Campaign"),
        ({5: 1}, ValueError, "5 is no field of Campaign"),
        ({"actions": [{"email": {}}]}, ValueError, "actions[0].channel_configuration is missing"),
        ({"actions": {"email": {}}}, TypeError, "actions is a dict, not a list"),
        ({"actions": ["x"]}, TypeError, "actions[0] is a str, not a mapping"),
        ({"category": "URGENT"}, ValueError, f"category is 'URGENT', {CATEGORIES}"),
        ({"category": "UNRECOGNIZED"}, ValueError, f"category is 'UNRECOGNIZED', {CATEGORIES}"),
        ({"category": 1}, ValueError, f"category is '1', {CATEGORIES}"),
        ({"display_name": 5}, TypeError, "display_name is 5, not a string"),
        ({"live_version": True}, TypeError, "live_version is True, not a whole number"),
        ({"draft_pending": 1}, TypeError, "draft_pending is 1, not true or false"),
        ({"schedule": {"start_time": "tomorrow"}}, ValueError, f"schedule.start_time is 'tomorrow', {TIME}"),
        ({"schedule": {"start_time": "2027-01-01T00:00:00"}}, ValueError, "schedule.start_time has no time zone"),
        ({"schedule": {"end_time": NEW_YEAR.date()}}, ValueError, f"schedule.end_time is '2027-01-01', {TIME}"),
        ({"context_schema": {"a": math.inf}}, ValueError, "context_schema.a is inf, which JSON does not know"),
        ({"context_schema": "object"}, TypeError, "context_schema is a str, not a mapping"),
    ],
)
def test_a_mistake_in_a_file_is_named_with_its_path(data: dict[Any, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as refusal:
        Campaign.from_dict(data)

    assert str(refusal.value) == message


@pytest.mark.parametrize("timeout", ["soon", 30, "30", None])
def test_a_duration_in_a_file_is_a_number_of_seconds_with_its_unit(timeout: object) -> None:
    data = {"smtp": {"host": "mail.example", "timeout": timeout}}

    if timeout is None:
        assert ChannelConfiguration.from_dict(data).smtp == client.SmtpProvider(host="mail.example")
    else:
        with pytest.raises(ValueError, match=r"smtp\.timeout is .*, not a number of seconds such as 30s"):
            ChannelConfiguration.from_dict(data)


def test_headers_in_a_file_are_strings() -> None:
    with pytest.raises(TypeError, match=r"headers\.X-Shop is 1, not a string"):
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

    with pytest.raises(ValueError, match=r"^recipients\[1\]\.context\.total is nan"):
        write(client.Trigger("x", recipients), trigger_service_pb2.TriggerRequest)


def test_a_time_without_a_zone_is_refused() -> None:
    trigger = client.Trigger("x", [], send_time=NEW_YEAR.replace(tzinfo=None))

    with pytest.raises(ValueError, match="send_time has no time zone"):
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
    with pytest.raises(ValueError, match="category is 'UNRECOGNIZED', not one of TRANSACTIONAL, MARKETING"):
        write(Campaign(category=Category.UNRECOGNIZED), campaign_pb2.Campaign)


def test_counts_by_reason_are_a_mapping() -> None:
    counts = report_service_pb2.CampaignReport.FailedCount
    reasons = message_pb2.Failure
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
