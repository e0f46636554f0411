"""A campaign on its way from draft to its end."""

from __future__ import annotations

import asyncio
from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.campaigns.life_cycle import ActivateCampaign
from clarion_server.application.channels.configurations import ChannelSettings, UpdateChannelConfiguration
from clarion_server.application.ports.content import NO_ATTACHMENTS, NO_FRAGMENTS, Attachments, Fragments
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition, Schedule
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.errors import (
    ChannelConfigurationInUse,
    EtagMismatch,
    IllegalTransition,
    ResourceNotFound,
    ReviewFailed,
)
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.instant import HOUR

from tests.unit.application.world import AUTHOR, CHANNEL, STRANGER, World

DRAIN, CANCEL = QueueDisposal.DRAIN, QueueDisposal.CANCEL


async def test_activation_makes_a_version_of_the_draft_and_sets_it_live(world: World) -> None:
    live = await world.live()
    assert live == await world.stored()
    assert (live.state, live.live_version, live.last_version, live.draft_pending) == (CampaignState.LIVE, 1, 1, False)
    assert (live.activate_time, live.activator) == (world.clock.now(), AUTHOR.name)
    (version,) = await world.authoring.versions("order-confirmed", None, 10, AUTHOR)
    assert (version.number, version.definition, version.creator) == (1, live.definition, AUTHOR.name)


async def test_a_campaign_whose_start_lies_ahead_is_scheduled(world: World) -> None:
    start = world.clock.now() + HOUR
    scheduled = await world.live(schedule=Schedule(start))
    assert (scheduled.state, scheduled.next_transition_time()) == (CampaignState.SCHEDULED, start)


async def test_errors_of_review_stop_an_activation(world: World) -> None:
    draft = await world.draft()
    with pytest.raises(ReviewFailed) as refused:
        await world.activate()
    assert refused.value.resource == "campaigns/order-confirmed"
    assert [finding.code for finding in refused.value.findings] == [FindingCode.CHANNEL_CONFIGURATION_MISSING]
    assert await world.stored() == draft


async def test_warnings_come_with_the_activated_campaign(world: World) -> None:
    await world.channel()
    await world.draft(schedule=Schedule(world.clock.now() + HOUR))
    activation = await world.activate()
    assert FindingCode.SCHEDULE_NOT_STARTED in [finding.code for finding in activation.warnings]


async def test_activating_what_is_live_changes_nothing(world: World) -> None:
    live = await world.live()
    world.clock.advance(HOUR)
    assert (await world.activate()).campaign == live
    assert (await world.activate(version=1)).campaign == live
    assert len(await world.authoring.versions("order-confirmed", None, 10, AUTHOR)) == 1


async def test_a_changed_draft_becomes_the_next_version(world: World) -> None:
    await world.live()
    await world.update(description="New")
    activated = (await world.activate()).campaign
    assert (activated.live_version, activated.last_version, activated.draft_pending) == (2, 2, False)


async def test_an_earlier_version_can_be_made_live_again(world: World) -> None:
    await world.live()
    await world.update(description="New")
    await world.activate()
    back = (await world.activate(version=1)).campaign
    assert (back.live_version, back.last_version, back.draft_pending) == (1, 2, True)
    assert back.definition.description == "New"
    again = (await world.activate()).campaign
    assert (again.live_version, again.last_version) == (3, 3)


async def test_a_version_that_does_not_exist_cannot_be_activated(world: World) -> None:
    await world.live()
    with pytest.raises(ResourceNotFound) as refused:
        await world.activate(version=2)
    assert refused.value.resource == "campaigns/order-confirmed/versions/2"


async def test_an_earlier_version_whose_channel_configuration_was_replaced_becomes_a_version_anew(world: World) -> None:
    await world.live()
    await world.channel("other")
    action = replace((await world.get()).definition.actions[0], channel_configuration="other")
    await world.update(actions=(action,))
    await world.activate()
    await world.channels.delete("orders", "", AUTHOR)
    world.clock.advance(HOUR)
    replaced = await world.channel("orders")

    activated = (await world.activate(version=1)).campaign

    assert activated.live_version == 3
    with pytest.raises(ChannelConfigurationInUse):
        await world.channels.delete(replaced.id, "", AUTHOR)


async def test_a_paused_campaign_stays_paused_through_an_activation(world: World) -> None:
    await world.live()
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    await world.update(description="New")
    activated = (await world.activate()).campaign
    assert (activated.state, activated.live_version) == (CampaignState.PAUSED, 2)


async def test_a_stopped_campaign_cannot_be_activated(world: World) -> None:
    await world.live()
    await world.life_cycle.stop("order-confirmed", DRAIN, "", AUTHOR)
    with pytest.raises(IllegalTransition) as refused:
        await world.activate()
    assert refused.value.transition == "activate"


async def test_a_campaign_whose_end_has_passed_cannot_be_activated_whoever_has_noticed(world: World) -> None:
    await world.live(schedule=Schedule(end_time=world.clock.now() + HOUR))
    world.clock.advance(HOUR)
    assert (await world.stored()).state is CampaignState.LIVE
    with pytest.raises(IllegalTransition) as refused:
        await world.activate()
    assert refused.value.state == "COMPLETED"


async def test_an_activation_from_an_outdated_reading_is_refused(world: World) -> None:
    await world.channel()
    read = await world.draft()
    await world.update(description="New")
    with pytest.raises(EtagMismatch):
        await world.activate(etag=read.etag)
    assert (await world.get()).state is CampaignState.DRAFT


async def test_an_outdated_reading_counts_before_what_review_would_find(world: World) -> None:
    read = await world.draft()
    await world.update(description="New")
    with pytest.raises(EtagMismatch):
        await world.activate(etag=read.etag)


class InterruptedCompiler(JinjaContentCompiler):
    """Something else happens while the first review runs."""

    def __init__(self) -> None:
        super().__init__(CONTENT_KINDS)
        self.world: World | None = None
        self.reviewed: list[CampaignDefinition] = []

    def review(
        self,
        definition: CampaignDefinition,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> list[Finding]:
        self.reviewed.append(definition)
        if self.world is not None and len(self.reviewed) == 1:
            asyncio.run(self.interrupt(self.world))
        return super().review(definition, attachments, built, fragments)

    async def interrupt(self, world: World) -> None:
        await world.update(description="Changed during review")


async def test_what_is_activated_is_what_was_reviewed_though_the_draft_changes_meanwhile() -> None:
    compiler = InterruptedCompiler()
    with closing(World(compiler=compiler)) as world:
        await world.channel()
        await world.draft()
        compiler.world = world
        activated = (await world.activate()).campaign
        (version,) = await world.authoring.versions("order-confirmed", None, 10, AUTHOR)
    assert version.definition == activated.definition == compiler.reviewed[-1]
    assert version.definition.description == "Changed during review"
    assert len(compiler.reviewed) == 2


class DisablingCompiler(InterruptedCompiler):
    async def interrupt(self, world: World) -> None:
        settings = ChannelSettings(replace(CHANNEL, disabled=True))
        await world.channels.update(UpdateChannelConfiguration("orders", settings, frozenset({"disabled"})), AUTHOR)


async def test_a_channel_configuration_that_is_disabled_during_review_is_noticed() -> None:
    compiler = DisablingCompiler()
    with closing(World(compiler=compiler)) as world:
        await world.channel()
        await world.draft()
        compiler.world = world
        with pytest.raises(ReviewFailed) as refused:
            await world.activate()
    assert refused.value.findings[0].code is FindingCode.CHANNEL_CONFIGURATION_DISABLED


async def test_a_live_campaign_can_be_paused_and_resumed(world: World) -> None:
    await world.live()
    paused = await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    assert paused.state is CampaignState.PAUSED
    resumed = await world.life_cycle.resume("order-confirmed", paused.etag, AUTHOR)
    assert resumed.state is CampaignState.LIVE
    assert await world.stored() == resumed


async def test_transitions_that_the_state_forbids_are_refused(world: World) -> None:
    await world.draft()
    for call in (
        world.life_cycle.pause("order-confirmed", "", AUTHOR),
        world.life_cycle.resume("order-confirmed", "", AUTHOR),
        world.life_cycle.stop("order-confirmed", DRAIN, "", AUTHOR),
    ):
        with pytest.raises(IllegalTransition):
            await call


async def test_transitions_from_an_outdated_reading_are_refused(world: World) -> None:
    live = await world.live()
    await world.update(description="New")
    with pytest.raises(EtagMismatch):
        await world.life_cycle.pause("order-confirmed", live.etag, AUTHOR)
    with pytest.raises(EtagMismatch):
        await world.life_cycle.stop("order-confirmed", CANCEL, live.etag, AUTHOR)


async def test_stopping_says_how_many_messages_had_no_outcome(world: World) -> None:
    live = await world.live()
    await world.count_up(
        live,
        1,
        {(Metric.TARGETED, ""): 10, (Metric.SENT, ""): 4, (Metric.EXCLUDED, "SUPPRESSED"): 1, (Metric.RETRIES, ""): 3},
    )
    stopped, queued_count = await world.life_cycle.stop("order-confirmed", CANCEL, "", AUTHOR)
    assert (stopped.state, stopped.queue_disposal, queued_count) == (CampaignState.STOPPED, CANCEL, 5)
    assert await world.stored() == stopped


async def test_review_is_of_the_draft_and_changes_nothing(world: World) -> None:
    draft = await world.draft()
    codes = [finding.code for finding in await world.life_cycle.review("order-confirmed", AUTHOR)]
    assert FindingCode.CHANNEL_CONFIGURATION_MISSING in codes
    assert await world.stored() == draft
    with pytest.raises(ResourceNotFound):
        await world.life_cycle.review("order-confirmed", STRANGER)


async def test_every_transition_is_announced(world: World) -> None:
    states = [
        (await world.live()).state,
        (await world.life_cycle.pause("order-confirmed", "", AUTHOR)).state,
        (await world.life_cycle.resume("order-confirmed", "", AUTHOR)).state,
        (await world.life_cycle.stop("order-confirmed", DRAIN, "", AUTHOR))[0].state,
    ]
    assert [campaign.state for campaign in world.announced] == states


def schema(*required: str) -> dict[str, object]:
    order = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    return {
        "type": "object",
        "required": ["order", *required],
        "properties": {"order": order, "note": {"type": "string"}},
    }


async def test_a_draft_that_would_refuse_what_the_live_version_takes_is_a_warning(world: World) -> None:
    await world.live(context_schema=schema())
    await world.update(context_schema=schema("note"))
    (finding,) = (await world.activate()).warnings
    assert (finding.code, finding.severity) == (FindingCode.SCHEMA_BREAKING, Severity.WARNING)
    assert (finding.field, "context.note: It is required now." in finding.message) == ("context_schema", True)


async def test_a_strict_activation_refuses_what_would_break_callers(world: World) -> None:
    live = await world.live(context_schema=schema())
    await world.update(context_schema=schema("note"))
    with pytest.raises(ReviewFailed) as refused:
        await world.life_cycle.activate(ActivateCampaign("order-confirmed", strict=True), AUTHOR)
    assert [finding.code for finding in refused.value.findings] == [FindingCode.SCHEMA_BREAKING]
    assert (await world.get()).live_version == live.live_version
    strict = await world.life_cycle.review("order-confirmed", AUTHOR, strict=True)
    assert [finding.severity for finding in strict] == [Severity.ERROR]


async def test_a_draft_that_takes_more_or_was_never_live_breaks_nobody(world: World) -> None:
    await world.live(context_schema=schema("note"))
    await world.update(context_schema=schema())
    assert await world.life_cycle.review("order-confirmed", AUTHOR, strict=True) == []
    await world.draft("other", context_schema=schema("note"))
    assert await world.life_cycle.review("other", AUTHOR, strict=True) == []
