"""The life of a run: its start, its pauses, its end, and the processes that run it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.audience_runs import accepting
from clarion_server.application.audience_runs.accepting import Progress
from clarion_server.application.audience_runs.ownership import RunLost
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.domain.audiences.audience import AudienceMember
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState
from clarion_server.domain.campaigns.campaign import Campaign, QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.errors import (
    AudienceInUse,
)
from clarion_server.domain.events.delivery import expire
from clarion_server.domain.instant import DAY, HOUR, SECOND
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.profile import ProfileRef
from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate
from clarion_server.domain.triggering.execution import Cancellation, CancelOutcome

from tests.unit.application.audience_running import Runs, by_condition, people, person, run_of
from tests.unit.application.running import CALLER, Process, claimed, executions, messages, recipient, until
from tests.unit.application.world import AUTHOR, DEFINITION, EMAIL, World

QUEUED, CANCELLED = MessageState.QUEUED, MessageState.CANCELLED


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes one commit decide about two members."""
    monkeypatch.setattr(PartSize, "next", lambda _, is_busy: 2)


async def step(runs: Runs, run: AudienceRun, campaign: Campaign | None = None) -> Progress:
    """Decides about the next members in the hands of the first process, under the campaign as it saw it."""
    campaign = campaign or await runs.process.world.stored()
    (execution,) = [each for each in executions(runs.process.world) if each.id == run.execution_id]
    live = await runs.process.campaigns.with_version(campaign, execution.version)
    seen = run_of(runs.process.world, run.execution_id)
    taken = await runs.acceptor.read_taken(seen, 1)
    return (await runs.acceptor.accept_next(seen, "first", execution, live, taken)).progress


async def selected(runs: Runs, count: int = 5, **fields: Any) -> AudienceRun:
    """Returns a run in the hands of the first process, with its members."""
    world = runs.process.world
    await by_condition(world)
    await people(world, count)
    run = (await runs.trigger(**fields)).run
    await runs.process.heartbeat.beat()
    return await runs.selection.select(await take(world, run), "first")


async def take(world: World, run: AudienceRun, owner: str = "first") -> AudienceRun:
    def write(unit: UnitOfWork) -> AudienceRun:
        locked = unit.audience_runs.lock(run.key)
        assert locked is not None
        taken = locked.taken(owner)
        unit.audience_runs.save(taken)
        return taken

    return await world.transactions.write(write)


async def finish(runs: Runs, run: AudienceRun) -> AudienceRun:
    world = runs.process.world
    async with runs.running():
        await until(lambda: not run_of(world, run.execution_id).state.is_open)
    return run_of(world, run.execution_id)


def identities(world: World) -> list[str]:
    return sorted(message.identity for message in messages(world).values())


# The start.


async def test_a_run_starts_at_its_send_time(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 1)
    answer = await runs.trigger(send_time=world.clock.now() + HOUR)
    async with runs.running():
        looked = runs.process.transactions
        await looked.read(lambda unit: unit.audience_runs.open(1))
        assert run_of(world, answer.execution.id).state is RunState.SCHEDULED
        # Joins before the start.
        await person(world, "late")
        world.clock.advance(HOUR)
        runs.runner.wake()
        await until(lambda: run_of(world, answer.execution.id).state is RunState.DONE)
    assert identities(world) == ["email:late@example.com", "email:p00000@example.com"]
    assert {message.release_time for message in messages(world).values()} == {world.clock.now()}


async def test_the_version_of_the_call_is_sent_though_another_one_was_activated(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    await world.update(actions=(another_action(),))
    await world.activate()
    done = await finish(runs, run)
    assert done.accepted_count == 5
    assert {message.action.version for message in messages(world).values()} == {1}


def another_action() -> Action:
    return replace(DEFINITION.actions[0], content=replace(EMAIL, subject="Another"))


# Pause, stop and cancellation.


async def test_a_paused_campaign_holds_its_runs_and_a_resumed_one_goes_on(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    live = await world.stored()
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    assert await step(runs, run, live) is Progress.CAMPAIGN_CHANGED
    async with runs.running():
        # Two rounds: the run is left alone, and looked at again.
        for _ in range(2):
            runs.runner.wake()
            await runs.process.transactions.write(lambda unit: unit.processes.live(0))
    assert len(messages(world)) == run_of(world, run.execution_id).decided_count == 2
    await world.life_cycle.resume("order-confirmed", "", AUTHOR)
    assert (await finish(Runs(runs.process), run)).accepted_count == 5


@pytest.mark.parametrize("disposal", QueueDisposal)
async def test_a_stopped_campaign_ends_its_runs(world: World, runs: Runs, disposal: QueueDisposal) -> None:
    run = await selected(runs)
    await step(runs, run)
    await world.life_cycle.stop("order-confirmed", disposal, "", AUTHOR)
    ended = await finish(runs, run)
    assert (ended.state, ended.end_reason) == (RunState.CANCELLED, EndReason.CAMPAIGN_ENDED)
    assert ended.accepted_count == len(messages(world)) == 2


async def test_a_scheduled_run_ends_with_its_campaign_at_once(world: World, runs: Runs) -> None:
    await by_condition(world)
    run = (await runs.trigger(send_time=world.clock.now() + HOUR)).run
    await world.life_cycle.stop("order-confirmed", QueueDisposal.DRAIN, "", AUTHOR)
    assert (await finish(runs, run)).end_reason is EndReason.CAMPAIGN_ENDED


async def test_cancelling_ends_a_run_and_says_how_many_were_accepted(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    cancellation = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert (cancellation.outcome, cancellation.cancelled_count) == (CancelOutcome.CANCELLED, 2)
    ended = run_of(world, run.execution_id)
    assert (ended.state, ended.end_reason, ended.accepted_count) == (RunState.CANCELLED, EndReason.CALLER, 2)
    with pytest.raises(RunLost):
        await step(runs, run)
    assert {message.state for message in messages(world).values()} == {CANCELLED}


async def test_no_message_follows_one_of_a_run_that_was_cancelled_too_late(world: World, runs: Runs) -> None:
    actions = (Action("first", "orders", EMAIL), Action("second", "orders", EMAIL))
    await world.update(actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    await world.activate()
    run = await selected(runs)
    await step(runs, run)
    in_hand = {message.id for message in (await claimed(world)).messages}
    assert world.see(lambda unit: unit.messages.with_fallbacks(in_hand)) == in_hand
    await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert not world.see(lambda unit: unit.messages.with_fallbacks(in_hand))


async def test_a_run_is_cancelled_in_part_while_members_are_left(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    await claimed(world)
    in_part = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert in_part == Cancellation(cancelled_count=0, too_late_count=2, left_count=3)
    assert in_part.outcome is CancelOutcome.PARTIAL


async def test_it_is_too_late_to_cancel_a_run_that_has_left_nobody(world: World, runs: Runs) -> None:
    run = await selected(runs, count=2)
    await finish(runs, run)
    await claimed(world)
    too_late = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert too_late == Cancellation(cancelled_count=0, too_late_count=2)
    assert too_late.outcome is CancelOutcome.TOO_LATE


async def test_messages_that_were_purged_are_too_late_to_cancel(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    ended = [expire(message, world.clock.now()) for message in (await claimed(world)).messages]
    await world.transactions.write(lambda unit: record_outcomes(unit, ended, "first"))
    world.clock.advance(8 * DAY)
    await runs.process.heartbeat.beat()
    retention = Retention(messages=7 * DAY)
    await Housekeeper(runs.process.transactions, world.clock, "first", retention, world.sweeper).run_once()
    assert messages(world) == {}
    in_part = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert in_part == Cancellation(cancelled_count=0, too_late_count=2, left_count=3)
    assert in_part.outcome is CancelOutcome.PARTIAL


async def test_cancelling_again_changes_nothing(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await step(runs, run)
    first = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    world.clock.advance(SECOND)
    again = await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    assert first == again
    assert run_of(world, run.execution_id).end_time == world.clock.now() - SECOND


async def test_those_behind_a_run_that_is_cancelled_come_in_its_place(world: World, runs: Runs) -> None:
    await world.update(rate=SendingRate(1, RatePeriod.HOUR))
    await world.activate()
    done = await finish(runs, await selected(runs))
    await runs.process.trigger(recipient())
    await claimed(world)
    waiting = messages(world, QUEUED).values()
    assert max(message.due_time for message in waiting) == world.clock.now() + 5 * HOUR
    await runs.cancelling.cancel_execution(done.execution_id, CALLER)
    await runs.process.heartbeat.beat()
    await claimed(world)
    (left,) = messages(world, QUEUED).values()
    assert left.due_time <= world.clock.now() + HOUR


async def test_a_run_that_is_done_stays_done_when_its_messages_are_cancelled(world: World, runs: Runs) -> None:
    done = await finish(runs, await selected(runs))
    cancellation = await runs.cancelling.cancel_execution(done.execution_id, CALLER)
    assert cancellation.cancelled_count == 5
    assert run_of(world, done.execution_id).state is RunState.DONE


# Back-pressure.


async def test_a_run_waits_while_too_many_messages_wait(
    world: World, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "MAX_WAITING", 3)
    run = await selected(runs)
    assert await step(runs, run) is Progress.ADVANCED
    assert await step(runs, run) is Progress.ADVANCED
    assert await step(runs, run) is Progress.NO_ROOM
    assert len(messages(world)) == 4
    await runs.process.start()
    done = await finish(runs, run)
    assert done.accepted_count == 5


async def test_messages_for_later_do_not_count_as_waiting(
    world: World, runs: Runs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accepting, "MAX_WAITING", 1)
    run = await selected(runs)
    await runs.process.trigger(recipient(), send_time=world.clock.now() + HOUR)
    assert await step(runs, run) is Progress.ADVANCED


# Processes.


async def test_a_run_of_a_process_that_died_while_selecting_begins_anew(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 3)
    run = (await runs.trigger()).run
    dead = await take(world, run, "dead")
    await world.transactions.write(lambda unit: _select_one(unit, dead))
    await person(world, "late")
    done = await finish(runs, run)
    assert (done.state, done.accepted_count) == (RunState.DONE, 4)


def _select_one(unit: UnitOfWork, run: AudienceRun) -> None:
    """Leaves what a process had written down: a member that must not stay."""
    begun = run.begun(1)
    unit.audience_runs.save(begun)
    unit.audience_runs.add_members(begun, 0, [AudienceMember(ProfileRef(99, "f" * 32), None)])


async def test_a_run_of_a_process_that_died_while_accepting_goes_on_where_its_last_commit_was(
    world: World, runs: Runs
) -> None:
    run = await selected(runs)
    await step(runs, run)
    await take(world, run, "dead")
    done = await finish(runs, run)
    assert (done.state, done.accepted_count) == (RunState.DONE, 5)
    assert identities(world) == [f"email:p0000{place}@example.com" for place in range(5)]


async def test_a_process_that_lost_a_run_changes_nothing_more(world: World, runs: Runs) -> None:
    run = await selected(runs)
    await take(world, run, "second")
    with pytest.raises(RunLost):
        await step(runs, run)
    assert messages(world) == {}


async def test_a_run_in_the_hands_of_a_live_process_is_left_alone(world: World, runs: Runs) -> None:
    run = await selected(runs)
    second = Process(world, "second")
    await take(world, run, "first")
    others = Runs(second)
    try:
        async with others.running():
            await second.transactions.read(lambda unit: unit.audience_runs.open(1))
            others.runner.wake()
            await second.transactions.read(lambda unit: unit.audience_runs.open(1))
        assert run_of(world, run.execution_id).owner == "first"
    finally:
        await second.close()


async def test_two_processes_write_to_each_member_once(world: World, runs: Runs) -> None:
    await by_condition(world)
    await people(world, 20)
    executions = [(await runs.trigger()).execution.id for _ in range(3)]
    second = Process(world, "second")
    others = Runs(second)
    try:
        async with runs.running(), others.running():
            await until(lambda: all(run_of(world, each).state is RunState.DONE for each in executions))
    finally:
        await second.close()
    for each in executions:
        own = [message.identity for message in messages(world).values() if message.execution_id == each]
        assert sorted(own) == [f"email:p{place:05}@example.com" for place in range(20)]


async def test_the_members_of_a_run_are_purged_a_week_after_its_end(world: World, runs: Runs) -> None:
    done = await finish(runs, await selected(runs))
    housekeeper = Housekeeper(runs.process.transactions, world.clock, "first", Retention(), world.sweeper)
    for days, count in ((7, 5), (1, 0)):
        world.clock.advance(days * DAY)
        await runs.process.heartbeat.beat()
        await housekeeper.run_once()
        assert _member_count(world, done) == count


def _member_count(world: World, run: AudienceRun) -> int:
    with world.store.snapshot() as unit:
        return len(unit.audience_runs.members(replace(run, decided_count=0), "email", 10))


async def test_an_audience_is_not_deleted_while_a_run_still_needs_it(world: World, runs: Runs) -> None:
    await by_condition(world)
    run = (await runs.trigger(send_time=world.clock.now() + HOUR)).run
    audiences = ManageAudiences(world.transactions, CelConditionCompiler(), world.clock)
    with pytest.raises(AudienceInUse, match=run.name):
        await audiences.delete("gold", "", AUTHOR)
    await runs.cancelling.cancel_execution(run.execution_id, CALLER)
    await audiences.delete("gold", "", AUTHOR)
