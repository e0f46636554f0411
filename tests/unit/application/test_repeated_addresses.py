"""Tests the addresses that a run has taken, whatever became of the transactions that took them."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.audience_runs.parts import Part
from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.audiences.taken_addresses import TakenAddresses, address_hash
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.triggering.execution import Execution

from tests.unit.application.audience_running import Runs, by_condition, person
from tests.unit.application.running import Process, executions, messages
from tests.unit.application.test_audience_run_life import take
from tests.unit.application.world import EMAIL, World


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
    actions = (Action("email", "orders", EMAIL), Action("hook", "hooks", WebhookContent("{}")))
    await world.live("both", actions=actions)
    await by_condition(world)
    await person(world, "jane", email="joe@example.com")
    await person(world, "joe")
    await Runs(process).run(campaign_id="both")
    found = sorted((each.action.id, each.identity) for each in messages(world).values() if each.end.exclusion is None)
    jane, joe = "email:jane@example.com", "email:joe@example.com"
    assert found == [("email", jane), ("hook", jane), ("hook", joe)]


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
