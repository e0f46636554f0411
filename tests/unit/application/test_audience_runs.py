"""Sending a campaign to an audience: members as of the start, each decided about once."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.application.consent.consents import Person
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import ProfileFields, UpdateProfile
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap

from tests.unit.application.audience_running import (
    Runs,
    by_condition,
    command,
    identities,
    people,
    person,
    reasons,
    run_of,
)
from tests.unit.application.consenting import EMAIL as ALL_EMAILS
from tests.unit.application.consenting import Consents, a
from tests.unit.application.running import CALLER, events, executions, messages, until
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.world import AUTHOR, World

QUEUED, EXCLUDED = MessageState.QUEUED, MessageState.EXCLUDED
NO_ADDRESS, NO_IDENTITY = ExclusionReason.NO_ADDRESS, ExclusionReason.NO_IDENTITY
DUPLICATE = ExclusionReason.DUPLICATE_ADDRESS
GREETING = Action("email", "orders", EmailContent("Hello {{ profile.first_name | default('you') }}", text="Hi"))
CRM: dict[str, Any] = {"identity_namespace": "crm", "actions": (GREETING,)}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes one commit decide about two members."""
    monkeypatch.setattr(PartSize, "next", lambda _, is_busy: 2)


def addresses(world: World, *states: MessageState) -> list[str]:
    return sorted(message.address for message in messages(world, *states).values())


# Who the members are.


async def test_every_member_gets_one_message_with_the_context_of_the_call(
    world: World, runs: Runs, small_parts: None
) -> None:
    await by_condition(world)
    await people(world, 5)
    await person(world, "free", plan="free")
    run = await runs.run(labels={"order": "1"})
    assert (run.state, run.accepted_count, run.left_count) == (RunState.DONE, 5, 0)
    assert identities(world) == [f"email:p0000{place}@example.com" for place in range(5)]
    for message in messages(world).values():
        assert (message.context, message.labels) == (b'{"order":{"id":"4711"}}', {"order": "1"})


async def test_membership_is_as_of_the_start(world: World, runs: Runs) -> None:
    await by_condition(world)
    leaver, joiner = await person(world, "leaver"), await person(world, "joiner", plan="free")
    answer = await runs.trigger()
    await runs.process.heartbeat.beat()
    taken = await world.transactions.write(lambda unit: _taken(unit, answer.run))
    selected = await runs.selection.select(taken, "first")
    await _change_plan(world, leaver, "free")
    await _change_plan(world, joiner, "gold")
    assert selected.selection is not None
    assert selected.selection.count == 1
    async with runs.running():
        await until(lambda: run_of(world, answer.execution.id).state is RunState.DONE)
    assert identities(world) == ["email:leaver@example.com"]


def _taken(unit: Any, run: AudienceRun) -> AudienceRun:
    taken = run.taken("first")
    unit.audience_runs.save(taken)
    return taken


async def _change_plan(world: World, profile: Profile, plan: str) -> None:
    fields = ProfileFields((), {"plan": plan}, "", "")
    await world.profiles.update(UpdateProfile(profile.id, fields, frozenset({"attributes"})), CALLER)


async def test_people_for_whom_the_condition_fails_are_no_members_and_are_counted(world: World, runs: Runs) -> None:
    await by_condition(world, "profile.attributes.age > 18")
    stored = [await person(world, "none"), await person(world, "text", age="19"), await person(world, "old", age=40)]
    run = await runs.run()
    assert run.selection is not None
    failures = {failed.cause: (failed.count, failed.samples) for failed in run.selection.failures}
    assert failures == {
        FailureCause.MISSING_VALUE: (1, (stored[0].name,)),
        FailureCause.WRONG_TYPE: (1, (stored[1].name,)),
    }
    assert identities(world) == ["email:old@example.com"]


async def test_an_audience_without_members_is_done_at_once(world: World, runs: Runs) -> None:
    await by_condition(world)
    run = await runs.run()
    assert (run.state, run.accepted_count) == (RunState.DONE, 0)


async def test_an_audience_that_is_too_large_is_refused_with_its_size_and_nothing_is_sent(
    world: World, runs: Runs
) -> None:
    await by_condition(world)
    await people(world, 4)
    run = await runs.run(max_recipients=3)
    assert (run.state, run.end_reason) == (RunState.REFUSED, EndReason.AUDIENCE_TOO_LARGE)
    assert run.selection is not None
    assert run.selection.count == 4
    assert messages(world) == {}


async def test_an_audience_of_as_many_as_allowed_is_sent(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 3)
    assert (await runs.run(max_recipients=3)).accepted_count == 3


async def test_an_audience_whose_condition_no_longer_compiles_is_refused(world: World, runs: Runs) -> None:
    await by_condition(world, "profile.no_such_field == 1")
    run = await runs.run()
    assert (run.state, run.end_reason) == (RunState.REFUSED, EndReason.AUDIENCE_INVALID)


# What is decided when it comes to a member.


async def test_a_member_who_opts_out_after_the_selection_is_excluded(world: World, runs: Runs) -> None:
    await world.live("offers", category=Category.MARKETING)
    await by_condition(world)
    await people(world, 2)
    answer = await runs.trigger(campaign_id="offers")
    await runs.process.heartbeat.beat()
    await runs.selection.select(await world.transactions.write(lambda unit: _taken(unit, answer.run)), "first")
    denied = Person(identity="email:p00001@example.com")
    await Consents(world).change(a(ALL_EMAILS, ConsentChoice.DENIED), person=denied)
    async with runs.running():
        await until(lambda: run_of(world, answer.execution.id).state is RunState.DONE)
    assert reasons(run_of(world, answer.execution.id)) == {ExclusionReason.NO_CONSENT: 1}
    assert identities(world, QUEUED) == ["email:p00000@example.com"]
    assert identities(world, EXCLUDED) == ["email:p00001@example.com"]


async def test_a_suppressed_member_is_excluded(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 2)
    await _suppress(world, "p00000@example.com")
    run = await runs.run()
    assert (run.accepted_count, reasons(run)) == (1, {ExclusionReason.SUPPRESSED: 1})


async def _suppress(world: World, target: str) -> None:
    manage = ManageSuppressions(world.transactions, world.clock, SystemIds())
    await manage.create(CreateSuppression(target, "address"), AUTHOR)


async def test_messages_wait_for_the_next_opening_of_the_sending_policy(world: World, runs: Runs) -> None:
    world.clock.time = utc("10T21:30")
    await world.live("offers", category=Category.MARKETING)
    await Policies(world).make()
    await by_condition(world)
    await people(world, 2)
    run = await runs.run(campaign_id="offers")
    assert run.accepted_count == 2
    assert {message.due_time for message in messages(world, QUEUED).values()} == {utc("11T06:00")}


async def test_frequency_caps_count_the_messages_of_runs(world: World, runs: Runs) -> None:
    await world.live("offers", category=Category.MARKETING)
    await Policies(world).make(quiet_hours=(), caps=(FrequencyCap(1, sliding=DAY),))
    await by_condition(world)
    await people(world, 2)
    assert (await runs.run(campaign_id="offers")).accepted_count == 2
    again = await Runs(runs.process).run(campaign_id="offers")
    assert (again.accepted_count, reasons(again)) == (0, {ExclusionReason.CAPPED: 2})


async def test_stored_attributes_address_and_locale_come_from_the_profile(world: World, runs: Runs) -> None:
    await world.live("welcome", actions=(GREETING,))
    await by_condition(world)
    await person(world, "jane", first_name="Jane", email="other@example.com", locale="de")
    await runs.run(campaign_id="welcome")
    (message,) = messages(world).values()
    assert message.address == "other@example.com"
    assert b'"first_name":"Jane"' in message.profile


async def test_the_locale_of_the_call_goes_before_the_profiles(world: World, runs: Runs) -> None:
    await by_condition(world)
    await person(world, "jane")
    await runs.run(locale="fr")
    (message,) = messages(world).values()
    assert message.locale == "fr"


async def test_the_second_member_with_an_address_is_excluded_in_the_same_part_and_in_a_later_one(
    world: World, runs: Runs, small_parts: None
) -> None:
    await by_condition(world)
    await person(world, "first", email="home@example.com")
    await person(world, "second", email="Home@example.com")
    await person(world, "third")
    await person(world, "home")
    run = await runs.run()
    assert (run.accepted_count, reasons(run)) == (2, {DUPLICATE: 2})
    assert addresses(world, QUEUED) == ["home@example.com", "third@example.com"]


async def test_an_address_of_another_run_is_no_repetition(world: World, runs: Runs) -> None:
    await by_condition(world)
    await person(world, "jane")
    assert (await runs.run()).accepted_count == 1
    assert (await Runs(runs.process).run()).accepted_count == 1


async def test_on_a_channel_without_addresses_the_identity_counts(world: World, runs: Runs) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    await world.live("hooked", actions=(Action("hook", "hooks", WebhookContent("{}")),), identity_namespace="crm")
    await by_condition(world)
    await person(world, "jane", "crm:1")
    await person(world, "joe", "crm:2")
    assert (await runs.run(campaign_id="hooked")).accepted_count == 2


async def test_a_member_without_an_identity_in_the_campaigns_namespace_gets_no_message(
    world: World, runs: Runs
) -> None:
    await world.live("crm", **CRM)
    await by_condition(world)
    await person(world, "jane", "crm:1", email="jane@example.com")
    await person(world, "joe", email="joe@example.com")
    await person(world, "jim", "crm:3")
    run = await runs.run(campaign_id="crm")
    assert (run.accepted_count, reasons(run)) == (1, {NO_IDENTITY: 1, NO_ADDRESS: 1})
    assert identities(world, QUEUED) == ["crm:1"]
    assert identities(world, EXCLUDED) == ["crm:3"]


async def test_the_first_of_several_identities_counts(world: World, runs: Runs) -> None:
    await by_condition(world)
    await person(world, "jane", "email:work@example.com")
    run = await runs.run()
    assert run.accepted_count == 1
    assert identities(world) == ["email:jane@example.com"]


async def test_a_deleted_profile_is_skipped_and_counted(world: World, runs: Runs) -> None:
    await by_condition(world)
    gone, _ = await people(world, 2)
    answer = await _selected(world, runs)
    await world.erasures.erase(EraseProfile(gone.id), CALLER)
    run = await _finished(world, runs, answer)
    assert (run.accepted_count, run.deleted_count, reasons(run)) == (1, 1, {})


async def test_a_merged_profile_is_written_to_once_as_its_survivor(world: World, runs: Runs) -> None:
    await by_condition(world)
    first, second = await people(world, 2)
    outsider, insider = await person(world, "outsider", plan="free"), await person(world, "insider")
    answer = await _selected(world, runs)
    merger = ProfileMerger(world.transactions, world.clock)
    await merger.merge(MergeProfiles(first.id, second.id), CALLER)
    await merger.merge(MergeProfiles(outsider.id, insider.id), CALLER)
    run = await _finished(world, runs, answer)
    assert identities(world, QUEUED) == ["email:outsider@example.com", "email:p00000@example.com"]
    assert (run.accepted_count, reasons(run)) == (2, {DUPLICATE: 1})


async def _selected(world: World, runs: Runs) -> str:
    """Triggers, and returns the execution when its members are selected."""
    answer = await runs.trigger()
    await runs.process.heartbeat.beat()
    await runs.selection.select(await world.transactions.write(lambda unit: _taken(unit, answer.run)), "first")
    return answer.execution.id


async def _finished(world: World, runs: Runs, execution_id: str) -> AudienceRun:
    async with runs.running():
        await until(lambda: not run_of(world, execution_id).state.is_open)
    return run_of(world, execution_id)


async def test_a_member_excluded_on_every_action_is_counted_by_the_reason_of_the_first(
    world: World, runs: Runs
) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    actions = (GREETING, Action("hook", "hooks", WebhookContent("{}")))
    await world.live("both", actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    await by_condition(world)
    await person(world, "jane")
    await _suppress(world, "jane@example.com")
    run = await runs.run(campaign_id="both")
    assert (run.accepted_count, reasons(run)) == (1, {})
    assert len(messages(world, QUEUED)) == 1


# Answers.


async def test_the_events_of_a_run_name_no_person(world: World, runs: Runs) -> None:
    await by_condition(world)
    await person(world, "jane")
    run = await runs.run()
    told = [event for event in events(world) if event.subject == run.name]
    assert [str(event.type) for event in told] == [
        "AUDIENCE_RUN_STARTED",
        "AUDIENCE_RUN_SELECTED",
        "AUDIENCE_RUN_DONE",
    ]
    assert [event.execution_id for event in told] == [run.execution_id] * 3
    assert "jane" not in repr(told)


async def test_one_execution_is_stored_however_many_parts_there_are(
    world: World, runs: Runs, small_parts: None
) -> None:
    await by_condition(world)
    await people(world, 5)
    # As many as the caller allows.
    run = await runs.run(max_recipients=5)
    assert [execution.id for execution in executions(world)] == [run.execution_id]
    assert {message.execution_id for message in messages(world).values()} == {run.execution_id}


async def test_validating_counts_the_members_and_stores_nothing(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 3)
    fits = await runs.trigger(validate_only=True, max_recipients=3)
    too_large = await runs.trigger(validate_only=True, max_recipients=2)
    assert fits.run.selection is not None
    assert (fits.run.selection.count, fits.run.end_reason) == (3, None)
    assert too_large.run.end_reason is EndReason.AUDIENCE_TOO_LARGE
    assert executions(world) == []
    assert command(validate_only=True).validate_only
