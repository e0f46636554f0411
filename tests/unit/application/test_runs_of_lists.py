"""Tests campaigns that are sent to a list of identities, strangers among them."""

from __future__ import annotations

from clarion_server.domain.campaigns.campaign_definition import Action, UnknownRecipientPolicy
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState

from tests.unit.application.audience_running import Runs, identities, listed, person, reasons
from tests.unit.application.world import AUTHOR, World

QUEUED, EXCLUDED = MessageState.QUEUED, MessageState.EXCLUDED
GREETING = Action("email", "orders", EmailContent("Hello {{ profile.first_name | default('you') }}", text="Hi"))
STRANGERS = [f"email:s{place}@example.com" for place in range(3)]


async def test_listed_strangers_get_messages_when_strangers_are_accepted(world: World, runs: Runs) -> None:
    await listed(world, *STRANGERS)
    run = await runs.run(audience_id="listed")
    assert run.accepted_count == 3
    assert identities(world, QUEUED) == STRANGERS
    assert await world.profiles.page(None, 10, AUTHOR) == []


async def test_listed_strangers_get_profiles_when_they_are_created(world: World, runs: Runs) -> None:
    await world.live("welcome", actions=(GREETING,), unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await listed(world, *STRANGERS)
    run = await runs.run(campaign_id="welcome", audience_id="listed")
    assert run.accepted_count == 3
    assert sorted(str(each.identities[0]) for each in await world.profiles.page(None, 10, AUTHOR)) == STRANGERS


async def test_listed_strangers_are_excluded_when_strangers_are_rejected(world: World, runs: Runs) -> None:
    await world.live("known", unknown_recipient_policy=UnknownRecipientPolicy.REJECT)
    await listed(world, *STRANGERS, "email:jane@example.com")
    await person(world, "jane")
    run = await runs.run(campaign_id="known", audience_id="listed")
    assert (run.accepted_count, reasons(run)) == (1, {ExclusionReason.PROFILE_UNKNOWN: 3})
    assert identities(world, EXCLUDED) == STRANGERS


async def test_an_identity_of_another_namespace_stands_for_its_profile(world: World, runs: Runs) -> None:
    await listed(world, "crm:1", "crm:2")
    await person(world, "jane", "crm:1")
    run = await runs.run(audience_id="listed")
    assert (run.accepted_count, reasons(run)) == (1, {ExclusionReason.NO_IDENTITY: 1})
    assert identities(world) == ["email:jane@example.com"]


async def test_the_listed_one_of_a_persons_identities_is_used(world: World, runs: Runs) -> None:
    await listed(world, "email:work@example.com")
    await person(world, "jane", "email:Work@example.com")
    await runs.run(audience_id="listed")
    assert identities(world) == ["email:work@example.com"]
