"""Whatever was done with a person, nothing of the person is left after the erasure, and nobody else is touched."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import closing
from typing import Any, TypeVar

from clarion_server.application.consent.consents import Person
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields, UpdateProfile
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import ClarionError
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.events.event import EventType
from clarion_server.domain.messages.message import MessageState
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.store import samples
from tests.identities import HASHER
from tests.memory_store import MemoryStore
from tests.unit.application.consenting import ALL, Consents, a
from tests.unit.application.running import Process, claimed, events, messages, recipient
from tests.unit.application.world import CountingIds, World

T = TypeVar("T")

CALLER = Caller("apiKeys/admin", Visibility("default"), frozenset({Scope.ADMIN}))
#: Is part of everything that belongs to the person, and of nothing else.
TRACE = "zaphod"
HOME = f"email:{TRACE}@example.com"
FORMS = (HOME, f"email:{TRACE.upper()}@Example.com", f"email:{TRACE}@example.com.", f"email:{TRACE}@bücher.example")
BESIDE = "email:arthur@example.com"

_forms = st.sampled_from(FORMS)
_steps = st.one_of(
    st.tuples(st.just("trigger"), _forms, st.booleans(), st.booleans()),
    st.tuples(st.just("beside"), st.just(BESIDE), st.booleans(), st.booleans()),
    st.tuples(st.just("send"), st.sampled_from([MessageState.SENT, MessageState.FAILED, MessageState.QUEUED])),
    st.tuples(st.sampled_from(["create", "lose", "merge", "deny", "suppress"])),
)


class _Life:
    """Is what is done with the person, and with somebody beside."""

    def __init__(self, world: World, process: Process) -> None:
        self._world = world
        self._process = process
        self._consents = Consents(world)
        self._suppressions = ManageSuppressions(world.transactions, world.clock, CountingIds(), HASHER)
        self.profile_id = ""

    async def create(self) -> None:
        if not self.profile_id:
            fields = ProfileFields((HOME, FORMS[3]), {"name": TRACE, "email": f"{TRACE}@other.example"}, "", "")
            self.profile_id = (await self._world.profiles.create(CreateProfile(fields), CALLER)).id

    async def trigger(self, identity: str, scheduled: bool, overridden: bool) -> None:
        trace = TRACE if TRACE in identity.lower() else "arthur"
        to = recipient(
            identity,
            address=f"{trace}.{overridden:d}@override.example" if overridden else "",
            context={"order": {"id": trace}},
            labels={"customer": trace},
        )
        await self._process.trigger(to, send_time=self._world.clock.now() + scheduled)

    beside = trigger

    async def send(self, state: MessageState) -> None:
        self._world.clock.advance(1)
        for message in (await claimed(self._world, 3)).messages:
            due = self._world.clock.now() if state is MessageState.QUEUED else None
            outcome = samples.outcome(message, state, message.attempts.count, due_time=due)
            await _record(self._world, outcome)

    async def lose(self) -> None:
        await self.create()
        fields = ProfileFields((HOME,), {}, "", "")
        await self._world.profiles.update(UpdateProfile(self.profile_id, fields, frozenset({"identities"})), CALLER)

    async def merge(self) -> None:
        await self.create()
        other = await self._world.profiles.create(CreateProfile(ProfileFields((f"crm:{TRACE}",), {}, "", "")), CALLER)
        merger = ProfileMerger(self._world.transactions, self._world.clock)
        await merger.merge(MergeProfiles(self.profile_id, other.id), CALLER)

    async def deny(self) -> None:
        await self.create()
        await self._consents.change(a(ALL, ConsentChoice.DENIED), person=Person(profile_id=self.profile_id))

    async def suppress(self) -> None:
        await self._suppressions.create(CreateSuppression(f"{TRACE}@example.com", "address"), CALLER)


async def _live(steps: list[tuple[Any, ...]]) -> None:
    store = MemoryStore()
    with closing(World(store)) as world:
        await world.live()
        process = Process(world)
        life = _Life(world, process)
        for name, *arguments in steps:
            try:
                await getattr(life, name)(*arguments)
            except ClarionError:
                # A refusal stores nothing, such as that of a second suppression.
                continue
        await life.create()
        beside = {each.id: each for each in messages(world).values() if each.identity == BESIDE}
        # An identity that was lost after a denial has become a profile of its own, which holds the denial.
        for profile in await world.profiles.page(None, 10, CALLER):
            await world.erasures.erase(EraseProfile(profile.id), CALLER)
        for _ in range(3):
            await _end_attempts(world)
            await world.sweeper.sweep(_write(world))
        assert any(event.type is EventType.PROFILE_ERASED for event in events(world))
        left = {table for table, rows in store.content().items() if TRACE in str(rows).lower()}
        assert left == set()
        assert {each.id for each in messages(world).values() if each.identity == BESIDE} == set(beside)
        await process.close()


async def _end_attempts(world: World) -> None:
    for message in messages(world, MessageState.SENDING).values():
        outcome = samples.outcome(message, MessageState.SENT, message.attempts.count)
        await _record(world, outcome)


async def _record(world: World, outcome: AttemptOutcome) -> None:
    await world.transactions.write(lambda unit: unit.messages.record_outcomes([outcome], "first"))


def _write(world: World) -> Callable[[Callable[[UnitOfWork], T]], Awaitable[T]]:
    return lambda step: world.transactions.write(step, bulk=True)


@settings(max_examples=40, deadline=None)
@given(st.lists(_steps, max_size=12))
def test_an_erasure_is_complete_whatever_came_before(steps: list[tuple[Any, ...]]) -> None:
    asyncio.run(_live(steps))
