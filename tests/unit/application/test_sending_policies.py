"""Sending policies: made, changed, deleted, and named by campaigns."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import ThroughputMode
from clarion_server.domain.errors import (
    EtagMismatch,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
    ReviewFailed,
    SendingPolicyInUse,
)
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.instant import HOUR
from clarion_server.domain.sending_policies.sending_policy import MAX_POLICIES, WhenClosed
from clarion_server.domain.violation import Violation

from tests.unit.application.sending_policies import NIGHT, POLICY, Policies
from tests.unit.application.world import AUTHOR, STRANGER, World


async def test_a_new_policy_is_kept_in_its_sandbox(world: World, policies: Policies) -> None:
    created = await policies.make("nights")
    assert created == await policies.get("nights", AUTHOR)
    assert (created.name, created.create_time) == ("sendingPolicies/nights", world.clock.now())
    with pytest.raises(ResourceExists):
        await policies.make("nights")
    with pytest.raises(ResourceNotFound):
        await policies.get("nights", STRANGER)
    assert await policies.page(None, 9, STRANGER) == []


async def test_everything_wrong_with_a_new_one_is_told_by_paths_in_the_request(policies: Policies) -> None:
    unread = Violation("when_closed", "UNKNOWN_VALUE", "Must be known.")
    sent = ResourceInput(replace(POLICY, display_name="", time_zone="Mars"), (unread,))
    with pytest.raises(InvalidFields) as refused:
        await policies.create(CreateResource("Nights", sent), AUTHOR)
    assert [violation.field for violation in refused.value.violations] == [
        "sending_policy_id",
        "sending_policy.when_closed",
        "sending_policy.display_name",
        "sending_policy.time_zone",
    ]


async def test_what_is_only_validated_is_not_stored(policies: Policies) -> None:
    await policies.create(CreateResource("nights", ResourceInput(POLICY), validate_only=True), AUTHOR)
    assert await policies.page(None, 9, AUTHOR) == []
    await policies.make("nights")
    with pytest.raises(ResourceExists):
        await policies.create(CreateResource("nights", ResourceInput(POLICY), validate_only=True), AUTHOR)
    command = UpdateResource("nights", ResourceInput(replace(POLICY, display_name="X")), frozenset({"display_name"}))
    assert (await policies.update(replace(command, validate_only=True), AUTHOR)).display_name == "X"
    assert (await policies.get("nights", AUTHOR)).display_name == "Nights"


async def test_an_update_changes_the_named_fields_of_the_revision_that_was_read(
    world: World, policies: Policies
) -> None:
    read = await policies.make()
    world.clock.advance(HOUR)
    changed = await policies.change(etag=read.etag, when_closed=WhenClosed.EXCLUDE)
    assert (changed.when_closed, changed.quiet_hours) == (WhenClosed.EXCLUDE, (NIGHT,))
    assert changed.update_time == read.update_time + HOUR
    with pytest.raises(EtagMismatch):
        await policies.change(etag=read.etag, time_zone="Asia/Tokyo")
    with pytest.raises(InvalidFields):
        await policies.change(time_zone="")


async def test_a_sandbox_has_a_hundred_policies(policies: Policies) -> None:
    for number in range(MAX_POLICIES):
        await policies.make(f"p{number}")
    with pytest.raises(InvalidFields) as refused:
        await policies.make()
    assert [(each.field, each.reason) for each in refused.value.violations] == [("sending_policy_id", "TOO_MANY")]
    await policies.delete("p0", "", AUTHOR)
    await policies.make()


async def test_a_deleted_policy_is_gone(policies: Policies) -> None:
    created = await policies.make()
    with pytest.raises(EtagMismatch):
        await policies.delete("default", '"0-0"', AUTHOR)
    await policies.delete("default", created.etag, AUTHOR)
    with pytest.raises(ResourceNotFound):
        await policies.delete("default", "", AUTHOR)


async def test_a_policy_is_not_deleted_while_a_campaign_in_use_names_it(world: World, policies: Policies) -> None:
    await policies.make("nights")
    await world.live(sending_policy="nights")
    with pytest.raises(SendingPolicyInUse, match="campaigns/order-confirmed"):
        await policies.delete("nights", "", AUTHOR)
    await world.life_cycle.stop("order-confirmed", QueueDisposal.CANCEL, "", AUTHOR)
    await policies.delete("nights", "", AUTHOR)


async def test_the_live_version_decides_whether_a_policy_is_in_use(world: World, policies: Policies) -> None:
    await policies.make("nights")
    await world.live(sending_policy="nights")
    await world.update(sending_policy=None)
    with pytest.raises(SendingPolicyInUse):
        await policies.delete("nights", "", AUTHOR)
    await world.activate()
    await policies.delete("nights", "", AUTHOR)


async def test_a_campaign_is_not_activated_with_a_policy_that_is_missing(world: World, policies: Policies) -> None:
    await world.channel()
    await world.draft(sending_policy="nights")
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    assert [finding.code for finding in refused.value.findings] == [FindingCode.SENDING_POLICY_MISSING]
    await policies.make("nights")
    await world.activate()


async def test_a_campaign_that_looks_up_nobody_names_no_policy(world: World, policies: Policies) -> None:
    await policies.make("nights")
    await world.channel()
    await world.draft(sending_policy="nights", throughput_mode=ThroughputMode.HIGH)
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    assert [finding.code for finding in refused.value.findings] == [FindingCode.HIGH_LOOKS_UP_NOBODY]
