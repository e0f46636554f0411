"""Several processes make, import and merge profiles of the same people at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.profiles.profile_import import ImportedProfile, ImportProfiles
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.bootstrap.people import choice_recorder
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import Action, UnknownRecipientPolicy
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.import_result import ImportOutcome

from tests.contract.store.conftest import OpenStore
from tests.unit.application.erasing import is_blank, sweep
from tests.unit.application.running import Process, messages, recipient
from tests.unit.application.world import World

PROCESSES = 4
SANDBOX = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))


@pytest.fixture
async def processes(open_durable: OpenStore) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as opened:
        stores = [open_durable() for _ in range(PROCESSES)]
        world = World(stores[0])
        opened.callback(world.transactions.close)
        await world.live(unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
        made = [Process(world, f"process-{number}", store=store) for number, store in enumerate(stores)]
        for process in made:
            opened.push_async_callback(process.close)
        yield made


async def test_200_triggers_for_one_stranger_make_one_profile(processes: list[Process]) -> None:
    written = ["email:stranger@example.com", "email:Stranger@Example.com"]
    triggers = [
        process.trigger(recipient(written[number % 2])) for number in range(200 // PROCESSES) for process in processes
    ]
    answers = await asyncio.gather(*triggers)
    assert len({answer.execution.id for answer in answers}) == 200
    world = processes[0].world
    assert len(messages(world)) == 200
    (profile,) = await world.profiles.page(None, 10, SANDBOX)
    assert len(profile.identities) == 1


async def test_triggers_for_the_same_strangers_in_opposite_orders_make_each_one_once(processes: list[Process]) -> None:
    people = [recipient(f"email:r{number}@example.com") for number in range(20)]
    triggers = [
        process.trigger(*(people if number % 2 else reversed(people))) for number in range(5) for process in processes
    ]
    await asyncio.gather(*triggers)
    profiles = await processes[0].world.profiles.page(None, 100, SANDBOX)
    assert sorted(str(profile.identities[0]) for profile in profiles) == sorted(each.identity for each in people)


async def test_imports_of_the_same_people_in_opposite_orders_agree_on_their_profiles(processes: list[Process]) -> None:
    world = processes[0].world
    denial = ConsentChange(ConsentScope(), ConsentChoice.DENIED, 0, ConsentSource.IMPORT)
    rows = [
        ImportedProfile(
            ProfileFields((f"crm:{number}", f"x:{number}"), {"number": number}, "", ""), (denial,) * (number % 10 == 0)
        )
        for number in range(150)
    ]
    ids = SystemIds()
    imports = [
        ImportProfiles(process.transactions, world.identities, choice_recorder(world.clock, ids), world.clock, ids)
        for process in processes
    ]
    answers = await asyncio.gather(
        *(each.import_rows(rows if place % 2 else rows[::-1], SANDBOX) for place, each in enumerate(imports))
    )
    outcomes = [result.outcome for results in answers for result in results]
    assert outcomes.count(ImportOutcome.CREATED) == len(rows)
    assert outcomes.count(ImportOutcome.UNCHANGED) == len(rows) * (PROCESSES - 1)
    assert len(await world.profiles.page(None, 1_000, SANDBOX)) == len(rows)


async def test_merges_in_a_ring_beside_triggers_leave_one_profile(processes: list[Process]) -> None:
    world = processes[0].world
    people = [recipient(f"email:r{number}@example.com") for number in range(PROCESSES)]
    await processes[0].trigger(*people)
    profiles = await world.profiles.page(None, 10, SANDBOX)
    mergers = [ProfileMerger(process.transactions, world.clock) for process in processes]
    ring = [
        merger.merge(MergeProfiles(profiles[place].id, profiles[(place + 1) % PROCESSES].id), SANDBOX)
        for place, merger in enumerate(mergers)
    ]
    triggers = [process.trigger(*people) for process in processes for _ in range(5)]
    answers = await asyncio.gather(*triggers, *ring, return_exceptions=True)
    failures = [answer for answer in answers if isinstance(answer, BaseException)]
    # The last one finds that the others have merged what it was to merge.
    assert [type(failure) for failure in failures] == [EtagMismatch]
    (left,) = await world.profiles.page(None, 10, SANDBOX)
    assert len(left.identities) == PROCESSES
    for profile in profiles:
        assert await world.profiles.get(profile.id, SANDBOX) == left


async def test_whoever_is_triggered_while_being_erased_is_the_old_person_or_a_new_empty_one(
    processes: list[Process],
) -> None:
    world = processes[0].world
    greeting = EmailContent("Hello {{ profile.first_name | default('you') }}", text="Hello")
    create = UnknownRecipientPolicy.CREATE
    await world.live("greeting", actions=(Action("email", "orders", greeting),), unknown_recipient_policy=create)
    for number in range(10):
        identity = f"email:r{number}@example.com"
        fields = ProfileFields((identity, f"crm:{number}"), {"first_name": "Jane"}, "de", "")
        old = await world.profiles.create(CreateProfile(fields), SANDBOX)
        triggers = [process.trigger(recipient(identity), campaign_id="greeting") for process in processes]
        erasure = world.erasures.erase(EraseProfile(old.id, keeps_suppression=False), SANDBOX)
        await asyncio.gather(*triggers[:2], erasure, *triggers[2:])
        await sweep(world)
        new = {profile.key for profile in await world.profiles.page(None, 100, SANDBOX)}
        assert old.key not in new
        for message in messages(world).values():
            if is_blank(message):
                assert message.state is MessageState.CANCELLED
            else:
                assert (message.profile_key in new, message.profile, message.locale) == (True, b"{}", "en")
    assert len(messages(world)) == 10 * PROCESSES
    made = await world.profiles.page(None, 100, SANDBOX)
    assert all(not profile.attributes and len(profile.identities) == 1 for profile in made)
