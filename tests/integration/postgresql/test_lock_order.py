"""Transactions that lock messages, and what caps count, never wait for each other in a circle.

PostgreSQL ends a circle after a second, and counts it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from functools import partial
from threading import Barrier

import pytest
from clarion_server.adapters.storage.limits.cap_locks import CapRow
from clarion_server.adapters.storage.messages.recipient_index import FAN, RecipientIndex
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.application.ports.store import UnitOfWork, WriteConflict
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.sending.outcomes import record_outcomes
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.attempt import Failure, FailureReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.sending_policies.cap_entries import CapEntries
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap

from tests.cap_entries import counted, lock, save
from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing, ends
from tests.postgresql import ask, made_database
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient, recipients
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import World
from tests.waiting import wait_until

PROCESSES, ROUNDS = 3, 12
ADMIN = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))
ROW = CapRow("7", 1, "scope")
REJECTED = Failure(FailureReason.RECIPIENT_REJECTED)


@pytest.fixture
def url() -> str:
    """Returns the URL of a new database, to which nothing else is connected."""
    return made_database("clarion_lock_order")


def deadlocks(url: str) -> int:
    """Returns how many there were in the database, as soon as nobody is connected who could still report some."""
    others = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    wait_until(lambda: ask(url, others) == [(0,)])
    ((count,),) = ask(url, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return int(count)


class Step:
    """Locks in two steps, between which the other one takes its first."""

    def __init__(self, first: Callable[[UnitOfWork], object], then: Callable[[UnitOfWork], object]) -> None:
        self.failures: list[type[BaseException]] = []
        self._first = first
        self._then = then
        self._is_done_again = False

    def apply(self, barrier: Barrier, unit: UnitOfWork) -> None:
        self._first(unit)
        if not self._is_done_again:
            self._is_done_again = True
            barrier.wait()
        try:
            self._then(unit)
        except WriteConflict:
            self.failures.append(WriteConflict)
            raise


async def at_once(url: str, *steps: Step) -> None:
    stores, barrier = [open_postgresql_store(url) for _ in steps], Barrier(len(steps))
    transactions = [Transactions(store) for store in stores]
    try:
        await asyncio.gather(
            *(each.write(partial(step.apply, barrier)) for each, step in zip(transactions, steps, strict=True))
        )
    finally:
        for each, store in zip(transactions, stores, strict=True):
            each.close()
            store.close()


def counted_message(url: str) -> Message:
    with closing(open_postgresql_store(url)) as store, committing(store) as work:
        made = a_sender(work).message(work, cap_person=ROW.person, sending_policy=KeptPolicy("nights"))
        save(work, {ROW: CapEntries({made.id: samples.NOW}, samples.NOW * 2)})
        return made


@pytest.mark.parametrize(
    "move",
    [
        lambda unit, message_id: unit.messages.set_cap_persons({message_id: "8"}),
        lambda unit, _: unit.caps.unite("8", ROW.person),
    ],
    ids=["a new profile", "a merge"],
)
def test_whoever_moves_what_counts_a_message_gives_way_to_whoever_ends_the_message(
    url: str, move: Callable[[UnitOfWork, str], object]
) -> None:
    message = counted_message(url)
    before = deadlocks(url)
    ending = Step(
        lambda unit: unit.messages.end_queued(ends([message], MessageState.CANCELLED), samples.NOW),
        lambda unit: unit.caps.give_back([message.id]),
    )
    moving = Step(lambda unit: lock(unit, {ROW: True}), lambda unit: move(unit, message.id))
    asyncio.run(at_once(url, ending, moving))
    assert ending.failures == []
    # Once, or again when the other one is slow to commit.
    assert set(moving.failures) == {WriteConflict}
    assert deadlocks(url) == before


def test_merging_the_recipient_index_waits_for_nobody_who_sends_messages(url: str) -> None:
    with closing(open_postgresql_store(url)) as store:
        store._recipient_index = RecipientIndex(size=2)
        with committing(store) as work:
            sender = a_sender(work)
            # As many segments as are merged, and the newest one.
            names = ("ann", "bob") * (FAN + 1)
            ann, bob, *_ = [sender.message(work, identity=f"email:{each}@example.com") for each in names]
    before = deadlocks(url)
    sending = Step(
        lambda unit: unit.messages.begin([bob.id], "other", samples.NOW),
        lambda unit: unit.messages.begin([ann.id], "other", samples.NOW),
    )
    merging = Step(
        lambda unit: unit.messages.merge_recipient_index(1),
        lambda unit: unit.messages.merge_recipient_index(1),
    )
    asyncio.run(at_once(url, sending, merging))
    assert deadlocks(url) == before


class Race:
    """Processes that accept, claim, end and cancel messages of the same people, who get profiles meanwhile."""

    def __init__(self, world: World, processes: list[Process]) -> None:
        self.world = world
        self.processes = processes
        self.refused = 0

    async def run(self) -> None:
        await asyncio.gather(*(self._take_part(number) for number in range(len(self.processes))))

    async def _take_part(self, number: int) -> None:
        process, people = self.processes[number], recipients(6)
        for place in range(ROUNDS):
            campaign = ("offers", "greetings")[(number + place) % 2]
            answer = await process.trigger(*(people if place % 2 else reversed(people)), campaign_id=campaign)
            match (number + place) % 3:
                case 0:
                    await process.cancelling.cancel_execution(answer.execution.id, CALLER)
                case 1:
                    await self._claim_and_fail(process)
                case _:
                    await self._merge(process, number, place)

    async def _claim_and_fail(self, process: Process) -> None:
        owner = process.lease.process_id
        found = await claimed(self.world, 4, Lane.MARKETING, owner)
        failed = [
            samples.outcome(each, MessageState.FAILED, each.attempts.count, failure=REJECTED) for each in found.messages
        ]
        await process.transactions.write(lambda unit: record_outcomes(unit, failed, owner))

    async def _merge(self, process: Process, number: int, place: int) -> None:
        identity = f"email:also.{number}.{place}@example.com"
        absorbed = await self.world.profiles.create(CreateProfile(ProfileFields((identity,), {}, "", "")), ADMIN)
        await process.trigger(recipient(identity), campaign_id="offers")
        survivor = await self.world.profiles.lookup("email:main@example.com", CALLER)
        merger = ProfileMerger(process.transactions, self.world.clock)
        await merger.merge(MergeProfiles(survivor.id, absorbed.id), ADMIN)


async def test_triggers_claims_cancellations_failures_and_merges_never_wait_in_a_circle(
    url: str, show_counts: Callable[[str], None]
) -> None:
    before = deadlocks(url)
    async with AsyncExitStack() as opened:
        stores = [opened.enter_context(closing(open_postgresql_store(url))) for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        await Policies(world).make(quiet_hours=(), caps=(FrequencyCap(50, sliding=DAY),))
        await world.live("offers", category=Category.MARKETING)
        await world.live(
            "greetings", category=Category.MARKETING, unknown_recipient_policy=UnknownRecipientPolicy.CREATE
        )
        await world.profiles.create(CreateProfile(ProfileFields(("email:main@example.com",), {}, "", "")), ADMIN)
        processes = [Process(world, f"process-{number}", store=store) for number, store in enumerate(stores)]
        for process in processes:
            opened.push_async_callback(process.close)
        await Race(world, processes).run()
        kept = {
            message.id
            for message in messages(world).values()
            if message.state in (MessageState.QUEUED, MessageState.SENDING)
        }
        entries = {message_id for times in counted(world.store).values() for message_id in times}
        show_counts(f"{len(messages(world))} messages, {len(kept)} of which count")
        assert entries == kept
    assert deadlocks(url) == before
