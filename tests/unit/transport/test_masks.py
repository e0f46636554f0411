"""Tests which fields an update changes."""

from __future__ import annotations

import pytest
from clarion.v1 import campaign_pb2, channel_configuration_pb2, profile_pb2
from clarion_server.application.campaigns import drafts
from clarion_server.application.channels import configurations
from clarion_server.application.profiles import profiles
from clarion_server.transport.api.masks import read_mask
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor
from google.protobuf.field_mask_pb2 import FieldMask

EDITABLE = drafts.EDITABLE_FIELDS
CAMPAIGN = campaign_pb2.Campaign(name="campaigns/a", display_name="A", etag="1", schedule=campaign_pb2.Schedule())


def test_without_a_mask_the_populated_fields_change() -> None:
    mask = read_mask(FieldMask(), CAMPAIGN, EDITABLE)
    assert mask.fields == {"display_name", "schedule"}
    assert mask.violations == ()


def test_a_star_stands_for_every_editable_field() -> None:
    assert read_mask(FieldMask(paths=["*"]), CAMPAIGN, EDITABLE).fields == EDITABLE


def test_of_more_paths_than_any_resource_has_fields_none_is_read() -> None:
    mask = read_mask(FieldMask(paths=["display_name"] * 101), CAMPAIGN, EDITABLE)
    assert mask.fields == frozenset()
    assert [(violation.field, violation.reason) for violation in mask.violations] == [("update_mask.paths", "TOO_MANY")]


def test_the_named_fields_change_populated_or_not() -> None:
    mask = read_mask(FieldMask(paths=["description", "display_name", "description"]), CAMPAIGN, EDITABLE)
    assert mask.fields == {"description", "display_name"}
    assert mask.violations == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("name", "IMMUTABLE"),
        ("etag", "IMMUTABLE"),
        ("state", "IMMUTABLE"),
        ("actions.email.subject", "NOT_TOP_LEVEL"),
        ("schedule.end_time", "NOT_TOP_LEVEL"),
        ("displayName", "UNKNOWN_FIELD"),
        ("", "UNKNOWN_FIELD"),
        ("state.x", "UNKNOWN_FIELD"),
        ("*", "MALFORMED"),
    ],
)
def test_a_path_that_cannot_be_changed_is_a_violation_of_its_path(path: str, reason: str) -> None:
    mask = read_mask(FieldMask(paths=["display_name", path]), CAMPAIGN, EDITABLE)
    assert [(violation.field, violation.reason) for violation in mask.violations] == [("update_mask.paths[1]", reason)]


def test_single_members_of_a_field_that_allows_it_change() -> None:
    paths = FieldMask(paths=["attributes.plan", "locale", "attributes.first_name"])
    mask = read_mask(paths, profile_pb2.Profile(), profiles.EDITABLE_FIELDS, members_of="attributes")
    assert (mask.fields, mask.members) == (frozenset({"locale"}), frozenset({"plan", "first_name"}))
    assert mask.violations == ()


@pytest.mark.parametrize(
    ("path", "reason"),
    [("attributes.home.city", "NOT_TOP_LEVEL"), ("attributes.", "NOT_TOP_LEVEL"), ("locale.x", "NOT_TOP_LEVEL")],
)
def test_a_path_that_leads_deeper_than_a_member_is_a_violation(path: str, reason: str) -> None:
    mask = read_mask(FieldMask(paths=[path]), profile_pb2.Profile(), profiles.EDITABLE_FIELDS, members_of="attributes")
    assert (mask.fields, mask.members) == (frozenset(), frozenset())
    assert [(violation.field, violation.reason) for violation in mask.violations] == [("update_mask.paths[0]", reason)]


def settable_fields(descriptor: Descriptor) -> set[str]:
    """Returns what the contract lets callers set, but for the etag, which is no value of theirs."""
    kept = {field_behavior_pb2.OUTPUT_ONLY, field_behavior_pb2.IDENTIFIER, field_behavior_pb2.IMMUTABLE}
    behaviours = {
        field.name: field.GetOptions().Extensions[field_behavior_pb2.field_behavior] for field in descriptor.fields
    }
    return {name for name, said in behaviours.items() if kept.isdisjoint(said)} - {"etag"}


def test_the_editable_fields_are_those_that_the_contract_lets_callers_set() -> None:
    configuration = channel_configuration_pb2.ChannelConfiguration
    assert settable_fields(campaign_pb2.Campaign.DESCRIPTOR) == drafts.EDITABLE_FIELDS
    assert settable_fields(configuration.DESCRIPTOR) == configurations.EDITABLE_FIELDS
    assert settable_fields(profile_pb2.Profile.DESCRIPTOR) == profiles.EDITABLE_FIELDS
