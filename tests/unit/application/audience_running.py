"""Says what a process needs to send campaigns to audiences, for the tests of use cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.adapters.system import SystemIds
from clarion_server.application.audience_runs.accepting import MemberAcceptor
from clarion_server.application.audience_runs.runner import AudienceRunner
from clarion_server.application.audience_runs.selecting import MemberSelection
from clarion_server.application.audience_runs.triggering import (
    AudienceAnswer,
    AudienceTriggering,
    TriggerAudienceCommand,
)
from clarion_server.application.audiences.selection import AudienceSelector
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.audiences.audience_run import AudienceRun
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.identity import NO_NAMESPACES, Identity
from clarion_server.domain.people.profile import Profile

from tests.unit.application.running import CALLER, CONTEXT, Process, messages, until
from tests.unit.application.world import START, World

GOLD = "profile.attributes.plan == 'gold'"


class Runs:
    """The use cases of runs in one process."""

    def __init__(self, process: Process) -> None:
        world = process.world
        self.process = process
        selector = AudienceSelector(process.transactions, CelConditionCompiler(), world.clock)
        self.selection = MemberSelection(process.transactions, selector, world.clock)
        self.acceptor = MemberAcceptor(
            process.transactions, process.triggering.accept_triggers, world.clock, lambda: None
        )
        self.runner = AudienceRunner(
            process.transactions, process.campaigns, self.selection, self.acceptor, process.lease, world.clock
        )
        self.triggering = AudienceTriggering(
            process.transactions, process.campaigns, self.selection, world.clock, SystemIds(), self.runner.wake
        )
        self.cancelling = CancelMessages(process.transactions, world.clock)

    async def trigger(self, **fields: Any) -> AudienceAnswer:
        return await self.triggering.trigger(command(**fields), CALLER)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Runs what is due. A process that holds its lease does."""
        await self.process.heartbeat.beat()
        self.runner.start()
        try:
            yield
        finally:
            await self.runner.close()

    async def run(self, **fields: Any) -> AudienceRun:
        """Triggers an audience, and returns its run when it has ended."""
        execution = (await self.trigger(**fields)).execution
        async with self.running():
            await until(lambda: not run_of(self.process.world, execution.id).state.is_open)
        return run_of(self.process.world, execution.id)


def command(**fields: Any) -> TriggerAudienceCommand:
    """Returns a run for the golden people, unless `fields` say otherwise."""
    given = {"campaign_id": "order-confirmed", "audience_id": "gold", "max_recipients": 1_000, "context": CONTEXT}
    return TriggerAudienceCommand(**{**given, **fields})


def run_of(world: World, execution_id: str) -> AudienceRun:
    with world.store.snapshot() as unit:
        run = unit.audience_runs.get(execution_id)
    assert run is not None
    return run


async def by_condition(world: World, condition: str = GOLD, audience_id: str = "gold") -> Audience:
    audience = Audience(
        sandbox="default",
        id=audience_id,
        display_name="Gold",
        create_time=START,
        update_time=START,
        condition=condition,
    )
    return await world.transactions.write(lambda unit: unit.audiences.add(audience))


async def listed(world: World, *identities: str, audience_id: str = "listed") -> Audience:
    read = [world.identities.read(each, "identity", NO_NAMESPACES) for each in identities]
    audience = Audience(sandbox="default", id=audience_id, display_name="Listed", create_time=START, update_time=START)

    def add(unit: UnitOfWork) -> Audience:
        made = unit.audiences.add(audience)
        assert made.listed is not None
        unit.audiences.add_members(made.listed, [each for each in read if isinstance(each, Identity)], START)
        return made

    return await world.transactions.write(add)


async def person(world: World, name: str, *others: str, plan: str = "gold", **attributes: Any) -> Profile:
    """Stores somebody of that name, with further identities, who is golden unless `plan` says otherwise."""
    fields = ProfileFields((f"email:{name}@example.com", *others), {"plan": plan, **attributes}, "", "")
    return await world.profiles.create(CreateProfile(fields), CALLER)


async def people(world: World, count: int) -> list[Profile]:
    return [await person(world, f"p{place:05}") for place in range(count)]


def identities(world: World, *states: MessageState) -> list[str]:
    return sorted(message.identity for message in messages(world, *states).values())


def reasons(run: AudienceRun) -> dict[ExclusionReason, int]:
    return dict(run.exclusions)
