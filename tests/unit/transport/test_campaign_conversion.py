"""Campaigns from the wire and back."""

from __future__ import annotations

from typing import Any

import pytest
from clarion.v1 import campaign_pb2 as pb
from clarion.v1 import category_pb2, email_content_pb2
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import ActionMode, CampaignDefinition, InDoubtPolicy, Schedule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.transport.api.convert.campaigns import to_campaign, to_draft, to_finding, to_version
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.transport.definitions import definitions, instants, texts

campaigns = st.builds(
    Campaign,
    sandbox=texts,
    id=texts,
    definition=definitions,
    create_time=instants,
    creator=texts,
    update_time=instants,
    updater=texts,
    state=st.sampled_from(CampaignState),
    live_version=st.integers(0, 1_000),
    draft_pending=st.booleans(),
    activate_time=st.none() | instants,
    activator=texts,
)

MINIMAL = pb.Campaign(
    display_name="Order confirmed",
    category=category_pb2.CATEGORY_TRANSACTIONAL,
    actions=[
        pb.Action(
            channel_configuration="channelConfigurations/orders", email=email_content_pb2.EmailContent(subject="Hi")
        )
    ],
)


def changed(**fields: Any) -> Any:
    """Returns a whole campaign but for these fields."""
    kept = {field.name: value for field, value in MINIMAL.ListFields()}
    return pb.Campaign(**(kept | fields))


@given(campaigns)
def test_a_definition_survives_the_way_to_the_wire_and_back(campaign: Campaign) -> None:
    draft = to_draft(pb.Campaign.FromString(to_campaign(campaign).SerializeToString()))
    assert draft.definition == campaign.definition
    assert draft.violations == ()


@given(campaigns)
def test_a_campaign_survives_the_way_in_and_out_again(campaign: Campaign) -> None:
    wire = to_campaign(campaign)
    again = to_campaign(Campaign(**{**_fields(campaign), "definition": to_draft(wire).definition}))
    assert again == wire


def _fields(campaign: Campaign) -> dict[str, Any]:
    return {name: getattr(campaign, name) for name in Campaign.__slots__}


def test_everything_that_a_campaign_stands_for_is_shown() -> None:
    definition = CampaignDefinition("Order confirmed", Category.TRANSACTIONAL, ())
    campaign = Campaign("default", "order-confirmed", definition, 1_000_000, "apiKeys/1", 2_000_000, "apiKeys/2", key=7)
    wire = to_campaign(campaign)
    assert (wire.name, wire.etag) == ("campaigns/order-confirmed", campaign.etag)
    assert (wire.create_time, wire.update_time) == (Timestamp(seconds=1), Timestamp(seconds=2))
    assert (wire.creator, wire.updater, wire.activator) == ("apiKeys/1", "apiKeys/2", "")
    assert not wire.HasField("activate_time")
    assert not wire.HasField("schedule")
    assert not wire.HasField("context_schema")


def test_a_version_shows_what_an_author_wrote_and_nothing_else() -> None:
    definition = CampaignDefinition("Order confirmed", Category.TRANSACTIONAL, (), schedule=Schedule(1_000_000))
    version = to_version(CampaignVersion(7, 3, definition, 5_000_000, "apiKeys/1"), "order-confirmed")
    assert (version.campaign, version.version, version.creator) == ("campaigns/order-confirmed", 3, "apiKeys/1")
    assert to_draft(version.snapshot).definition == definition
    shown = {field.name for field, _ in version.snapshot.ListFields()}
    assert shown == {
        "display_name",
        "category",
        "default_locale",
        "identity_namespace",
        "schedule",
        "in_doubt_policy",
        "action_mode",
        "unknown_recipient_policy",
        "throughput_mode",
    }


def test_what_is_left_out_has_its_documented_default() -> None:
    draft = to_draft(MINIMAL)
    assert draft.violations == ()
    assert (draft.definition.default_locale, draft.definition.identity_namespace) == ("en", "email")
    assert draft.definition.in_doubt_policy is InDoubtPolicy.RESEND
    assert draft.definition.schedule == Schedule()
    assert draft.definition.context_schema is None
    (action,) = draft.definition.actions
    assert action.id == "email"
    assert isinstance(action.content, EmailContent)
    assert action.content.sender is None
    assert draft.definition.action_mode is ActionMode.ALL


def test_an_empty_schema_is_not_the_same_as_none() -> None:
    campaign = changed()
    campaign.context_schema.SetInParent()
    assert to_draft(campaign).definition.context_schema == {}


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"category": 99}, "category", "UNKNOWN_VALUE"),
        ({"in_doubt_policy": 99}, "in_doubt_policy", "UNKNOWN_VALUE"),
        ({"actions": [pb.Action(channel_configuration="channelConfigurations/a")]}, "actions[0].email", "REQUIRED"),
        (
            {"actions": [pb.Action(channel_configuration="orders", email=email_content_pb2.EmailContent())]},
            "actions[0].channel_configuration",
            "MALFORMED",
        ),
        (
            {"actions": [MINIMAL.actions[0], pb.Action(email=email_content_pb2.EmailContent())]},
            "actions[1].channel_configuration",
            "REQUIRED",
        ),
        ({"schedule": pb.Schedule(start_time=Timestamp(seconds=-1))}, "schedule.start_time", "OUT_OF_RANGE"),
        ({"schedule": pb.Schedule(end_time=Timestamp(seconds=2**60))}, "schedule.end_time", "OUT_OF_RANGE"),
        ({"schedule": pb.Schedule(end_time=Timestamp(nanos=-1))}, "schedule.end_time", "OUT_OF_RANGE"),
    ],
)
def test_what_cannot_be_read_is_a_violation_of_its_field(fields: dict[str, Any], field: str, reason: str) -> None:
    violations = to_draft(changed(**fields)).violations
    assert [(violation.field, violation.reason) for violation in violations] == [(field, reason)]


def test_a_schema_that_is_no_json_is_a_violation_of_its_field() -> None:
    campaign = changed()
    campaign.context_schema.update({"properties": {"total": {"minimum": 0}}})
    campaign.context_schema["properties"]["total"]["minimum"] = float("nan")
    (violation,) = to_draft(campaign).violations
    assert (violation.field, violation.reason) == ("context_schema.properties.total.minimum", "NOT_A_NUMBER")


def test_a_finding_carries_everything_that_review_said() -> None:
    finding = Finding(Severity.ERROR, FindingCode.TEMPLATE_SYNTAX, "actions[0].email.html", "Wrong.", "Right it.", 7)
    assert to_finding(finding) == pb.Finding(
        severity=pb.Finding.SEVERITY_ERROR,
        code="TEMPLATE_SYNTAX",
        field="actions[0].email.html",
        line=7,
        message="Wrong.",
        remedy="Right it.",
    )
