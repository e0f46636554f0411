"""Several processes reserve room for the same people at once, and none passes a cap."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ManageProfiles, ProfileFields
from clarion_server.application.triggering.accept import AcceptItem
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap
from clarion_server.domain.triggering.acceptance import Decision

from tests.cap_entries import counted
from tests.contract.store.conftest import OpenStore
from tests.unit.application.running import CALLER, DEADLINE_S, Process, claimed, messages, recipient, recipients
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

PROCESSES = 4
QUEUED, EXCLUDED = MessageState.QUEUED, MessageState.EXCLUDED
ADMIN = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))
ONCE = (FrequencyCap(1, sliding=DAY), FrequencyCap(1, period=CalendarPeriod.MONTH))


@pytest.fixture
async def processes(open_durable: OpenStore) -> AsyncIterator[list[Process]]:
    """Processes that accept marketing, which leaves once to each person."""
    async with AsyncExitStack() as opened:
        stores = [open_durable() for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        await Policies(world).make(quiet_hours=(), caps=ONCE)
        await world.live("offers", category=Category.MARKETING)
        made = [Process(world, f"process-{number}", store=store) for number, store in enumerate(stores)]
        for process in made:
            opened.push_async_callback(process.close)
        yield made


def states_of(found: dict[str, Message], identity: str) -> Counter[MessageState]:
    return Counter(message.state for message in found.values() if message.identity == identity)


async def test_of_50_triggers_at_once_one_is_accepted(
    processes: list[Process], show_counts: Callable[[str], None]
) -> None:
    await asyncio.gather(
        *(processes[number % PROCESSES].trigger(recipient(), campaign_id="offers") for number in range(50))
    )
    states = states_of(messages(processes[0].world), "email:jane@example.com")
    show_counts(f"50 triggers of {PROCESSES} processes for one person: {dict(states)}")
    assert states == {QUEUED: 1, EXCLUDED: 49}


async def test_recipients_in_opposite_orders_block_nobody_and_each_gets_one(
    processes: list[Process], show_counts: Callable[[str], None]
) -> None:
    people = recipients(20)
    triggers = [
        process.trigger(*(people if number % 2 else reversed(people)), campaign_id="offers")
        for number in range(6)
        for process in processes
    ]
    await asyncio.gather(*triggers)
    found = messages(processes[0].world)
    show_counts(f"{len(triggers)} triggers of 20 people: {dict(Counter(each.state for each in found.values()))}")
    for person in people:
        assert states_of(found, person.identity) == {QUEUED: 1, EXCLUDED: len(triggers) - 1}


async def test_claims_and_cancellations_beside_triggers_leave_entries_that_equal_the_messages(
    processes: list[Process], show_counts: Callable[[str], None]
) -> None:
    world, people = processes[0].world, recipients(8)
    (channel,) = await world.channels.page(None, 1, AUTHOR)

    async def trigger_and_cancel(process: Process) -> None:
        for place in range(6):
            answer = await process.trigger(*(people if place % 2 else reversed(people)), campaign_id="offers")
            if place % 3:
                await process.cancelling.cancel_execution(answer.execution.id, CALLER)
            else:
                await claimed(world, 3, Lane.MARKETING, channel_key=channel.key)

    await asyncio.gather(*map(trigger_and_cancel, processes))
    found = messages(world)
    kept = {message.id for message in found.values() if message.state in (QUEUED, MessageState.SENDING)}
    entries = counted(world.store)
    show_counts(f"{dict(Counter(each.state for each in found.values()))}, {len(kept)} of which count")
    assert {message_id for times in entries.values() for message_id in times} == kept
    assert all(len(times) <= 1 for times in entries.values())


async def test_a_profile_that_is_merged_beside_triggers_counts_every_message_once(processes: list[Process]) -> None:
    world = processes[0].world
    identities = [f"email:jane@{number}.example" for number in range(PROCESSES)]
    profiles = [
        await world.profiles.create(CreateProfile(ProfileFields((each,), {}, "", "")), ADMIN) for each in identities
    ]
    triggers = [process.trigger(*map(recipient, identities), campaign_id="offers") for process in processes]
    merger = ProfileMerger(processes[1].transactions, world.clock)

    async def merge_all() -> None:
        for absorbed in profiles[1:]:
            await merger.merge(MergeProfiles(profiles[0].id, absorbed.id), ADMIN)

    await asyncio.gather(*triggers, merge_all())
    found = {message.id: message for message in messages(world).values() if message.state is QUEUED}
    for message in found.values():
        await processes[2].cancelling.cancel_message(message.id, CALLER)
    assert {len(times) for times in counted(world.store).values()} <= {0}


async def test_a_strangers_message_and_one_to_the_profile_made_meanwhile_are_of_one_person(
    processes: list[Process], show_counts: Callable[[str], None]
) -> None:
    """Each second process meets people without profiles, and the others make their profiles at the same time."""
    world, people = processes[0].world, recipients(30)
    await world.live("greetings", category=Category.MARKETING, unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    campaigns = ("offers", "greetings")
    triggers = [
        processes[number].trigger(person, campaign_id=campaigns[number % 2])
        for person in people
        for number in range(PROCESSES)
    ]
    await asyncio.gather(*triggers)
    found = messages(world)
    show_counts(f"{len(triggers)} triggers of strangers: {dict(Counter(each.state for each in found.values()))}")
    for person in people:
        assert states_of(found, person.identity) == {QUEUED: 1, EXCLUDED: PROCESSES - 1}


async def test_a_profile_made_while_a_strangers_message_is_being_accepted_counts_that_message(
    processes: list[Process], show_counts: Callable[[str], None]
) -> None:
    world = processes[0].world
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        gate = _Gate(processes[0])
        stranger = asyncio.create_task(processes[0].trigger(recipient(), campaign_id="offers"))
        await loop.run_in_executor(thread, gate.reached.wait, DEADLINE_S)
        profile = asyncio.create_task(_make_and_trigger(processes[1]))
        # Whoever does not wait for the first transaction has ended by then, and whoever does can only end afterwards.
        await asyncio.wait([profile], timeout=0.5)
        gate.opened.set()
        await asyncio.gather(stranger, profile)
    states = states_of(messages(world), "email:jane@example.com")
    show_counts(f"a stranger and the profile made meanwhile: {dict(states)}")
    assert states == {QUEUED: 1, EXCLUDED: 1}


class _Gate:
    """Stops the first transaction of a process before its commit, which accepts a message."""

    def __init__(self, process: Process) -> None:
        self.reached, self.opened = threading.Event(), threading.Event()
        operation = process.triggering.accept_triggers
        apply = operation.apply

        def stopped(unit: UnitOfWork, items: Sequence[AcceptItem], /) -> Sequence[Decision]:
            decisions = apply(unit, items)
            self.reached.set()
            self.opened.wait(DEADLINE_S)
            return decisions

        operation.apply = stopped  # type: ignore[method-assign] # only this test stops it


async def _make_and_trigger(process: Process) -> None:
    profiles = ManageProfiles(process.transactions, process.world.identities, process.world.clock, SystemIds())
    await profiles.create(CreateProfile(ProfileFields(("email:jane@example.com",), {}, "", "")), ADMIN)
    await process.trigger(recipient(), campaign_id="offers")
