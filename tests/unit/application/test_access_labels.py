"""Whoever lacks an access label is answered as if the thing did not exist; whoever holds it gives it and takes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.campaigns.drafts import CreateCampaign, Draft, DuplicateCampaign, UpdateCampaign
from clarion_server.application.campaigns.life_cycle import ActivateCampaign
from clarion_server.application.channels.configurations import (
    ChannelSettings,
    CreateChannelConfiguration,
    UpdateChannelConfiguration,
)
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.access.access import HIDDEN_THING
from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.errors import (
    CampaignNotLive,
    ChannelConfigurationInUse,
    InvalidFields,
    ResourceExists,
    ResourceNotFound,
    ReviewFailed,
)
from clarion_server.domain.finding import FindingCode

from tests.unit.application.audience_running import Runs, listed
from tests.unit.application.audience_running import command as audience_command
from tests.unit.application.compiler import COMPILER
from tests.unit.application.labelling import BOTH, EU, MIGHTY, VIP, holder, label, relabel
from tests.unit.application.running import CALLER, Process, command, messages, recipient
from tests.unit.application.world import AUTHOR, CHANNEL, DEFINITION, World

SETTINGS = ChannelSettings(CHANNEL)


def reasons(refused: pytest.ExceptionInfo[InvalidFields]) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in refused.value.violations]


async def a_channel(world: World, channel_id: str, labels: AccessLabels) -> ChannelConfiguration:
    settings = replace(SETTINGS, access_labels=labels.names)
    return await world.channels.create(CreateChannelConfiguration(channel_id, settings), MIGHTY)


# Giving and taking.


async def test_a_new_campaign_has_the_labels_that_its_author_gives_of_those_that_the_key_holds(world: World) -> None:
    draft = Draft(DEFINITION, access_labels=("vip",))
    made = await world.authoring.create(CreateCampaign("vips", draft), MIGHTY)
    assert made.access_labels == VIP
    assert (await world.authoring.get("vips", holder(VIP))).access_labels == VIP


@pytest.mark.parametrize("validate_only", [True, False])
async def test_nobody_gives_a_label_that_the_key_does_not_hold(world: World, validate_only: bool) -> None:
    draft = Draft(replace(DEFINITION, display_name=""), access_labels=("eu", "vip", "unheard-of"))
    with pytest.raises(InvalidFields) as refused:
        await world.authoring.create(CreateCampaign("vips", draft, validate_only), holder(EU))
    assert reasons(refused) == [
        ("campaign.display_name", "REQUIRED"),
        ("campaign.access_labels[1]", "LABEL_NOT_HELD"),
        ("campaign.access_labels[2]", "LABEL_NOT_HELD"),
    ]
    await world.live()
    with pytest.raises(InvalidFields) as refused:
        await relabel(world, ("vip",), holder(EU), validate_only=validate_only)
    assert reasons(refused) == [("campaign.access_labels[0]", "LABEL_NOT_HELD")]


async def test_labels_make_no_draft_and_touch_no_version(world: World) -> None:
    before = await world.live()
    after = await label(world, BOTH)
    assert (after.draft_pending, after.live_version, after.definition) == (False, 1, before.definition)
    assert after.etag != before.etag
    assert (await label(world, NO_ACCESS_LABELS)).access_labels == NO_ACCESS_LABELS


async def test_labels_change_in_every_state(world: World) -> None:
    await world.live()
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    assert (await label(world, EU)).access_labels == EU
    await world.life_cycle.archive("order-confirmed", "", MIGHTY)
    assert (await label(world, VIP)).access_labels == VIP


async def test_a_change_of_other_fields_keeps_the_labels(world: World) -> None:
    await world.draft()
    await label(world, EU)
    draft = Draft(replace(DEFINITION, display_name="Renamed"))
    update = UpdateCampaign("order-confirmed", draft, frozenset({"display_name"}))
    changed = await world.authoring.update(update, MIGHTY)
    assert (changed.definition.display_name, changed.access_labels) == ("Renamed", EU)


async def test_a_copy_has_the_labels_of_what_it_copies(world: World) -> None:
    await world.draft()
    await label(world, BOTH)
    copy = await world.authoring.duplicate(DuplicateCampaign("order-confirmed", "copy"), MIGHTY)
    assert copy.access_labels == BOTH


async def test_channel_configurations_and_audiences_have_labels_likewise(world: World) -> None:
    await a_channel(world, "vip-mail", VIP)
    with pytest.raises(ResourceNotFound):
        await world.channels.get("vip-mail", holder(EU))
    settings = replace(SETTINGS, access_labels=("eu", "vip"))
    update = UpdateChannelConfiguration("vip-mail", settings, frozenset({"access_labels"}))
    with pytest.raises(InvalidFields) as refused:
        await world.channels.update(update, holder(VIP))
    assert reasons(refused) == [("channel_configuration.access_labels[0]", "LABEL_NOT_HELD")]
    assert (await world.channels.update(update, MIGHTY)).access_labels == BOTH
    with pytest.raises(InvalidFields) as refused:
        await world.channels.create(CreateChannelConfiguration("more", settings), holder(EU))
    assert reasons(refused) == [("channel_configuration.access_labels[1]", "LABEL_NOT_HELD")]

    audiences = ManageAudiences(world.transactions, CelConditionCompiler(), world.clock)
    sent = ResourceInput(Audience(sandbox="", id="", display_name="VIP", create_time=0, update_time=0), (), ("vip",))
    with pytest.raises(InvalidFields) as refused:
        await audiences.create(CreateResource("vip", sent), holder())
    assert reasons(refused) == [("audience.access_labels[0]", "LABEL_NOT_HELD")]
    assert (await audiences.create(CreateResource("vip", sent), MIGHTY)).access_labels == VIP
    with pytest.raises(ResourceNotFound):
        await audiences.update(UpdateResource("vip", sent, frozenset({"display_name"})), holder(EU))
    bare = replace(sent, access_labels=())
    bared = await audiences.update(UpdateResource("vip", bare, frozenset({"access_labels"})), holder(VIP))
    assert bared.access_labels == NO_ACCESS_LABELS


# Names are of the whole sandbox.


@pytest.mark.parametrize("validate_only", [True, False])
async def test_a_name_is_taken_also_by_what_the_caller_does_not_see(world: World, validate_only: bool) -> None:
    await world.draft()
    await label(world, EU)
    create = CreateCampaign("order-confirmed", Draft(DEFINITION), validate_only)
    with pytest.raises(ResourceExists):
        await world.authoring.create(create, AUTHOR)
    await a_channel(world, "eu-mail", EU)
    with pytest.raises(ResourceExists):
        await world.channels.create(CreateChannelConfiguration("eu-mail", SETTINGS, validate_only), AUTHOR)


# Triggers.


async def test_a_live_campaign_in_memory_is_hidden_as_if_it_were_none(world: World, process: Process) -> None:
    await process.trigger()
    process.campaigns.invalidate(await label(world, EU))
    with pytest.raises(ResourceNotFound):
        await process.trigger()
    await process.triggering.trigger(command(), holder(EU))
    # It is in memory now, where the trigger of a stream looks for it.
    for validate_only in (True, False):
        with pytest.raises(ResourceNotFound):
            await process.trigger(validate_only=validate_only)
        assert process.triggering.begin(command(validate_only=validate_only), CALLER) is None
        with pytest.raises(ResourceNotFound):
            await process.triggering.load_and_begin(command(validate_only=validate_only), CALLER)
    assert len(messages(world)) == 2


async def test_nobody_learns_the_state_of_a_hidden_campaign(world: World, process: Process) -> None:
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    with pytest.raises(CampaignNotLive):
        await process.trigger()
    await label(world, EU)
    with pytest.raises(ResourceNotFound):
        await process.trigger()
    with pytest.raises(CampaignNotLive):
        await process.triggering.trigger(command(), holder(EU))


@pytest.mark.parametrize("context", [{"order": {"id": "4711"}}, {"order": 4711}])
async def test_a_label_holds_at_once_for_a_process_that_was_not_told(
    world: World, process: Process, context: dict[str, Any]
) -> None:
    await process.trigger()
    await label(world, EU)
    for fields in ({}, {"request_id": "1"}, {"validate_only": True}):
        with pytest.raises(ResourceNotFound):
            await process.trigger(recipient(context=context), **fields)
    assert len(messages(world)) == 1


async def test_a_campaign_without_its_label_is_seen_at_once_by_a_process_that_was_not_told(
    world: World, process: Process
) -> None:
    await label(world, EU)
    await process.triggering.trigger(command(), holder(EU))
    await label(world, NO_ACCESS_LABELS)
    assert process.triggering.begin(command(), CALLER) is None
    assert not (await process.trigger()).replayed
    assert len(messages(world)) == 2


async def test_a_repeated_request_is_hidden_with_its_campaign(world: World, process: Process) -> None:
    await process.trigger(request_id="1")
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    process.campaigns.invalidate(await label(world, EU))
    with pytest.raises(ResourceNotFound):
        await process.trigger(request_id="1")
    assert (await process.triggering.trigger(command(request_id="1"), holder(EU))).replayed


# Parts of campaigns.


async def test_a_campaign_is_activated_only_with_the_labels_of_the_channel_configuration(world: World) -> None:
    await a_channel(world, "orders", BOTH)
    await world.draft()
    await label(world, EU)
    with pytest.raises(ReviewFailed) as refused:
        await world.life_cycle.activate(ActivateCampaign("order-confirmed"), MIGHTY)
    (finding,) = refused.value.findings
    assert (finding.code, finding.field) == (FindingCode.LABEL_WIDER_THAN_PART, "actions[0].channel_configuration")
    assert "lacks: vip." in finding.message
    await label(world, BOTH)
    await world.life_cycle.activate(ActivateCampaign("order-confirmed"), MIGHTY)


async def test_a_hidden_part_is_missing_to_whoever_reviews(world: World) -> None:
    await a_channel(world, "orders", EU)
    await world.draft()
    codes = {finding.code for finding in await world.life_cycle.review("order-confirmed", AUTHOR)}
    assert FindingCode.CHANNEL_CONFIGURATION_MISSING in codes
    assert FindingCode.LABEL_WIDER_THAN_PART not in codes


@pytest.mark.parametrize("validate_only", [True, False])
async def test_a_campaign_goes_to_an_audience_only_with_its_labels(
    world: World, process: Process, validate_only: bool
) -> None:
    runs = Runs(process)
    audience = await listed(world, "email:jane@example.com", audience_id="gold")
    labelled = replace(audience, access_labels=EU, revision=2)
    await world.transactions.write(lambda unit: unit.audiences.save(labelled))
    asked = audience_command(validate_only=validate_only)
    with pytest.raises(ResourceNotFound):
        await runs.triggering.trigger(asked, CALLER)
    with pytest.raises(InvalidFields) as refused:
        await runs.triggering.trigger(asked, MIGHTY)
    assert reasons(refused) == [("audience", "LABEL_WIDER_THAN_PART")]
    process.campaigns.invalidate(await label(world, EU))
    await runs.triggering.trigger(asked, MIGHTY)


async def test_health_says_nothing_of_a_hidden_channel_configuration(world: World) -> None:
    campaign = await world.live()
    settings = ChannelSettings(replace(CHANNEL, disabled=True), access_labels=("eu",))
    fields = frozenset({"access_labels", "disabled"})
    await world.channels.update(UpdateChannelConfiguration("orders", settings, fields), MIGHTY)
    for caller, problems in ((AUTHOR, 0), (MIGHTY, 1)):
        assert len((await world.health.of([campaign], caller.visibility))[campaign.key]) == problems


async def test_a_refusal_to_delete_names_only_what_the_caller_sees(world: World) -> None:
    await world.live()
    await label(world, EU)
    for caller, user in ((AUTHOR, HIDDEN_THING), (MIGHTY, "campaigns/order-confirmed")):
        with pytest.raises(ChannelConfigurationInUse) as refused:
            await world.channels.delete("orders", "", caller)
        assert refused.value.user == user


async def test_a_cache_gives_each_caller_what_its_labels_allow(world: World) -> None:
    await world.live()
    await label(world, EU)
    cache = CampaignCache(world.transactions, COMPILER)
    with pytest.raises(ResourceNotFound):
        await cache.live(AUTHOR.visibility, "order-confirmed")
    await cache.live(MIGHTY.visibility, "order-confirmed")
    with pytest.raises(ResourceNotFound):
        await cache.live(AUTHOR.visibility, "order-confirmed")
    assert cache.cached(AUTHOR.visibility, "order-confirmed") is None
    assert cache.cached(MIGHTY.visibility, "order-confirmed") is not None
