"""Tests the addresses that a run has taken, whatever became of the transactions that took them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.application.audience_runs.parts import Part
from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.audiences.taken_addresses import TakenAddresses, address_hash
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.campaigns.targeting import TargetingRule, WithoutRule
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.triggering.execution import Execution

from tests.unit.application.audience_running import Runs, by_condition, person
from tests.unit.application.running import CALLER, Process, executions, messages
from tests.unit.application.test_audience_run_life import take
from tests.unit.application.world import EMAIL, World

MAIL = Action("email", "orders", EMAIL)
HOOK = Action("hook", "hooks", WebhookContent("{}"))
ONLY_VIPS: dict[str, Any] = {
    "rules": (TargetingRule("vip", "profile.vip == true"),),
    "without_rule": WithoutRule.EXCLUDE,
}


async def _of(runs: Runs) -> tuple[AudienceRun, Execution, LiveCampaign]:
    """Returns a run with the members that are stored."""
    world = runs.process.world
    await by_condition(world)
    run = (await runs.trigger()).run
    await runs.process.heartbeat.beat()
    selected = await runs.selection.select(await take(world, run), "first")
    (execution,) = executions(world)
    return selected, execution, await runs.process.campaigns.with_version(await world.stored(), execution.version)


def _decide(runs: Runs, run: AudienceRun, execution: Execution, live: LiveCampaign, taken: TakenAddresses) -> None:
    """Decides about all members in a transaction that is rolled back."""
    with runs.process.world.store.begin() as unit:
        part = Part(run, live, unit.audience_runs.members(run, "email", 100), taken)
        runs.acceptor.accept_triggers.apply(unit, [part.item(execution, runs.process.world.clock.now())])


async def test_addresses_of_a_transaction_that_was_rolled_back_exclude_nobody(world: World, process: Process) -> None:
    runs = Runs(process)
    for name in ("jane", "joe"):
        await person(world, name)
    run, execution, live = await _of(runs)
    taken = await runs.acceptor.read_taken(run, 1)
    for _ in range(3):
        _decide(runs, run, execution, live, taken)
    step = await runs.acceptor.accept_next(run, "first", execution, live, taken)
    assert (step.run.accepted_count, step.run.exclusions) == (2, {})


class AllAlike(TakenAddresses):
    """Takes every address for one that the first member may have."""

    def find(self, _address: bytes) -> list[int]:
        return [0]


async def test_an_address_that_only_looks_like_an_earlier_one_excludes_nobody(
    world: World, process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PartSize, "next", lambda _, is_busy: 1)
    runs = Runs(process)
    for name in ("jane", "joe"):
        await person(world, name)
    run, execution, live = await _of(runs)
    for _ in range(2):
        run = (await runs.acceptor.accept_next(run, "first", execution, live, AllAlike(2))).run
    assert (run.accepted_count, run.exclusions) == (2, {})


async def test_whoever_takes_a_run_over_knows_the_addresses_of_all_its_commits(world: World, process: Process) -> None:
    runs = Runs(process)
    await person(world, "jane")
    run, *_ = await _of(runs)
    hashes = {ordinal: address_hash(run, f"{ordinal}") for ordinal in range(0, 40 * 25, 25)}

    def add(unit: UnitOfWork) -> None:
        for ordinal, each in hashes.items():
            unit.audience_runs.add_addresses(replace(run, decided_count=ordinal), each)

    await world.transactions.write(add)
    taken = await runs.acceptor.read_taken(replace(run, decided_count=1_000), 1)
    assert [taken.find(each) for each in hashes.values()] == [[ordinal] for ordinal in hashes]


async def test_an_address_is_taken_on_its_channel_alone(world: World, process: Process) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    await world.live("both", actions=(MAIL, HOOK))
    await by_condition(world)
    await person(world, "jane", email="joe@example.com")
    await person(world, "joe")
    await Runs(process).run(campaign_id="both")
    found = sorted((each.action.id, each.identity) for each in messages(world).values() if each.end.exclusion is None)
    jane, joe = "email:jane@example.com", "email:joe@example.com"
    assert found == [("email", jane), ("hook", jane), ("hook", joe)]


def _sent(world: World) -> list[tuple[str, str, str]]:
    """Returns the actions, the identities and the addresses of the messages that are not excluded."""
    found = (each for each in messages(world).values() if each.end.exclusion is None)
    return sorted((each.action.id, each.identity, each.address) for each in found)


async def test_an_address_is_free_as_long_as_no_message_has_it(world: World, process: Process) -> None:
    await world.live("both", actions=(replace(MAIL, **ONLY_VIPS),))
    await by_condition(world)
    for name, vip in (("jane", False), ("joe", True), ("jim", False), ("jill", True)):
        await person(world, name, email="home@example.com", vip=vip)
    run = await Runs(process).run(campaign_id="both")
    assert _sent(world) == [("email", "email:joe@example.com", "home@example.com")]
    assert run.exclusions == {ExclusionReason.NO_RULE_MATCHED: 1, ExclusionReason.DUPLICATE_ADDRESS: 2}


async def test_an_action_that_was_not_needed_takes_no_address(world: World, process: Process) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    await world.live("both", actions=(replace(HOOK, **ONLY_VIPS), MAIL), action_mode=ActionMode.FIRST_DELIVERABLE)
    await by_condition(world)
    for name, vip in (("jane", True), ("joe", False), ("jim", False)):
        await person(world, name, email="home@example.com", vip=vip)
    await Runs(process).run(campaign_id="both")
    assert _sent(world) == [
        ("email", "email:joe@example.com", "home@example.com"),
        ("hook", "email:jane@example.com", ""),
    ]


async def test_what_looks_like_an_address_and_is_none_takes_none(world: World, process: Process) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://example.com/hook"))
    await world.live("both", actions=(MAIL, HOOK), identity_namespace="crm")
    await by_condition(world)
    for login, email in (("home@example.com", None), ("joe", "home@example.com")):
        fields = ProfileFields((f"crm:{login}",), {"plan": "gold", "email": email}, "", "")
        await world.profiles.create(CreateProfile(fields), CALLER)
    await Runs(process).run(campaign_id="both")
    assert _sent(world) == [
        ("email", "crm:joe", "home@example.com"),
        ("hook", "crm:home@example.com", ""),
        ("hook", "crm:joe", ""),
    ]


async def test_there_is_room_for_the_addresses_of_each_action(world: World, process: Process) -> None:
    runs = Runs(process)
    await person(world, "jane")
    run, *_ = await _of(runs)
    assert run.selection is not None
    many = replace(run, selection=replace(run.selection, count=100))
    taken = await runs.acceptor.read_taken(many, 10)
    for number in range(1_000):
        taken.add([address_hash(run, f"{number}")], number)
    assert taken.find(address_hash(run, "999")) == [999]
