"""Tests what a campaign's definition must keep to, field by field."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, CampaignDefinition, Schedule
from clarion_server.domain.campaigns.campaign_rules import campaign_violations
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent, Mailbox
from clarion_server.domain.content.rules import MAX_PART
from clarion_server.domain.content.webhook import BodyFormat, Method, WebhookContent
from clarion_server.domain.instant import DAY, MINUTE, Span

EMAIL = EmailContent(subject="Hello", html="<p>Hello</p>")
VALID = CampaignDefinition("Order confirmed", Category.TRANSACTIONAL, (Action("email", "orders", EMAIL),))


def found(definition: CampaignDefinition) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in campaign_violations(definition)]


def with_email(**changes: Any) -> CampaignDefinition:
    return replace(VALID, actions=(Action("email", "orders", replace(EMAIL, **changes)),))


def test_the_smallest_campaign_is_valid() -> None:
    assert campaign_violations(VALID) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": "名" * 200},
        {"description": "x" * 2_000},
        {"description": "Two\nlines\tand a tabulator"},
        {"category": Category.MARKETING},
        {"rapid": True},
        {"default_locale": "zh-Hant-TW"},
        {"identity_namespace": "crm_id-2"},
        {"context_schema": {"type": "object"}},
        {"context_schema": {"type": "object", "description": "x" * (64 * 1024 - 35)}},
        {"schedule": Schedule(1, 2)},
        {"schedule": Schedule(end_time=1)},
    ],
)
def test_a_campaign_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(replace(VALID, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"rapid": True, "category": Category.MARKETING}, "rapid", "NOT_ALLOWED"),
        ({"display_name": ""}, "display_name", "REQUIRED"),
        ({"display_name": " "}, "display_name", "REQUIRED"),
        ({"display_name": "x" * 201}, "display_name", "TOO_LONG"),
        ({"display_name": "two\nlines"}, "display_name", "MALFORMED"),
        ({"display_name": "nul\x00"}, "display_name", "MALFORMED"),
        ({"description": "x" * 2_001}, "description", "TOO_LONG"),
        ({"description": "nul\x00"}, "description", "MALFORMED"),
        ({"category": None}, "category", "REQUIRED"),
        ({"default_locale": "en_US"}, "default_locale", "MALFORMED"),
        ({"identity_namespace": "E-Mail"}, "identity_namespace", "MALFORMED"),
        ({"identity_namespace": "x" * 33}, "identity_namespace", "MALFORMED"),
        ({"actions": ()}, "actions", "REQUIRED"),
        ({"actions": tuple(Action(f"a{n}", "orders", EMAIL) for n in range(11))}, "actions", "TOO_MANY"),
        ({"actions": VALID.actions * 2}, "actions[1].id", "DUPLICATE"),
        ({"actions": (Action("", "orders", EMAIL),)}, "actions[0].id", "MALFORMED"),
        ({"actions": (Action("E-Mail", "orders", EMAIL),)}, "actions[0].id", "MALFORMED"),
        ({"actions": (Action("x" * 33, "orders", EMAIL),)}, "actions[0].id", "MALFORMED"),
        ({"actions": (Action("email", "", EMAIL),)}, "actions[0].channel_configuration", "REQUIRED"),
        ({"actions": (Action("email", "Orders", EMAIL),)}, "actions[0].channel_configuration", "MALFORMED"),
        ({"context_schema": {}}, "context_schema", "MALFORMED"),
        ({"context_schema": {"type": "array"}}, "context_schema", "MALFORMED"),
        ({"context_schema": {"type": "object", "x": "x" * 64 * 1024}}, "context_schema", "TOO_LONG"),
        ({"context_schema": {"type": "object", "x": "ä" * 33 * 1024}}, "context_schema", "TOO_LONG"),
        ({"schedule": Schedule(2, 2)}, "schedule.end_time", "OUT_OF_RANGE"),
        ({"schedule": Schedule(2, 1)}, "schedule.end_time", "OUT_OF_RANGE"),
    ],
)
def test_a_broken_rule_is_reported_with_its_field(changes: dict[str, Any], field: str, reason: str) -> None:
    assert found(replace(VALID, **changes)) == [(field, reason)]


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "x" * 2_000},
        {"subject": "Größe 名 \N{PILE OF POO}"},
        {"html": "", "text": "Hello"},
        {"text": "x" * MAX_PART},
        {"sender": Mailbox("orders@example.com", "The Shop")},
        {"reply_to": Mailbox("help@bücher.example", "x" * 200)},
        {
            "sender": Mailbox("a@example.com", "{{ context.shop }}"),
            "reply_to": Mailbox("{{ context.shop }}@example.com"),
        },
        {"headers": {f"X-{n}": "y" * 2_000 for n in range(20)}},
        {"headers": {"List-Unsubscribe": "<https://example.com/u>"}},
    ],
)
def test_an_email_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(with_email(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"subject": ""}, "subject", "REQUIRED"),
        ({"subject": "x" * 2_001}, "subject", "TOO_LONG"),
        ({"subject": "Hello\r\nBcc: all@example.com"}, "subject", "MALFORMED"),
        ({"subject": "Hello\N{LINE SEPARATOR}"}, "subject", "MALFORMED"),
        ({"html": ""}, "html", "REQUIRED"),
        ({"html": "x" * (MAX_PART + 1)}, "html", "TOO_LONG"),
        ({"html": "ä" * (MAX_PART // 2 + 1)}, "html", "TOO_LONG"),
        ({"text": "nul\x00"}, "text", "MALFORMED"),
        ({"sender": Mailbox("")}, "from.address", "REQUIRED"),
        ({"sender": Mailbox("nobody")}, "from.address", "MALFORMED"),
        ({"sender": Mailbox("a@example.com", "x" * 201)}, "from.display_name", "TOO_LONG"),
        ({"sender": Mailbox("a@example.com", "a\nb")}, "from.display_name", "MALFORMED"),
        ({"sender": Mailbox("{{context.sender}}@example.com")}, "from.address", "MALFORMED"),
        ({"reply_to": Mailbox("{{ context.sender }}\r\nBcc: all@example.com")}, "reply_to.address", "MALFORMED"),
        ({"reply_to": Mailbox("{{ context.sender" + " " * 240 + "}}")}, "reply_to.address", "TOO_LONG"),
        ({"reply_to": Mailbox("nobody@")}, "reply_to.address", "MALFORMED"),
        ({"headers": {f"X-{n}": "y" for n in range(21)}}, "headers", "TOO_MANY"),
        ({"headers": {"X Y": "z"}}, "headers.X Y", "MALFORMED"),
        ({"headers": {"X:Y": "z"}}, "headers.X:Y", "MALFORMED"),
        ({"headers": {"": "z"}}, "headers.", "MALFORMED"),
        ({"headers": {"X" * 77: "z"}}, "headers." + "X" * 76, "MALFORMED"),
        ({"headers": {"X-Y": "z\r\nBcc: all@example.com"}}, "headers.X-Y", "MALFORMED"),
        ({"headers": {"X-Y": "z" * 2_001}}, "headers.X-Y", "TOO_LONG"),
        ({"headers": {"X-Y": "1", "x-y": "2"}}, "headers.x-y", "DUPLICATE"),
        ({"headers": {"subject": "z"}}, "headers.subject", "RESERVED"),
        ({"headers": {"Content-Language": "z"}}, "headers.Content-Language", "RESERVED"),
        ({"headers": {"BCC": "z"}}, "headers.BCC", "RESERVED"),
    ],
)
def test_a_broken_rule_of_an_email_is_reported_by_the_contracts_path(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    assert found(with_email(**changes)) == [(f"actions[0].email.{field}", reason)]


def with_webhook(**changes: Any) -> CampaignDefinition:
    return replace(VALID, actions=(Action("hook", "shop", replace(WebhookContent("{}"), **changes)),))


@pytest.mark.parametrize(
    "changes",
    [
        {"body": "x" * MAX_PART},
        {"body": "Hello", "format": BodyFormat.TEXT, "method": Method.PATCH},
        {"headers": {f"x-{n}": "y" * 2_000 for n in range(20)}},
        {"headers": {"authorization": "Bearer {{ context.token }}"}},
    ],
)
def test_a_webhook_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(with_webhook(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"body": ""}, "json", "REQUIRED"),
        ({"body": " ", "format": BodyFormat.TEXT}, "text", "REQUIRED"),
        ({"body": "x" * (MAX_PART + 1)}, "json", "TOO_LONG"),
        ({"headers": {"x y": "z"}}, "headers.x y", "MALFORMED"),
        ({"headers": {"x(y)": "z"}}, "headers.x(y)", "MALFORMED"),
        ({"headers": {"x-y": "z\r\nhost: other"}}, "headers.x-y", "MALFORMED"),
        ({"headers": {"Host": "z"}}, "headers.Host", "RESERVED"),
        ({"headers": {"Webhook-Id": "z"}}, "headers.Webhook-Id", "RESERVED"),
        ({"headers": {"content-type": "z"}}, "headers.content-type", "RESERVED"),
    ],
)
def test_a_broken_rule_of_a_webhook_is_reported_by_the_contracts_path(
    changes: dict[str, Any], field: str, reason: str
) -> None:
    assert found(with_webhook(**changes)) == [(f"actions[0].webhook.{field}", reason)]


def in_turns(first: Span | None, last: Span | None = None) -> CampaignDefinition:
    actions = (
        Action("email", "orders", EMAIL, fallback_after=first),
        Action("other", "orders", EMAIL, fallback_after=last),
    )
    return replace(VALID, actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)


@pytest.mark.parametrize("span", [MINUTE, 30 * DAY])
def test_the_next_action_may_follow_after_a_minute_or_as_late_as_after_a_month(span: Span) -> None:
    assert found(in_turns(span)) == []


@pytest.mark.parametrize(
    ("definition", "field", "reason"),
    [
        (in_turns(MINUTE - 1), "actions[0].fallback_after", "OUT_OF_RANGE"),
        (in_turns(30 * DAY + 1), "actions[0].fallback_after", "OUT_OF_RANGE"),
        (in_turns(-MINUTE), "actions[0].fallback_after", "OUT_OF_RANGE"),
        (in_turns(MINUTE, MINUTE), "actions[1].fallback_after", "NOT_ALLOWED"),
        (replace(in_turns(MINUTE), action_mode=ActionMode.ALL), "actions[0].fallback_after", "NOT_ALLOWED"),
    ],
    ids=["short", "long", "negative", "last", "all"],
)
def test_when_the_next_action_follows_is_said_only_where_one_can(
    definition: CampaignDefinition, field: str, reason: str
) -> None:
    assert found(definition) == [(field, reason)]


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    broken = replace(
        VALID,
        display_name="",
        category=None,
        actions=(Action("email", "", EmailContent(subject="", sender=Mailbox("x", "a\nb"))),),
        context_schema={},
        schedule=Schedule(2, 1),
    )
    assert found(broken) == [
        ("display_name", "REQUIRED"),
        ("category", "REQUIRED"),
        ("actions[0].channel_configuration", "REQUIRED"),
        ("actions[0].email.subject", "REQUIRED"),
        ("actions[0].email.html", "REQUIRED"),
        ("actions[0].email.from.display_name", "MALFORMED"),
        ("actions[0].email.from.address", "MALFORMED"),
        ("context_schema", "MALFORMED"),
        ("schedule.end_time", "OUT_OF_RANGE"),
    ]
