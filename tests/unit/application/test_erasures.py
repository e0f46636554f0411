"""A person is erased: at once for callers, and then from messages, events and executions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import pytest
from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.ports.queries import CampaignQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import ProfileFields, UpdateProfile
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.errors import EtagMismatch, InvalidFields, ResourceNotFound
from clarion_server.domain.events.event import EventType, message_event
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.key_renewal import KeyTable, Renewal
from clarion_server.domain.people.profile import Profile

from tests.contract.store import samples
from tests.unit.application.erasing import CALLER, JANE, LABELS, erase, erased_events, is_blank, stored, sweep
from tests.unit.application.running import Process, claimed, counts, events, messages, recipient, until
from tests.unit.application.unsubscribing import add_topics, history, link, topic, unsubscribing
from tests.unit.application.world import START, World

T = TypeVar("T")


async def test_ended_messages_lose_the_person_and_keep_their_outcome(world: World, process: Process) -> None:
    campaign = (await world.authoring.page(CampaignQuery(CALLER.visibility)))[0]
    jane = await stored(world, JANE, first_name="Jane")
    async with process.sending():
        await process.trigger(recipient("email:JANE@example.com", labels=LABELS), recipient("email:joe@example.com"))
        await until(lambda: len(messages(world, MessageState.SENT)) == 2)
    before = counts(world, campaign.key)
    await erase(world, jane)
    await sweep(world)
    blank = [message for message in messages(world).values() if is_blank(message)]
    assert [message.state for message in blank] == [MessageState.SENT]
    assert [each.identity for each in messages(world).values() if each not in blank] == ["email:joe@example.com"]
    assert counts(world, campaign.key) == before
    assert all(not event.labels for event in events(world) if event.message_id == blank[0].id)
    (erasure,) = erased_events(world)
    assert (erasure.message_count, erasure.cancelled_count, erasure.actor) == (1, 0, CALLER.name)


async def test_somebody_without_a_profile_is_erased_by_an_identity(world: World, process: Process) -> None:
    campaign = (await world.authoring.page(CampaignQuery(CALLER.visibility)))[0]
    async with process.sending():
        await process.trigger(
            recipient("email:JANE@example.com", labels=LABELS),
            recipient("email:work@example.com", address="Jane@Example.com"),
            recipient("email:joe@example.com"),
        )
        await until(lambda: len(messages(world, MessageState.SENT)) == 3)
        await process.trigger(recipient(JANE), send_time=world.clock.now() + 1)
    begun = await world.erasures.erase(EraseProfile(identity=JANE), CALLER)
    assert (begun.cancelled_count, begun.address_count) == (1, 1)
    before = counts(world, campaign.key)
    await sweep(world)
    assert [each.identity for each in messages(world).values() if not is_blank(each)] == ["email:joe@example.com"]
    assert counts(world, campaign.key) == before
    (erasure,) = erased_events(world)
    assert (erasure.message_count, erasure.cancelled_count, erasure.address_count) == (3, 1, 1)
    (event,) = (each for each in events(world) if each.type is EventType.PROFILE_ERASED)
    assert event.subject == begun.profile


async def test_messages_after_the_erasure_of_an_identity_are_of_a_new_person(world: World, process: Process) -> None:
    await process.trigger(recipient(JANE), send_time=world.clock.now() + 1)
    await world.erasures.erase(EraseProfile(identity="email:Jane@Example.com", keeps_suppression=False), CALLER)
    await process.trigger(recipient(JANE), send_time=world.clock.now() + 1)
    await sweep(world)
    assert sorted(message.identity for message in messages(world).values()) == ["", JANE]


async def test_an_identity_of_a_profile_erases_the_profile(world: World, process: Process) -> None:
    jane = await stored(world, JANE, "crm:1")
    begun = await world.erasures.erase(EraseProfile(identity="crm:1"), CALLER)
    assert begun.profile == jane.name
    with pytest.raises(ResourceNotFound):
        await world.profiles.get(jane.id, CALLER)


async def test_an_identity_is_erased_in_the_callers_sandbox_alone(world: World, process: Process) -> None:
    await process.trigger(recipient(JANE), send_time=world.clock.now() + 1)
    await stored(world, "email:joe@example.com")
    for identity in (JANE, "email:joe@example.com"):
        begun = await world.erasures.erase(
            EraseProfile(identity=identity), replace(CALLER, visibility=Visibility("staging"))
        )
        assert begun.cancelled_count == 0
    await sweep(world)
    assert [message.identity for message in messages(world, MessageState.QUEUED).values()] == [JANE]
    assert (await world.profiles.lookup("email:joe@example.com", CALLER)).locale == "de"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (EraseProfile(), "name"),
        (EraseProfile("0" * 32, identity=JANE), "identity"),
        (EraseProfile(identity="email:nobody"), "identity"),
    ],
)
async def test_whom_to_erase_is_said_in_one_way(world: World, command: EraseProfile, field: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await world.erasures.erase(command, CALLER)
    assert [violation.field for violation in refused.value.violations] == [field]


async def test_queued_messages_are_cancelled_at_once_and_reports_add_up(world: World, process: Process) -> None:
    campaign = (await world.authoring.page(CampaignQuery(CALLER.visibility)))[0]
    jane = await stored(world, JANE)
    for _ in range(3):
        await process.trigger(send_time=world.clock.now() + 1)
    assert (await erase(world, jane)).cancelled_count == 3
    assert set(messages(world, MessageState.CANCELLED)) == set(messages(world))
    found = counts(world, campaign.key)
    assert (found["TARGETED"], found["CANCELLED"]) == (3, 3)
    await sweep(world)
    assert all(map(is_blank, messages(world).values()))
    assert counts(world, campaign.key) == found


async def test_a_queued_message_to_another_form_of_the_identity_never_leaves(world: World, process: Process) -> None:
    jane = await stored(world, JANE)
    await process.trigger(recipient("email:JANE@Example.com"))
    assert (await erase(world, jane)).cancelled_count == 0
    assert not (await claimed(world)).messages
    assert [message.state for message in messages(world).values()] == [MessageState.CANCELLED]


async def test_the_sweep_cancels_what_is_queued_for_another_form(world: World, process: Process) -> None:
    jane = await stored(world, JANE)
    await process.trigger(recipient("email:JANE@Example.com"), send_time=world.clock.now() + 1)
    await erase(world, jane)
    await sweep(world)
    assert [message.state for message in messages(world).values()] == [MessageState.CANCELLED]
    assert erased_events(world)[0].cancelled_count == 1


async def test_a_message_that_is_being_sent_is_blanked_after_its_end(world: World, process: Process) -> None:
    jane = await stored(world, JANE)
    await process.trigger(send_time=world.clock.now() + 1)
    world.clock.advance(1)
    (sending,) = (await claimed(world)).messages
    await erase(world, jane)
    await sweep(world)
    assert messages(world)[sending.id].identity == JANE
    assert erased_events(world) == []
    outcome = samples.outcome(sending, MessageState.FAILED)
    await world.transactions.write(lambda unit: unit.messages.record_outcomes([outcome], "first"))
    await sweep(world)
    assert is_blank(messages(world)[sending.id])
    assert erased_events(world)[0].message_count == 1


async def test_messages_to_former_identities_and_of_absorbed_profiles_are_the_persons(
    world: World, process: Process
) -> None:
    await process.trigger(recipient("email:old@example.com"))
    jane, absorbed = await stored(world, JANE, "email:old@example.com"), await stored(world, "email:other@example.com")
    await process.trigger(recipient("email:other@example.com"))
    removed = UpdateProfile(jane.id, ProfileFields((JANE,), {}, "", ""), frozenset({"identities"}))
    await world.profiles.update(removed, CALLER)
    merged = await ProfileMerger(world.transactions, world.clock).merge(MergeProfiles(jane.id, absorbed.id), CALLER)
    await erase(world, merged)
    await sweep(world)
    assert [is_blank(message) for message in messages(world).values()] == [True, True]


def outdated_profile(unit: UnitOfWork) -> Profile:
    """Stores somebody by the key that an earlier version made of an old Mexican number."""
    number = "+5215562000000"
    return unit.profiles.add(samples.profile(Identity(IdentityKey("phone", number), number), sandbox="default"))


@pytest.mark.parametrize("upgraded_in_between", [False, True])
async def test_a_person_whose_keys_wait_for_their_renewal_is_found_in_messages(
    world: World, process: Process, *, upgraded_in_between: bool
) -> None:
    await world.live("calls", identity_namespace="phone")
    await process.trigger(recipient("phone:+52 55 6200 0000", address="a@example.com"), campaign_id="calls")
    erasure = await erase(world, await world.transactions.write(outdated_profile), keep=False)
    if upgraded_in_between:
        as_begun = replace(erasure, identities=frozenset({IdentityKey("phone", "+5215562000000")}))
        await world.transactions.write(lambda unit: unit.erasures.save(as_begun))
    await sweep(world)
    assert all(map(is_blank, messages(world).values()))


async def test_only_the_erasure_of_whom_a_renewal_of_keys_stands_at_moves_it(world: World) -> None:
    jane, joe = await stored(world, JANE), await stored(world, "email:joe@example.com")
    standing = Renewal({"EMAIL": "2"}, KeyTable.IDENTITIES, ("default", "email", "joe@example.com"), seen=7)
    await world.transactions.write(lambda unit: unit.key_renewal.save(standing))
    await erase(world, jane)
    assert await world.transactions.write(lambda unit: unit.key_renewal.renewal()) == standing
    await erase(world, joe)
    assert await world.transactions.write(lambda unit: unit.key_renewal.renewal()) == replace(standing, place=())


async def test_messages_of_other_profiles_and_of_whoever_comes_later_stay(world: World, process: Process) -> None:
    jane, joe = await stored(world, JANE), await stored(world, "email:joe@example.com")
    await process.trigger(recipient("email:joe@example.com", address="jane@example.com"))
    await erase(world, jane)
    await process.trigger()
    await sweep(world)
    kept = {message.identity: message.profile_key for message in messages(world).values()}
    assert kept == {"email:joe@example.com": joe.key, JANE: None}


async def test_whoever_is_created_after_the_erasure_is_a_new_empty_person(world: World, process: Process) -> None:
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    jane = await stored(world, JANE, first_name="Jane")
    await erase(world, jane)
    await process.trigger(recipient(JANE), campaign_id="welcome")
    await sweep(world)
    new = await world.profiles.lookup(JANE, CALLER)
    assert (new.id != jane.id, dict(new.attributes), new.locale) == (True, {}, "")
    assert [message.profile_key for message in messages(world).values()] == [new.key]


async def test_the_words_of_providers_and_what_was_rejected_lose_the_person(world: World, process: Process) -> None:
    jane = await stored(world, JANE)
    await process.trigger(send_time=world.clock.now() + 1, request_id="welcome-Jane@Example.com")
    world.clock.advance(1)
    (sending,) = (await claimed(world)).messages
    failure = Failure(FailureReason.RECIPIENT_REJECTED, "550", "Jane Doe <jane@example.com> is unknown")
    attempt = Attempt(1, START, START, AttemptResult.FAILED, failure)
    outcome = replace(
        samples.outcome(sending, MessageState.FAILED), event=message_event(sending, MessageState.FAILED, START, attempt)
    )

    def record(unit: UnitOfWork) -> None:
        unit.messages.record_outcomes([outcome], "first")
        unit.events.add_all([outcome.event])

    await world.transactions.write(record)
    await erase(world, jane)
    await sweep(world)
    (message,) = messages(world).values()
    assert message.end.failure == replace(failure, detail="")
    (detail,) = [event.detail for event in events(world) if event.type is EventType.FAILED]
    assert detail == replace(attempt, failure=replace(failure, detail=""))
    execution = await world.transactions.read(lambda unit: unit.executions.get(CALLER.visibility, message.execution_id))
    assert execution is not None
    assert execution.request_id is None


async def test_a_stale_etag_and_a_foreign_profile_erase_nobody(world: World) -> None:
    jane = await stored(world, JANE)
    foreign = Caller("apiKeys/1", Visibility("staging"), frozenset({Scope.ADMIN}))
    with pytest.raises(EtagMismatch):
        await world.erasures.erase(EraseProfile(jane.id, '"0-0"'), CALLER)
    with pytest.raises(ResourceNotFound):
        await world.erasures.erase(EraseProfile(jane.id), foreign)
    assert await world.profiles.get(jane.id, CALLER) == jane


async def test_an_erasure_that_was_interrupted_anywhere_goes_on(world: World, process: Process) -> None:
    jane = await stored(world, JANE)
    for _ in range(5):
        await process.trigger()
    await erase(world, jane)
    steps = 0

    async def stopping(step: Callable[[UnitOfWork], T]) -> T | None:
        nonlocal steps
        steps += 1
        await world.transactions.write(step, bulk=True)
        raise InterruptedError

    while not erased_events(world):
        with pytest.raises(InterruptedError):
            await world.sweeper.sweep(stopping)
        assert steps < 20
    assert all(map(is_blank, messages(world).values()))
    assert erased_events(world)[0].message_count == 5
    assert not await world.transactions.read(lambda unit: unit.erasures.pending())


async def test_a_link_of_an_erased_person_stores_nothing(world: World, process: Process) -> None:
    await add_topics(world, topic("news"))
    jane = await stored(world, JANE)
    await process.trigger()
    (message,) = messages(world).values()
    pages, own, of_purged = unsubscribing(world), link(message_id=message.id), link()
    # Nothing is kept of the address, so that the message alone tells of the erasure.
    await erase(world, jane, keep=False)
    assert await pages.unsubscribe(own) == "News"
    await sweep(world)
    assert await pages.unsubscribe(own) == "News"
    assert await world.profiles.page(None, 10, CALLER) == []
    # The address is kept as a hash, which tells of it after the message was purged.
    await erase(world, await stored(world, JANE))
    assert await pages.unsubscribe(of_purged) == "News"
    assert await world.profiles.page(None, 10, CALLER) == []


async def test_the_link_of_a_mail_that_came_after_the_erasure_works_without_a_profile(
    world: World, process: Process
) -> None:
    await add_topics(world, topic("news"))
    # The address is kept as a hash, which stops marketing. Service messages are sent to it.
    await erase(world, await stored(world, JANE), keep=True)
    world.clock.advance(1)
    await process.trigger()
    ((message_id, _),) = messages(world).items()
    await unsubscribing(world).unsubscribe(link(message_id=message_id, category=Category.TRANSACTIONAL))
    assert [change.choice for change in await history(world)] == [ConsentChoice.DENIED]


async def test_a_link_of_somebody_without_a_profile_stores_nothing_from_the_begin_of_the_erasure_on(
    world: World, process: Process
) -> None:
    await add_topics(world, topic("news"))
    await process.trigger()
    ((message_id, _),) = messages(world).items()
    await world.erasures.erase(EraseProfile(identity=JANE, keeps_suppression=False), CALLER)
    assert await unsubscribing(world).unsubscribe(link(message_id=message_id)) == "News"
    assert await world.profiles.page(None, 10, CALLER) == []


async def test_an_erasure_in_another_sandbox_takes_no_opt_out_away(world: World, process: Process) -> None:
    await add_topics(world, topic("news"))
    await process.trigger()
    ((message_id, _),) = messages(world).items()
    foreign = Caller("apiKeys/1", Visibility("staging"), frozenset({Scope.ADMIN}))
    await world.erasures.erase(EraseProfile(identity=JANE), foreign)
    await unsubscribing(world).unsubscribe(link(message_id=message_id))
    assert [change.choice for change in await history(world)] == [ConsentChoice.DENIED]


async def test_a_link_of_somebody_who_came_back_after_the_erasure_works(world: World) -> None:
    await add_topics(world, topic("news"))
    await erase(world, await stored(world, JANE))
    await stored(world, JANE)
    await unsubscribing(world).unsubscribe(link())
    assert [change.choice for change in await history(world)] == [ConsentChoice.DENIED]
