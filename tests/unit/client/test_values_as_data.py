"""Values are written to JSON, and read from JSON and YAML with all mistakes at once."""

from __future__ import annotations

import datetime as dt
import json
import math
import pickle
from typing import Any

import clarion_client as client
import pytest
import yaml
from clarion_client import (
    Action,
    Campaign,
    Category,
    ChannelConfiguration,
    EmailContent,
    FieldError,
    Mailbox,
    Value,
)

from tests.unit.client.values import CAMPAIGN, CHANNEL, NEW_YEAR


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
        ({"actions": {"email": {}}}, "actions", "is a mapping, not a list"),
        ({"tags": 7}, "tags", "is a whole number, not a list"),
        ({"actions": ["x"]}, "actions[0]", "is a string, not a mapping"),
        ({"category": "URGENT"}, "category", f"is 'URGENT', {CATEGORIES}"),
        ({"category": "UNRECOGNIZED"}, "category", f"is 'UNRECOGNIZED', {CATEGORIES}"),
        ({"category": 1}, "category", f"is '1', {CATEGORIES}"),
        ({"display_name": 5}, "display_name", "is 5, not a string"),
        ({"live_version": True}, "live_version", "is True, not a whole number"),
        ({"live_version": 2**31}, "live_version", "is 2147483648, which is too large a number"),
        ({"draft_pending": 1}, "draft_pending", "is 1, not true or false"),
        ({"schedule": {"start_time": "tomorrow"}}, "schedule.start_time", f"is 'tomorrow', {TIME}"),
        ({"schedule": {"start_time": "2027-01-01T00:00:00"}}, "schedule.start_time", "has no time zone"),
        (
            {"schedule": {"start_time": "0001-01-01T00:00:00+10:00"}},
            "schedule.start_time",
            "is 0001-01-01T00:00:00+10:00, which is out of range",
        ),
        ({"schedule": {"end_time": NEW_YEAR.date()}}, "schedule.end_time", f"is '2027-01-01', {TIME}"),
        ({"context_schema": {"a": [math.inf]}}, "context_schema.a[0]", "is inf, which JSON does not know"),
        ({"context_schema": "object"}, "context_schema", "is a string, not a mapping"),
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
