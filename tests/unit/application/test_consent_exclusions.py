"""The choices of people decide about messages, when they are accepted and again before every attempt."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.consent.consents import Person
from clarion_server.application.consent.settings import ManageConsentSettings, UpdateConsentSettings
from clarion_server.application.profiles.profiles import ProfileFields, UpdateProfile
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope, Silence
from clarion_server.domain.consent.consent_change import change_name
from clarion_server.domain.instant import HOUR, MINUTE, SECOND
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.suppressions.suppression import SuppressionReason

from tests.fakes import LATER, UNKNOWN
from tests.unit.application.consenting import ALL, EMAIL, JANE, NEWS, NEWS_ANYWHERE, Consents, a, make_topic
from tests.unit.application.running import Process, claimed, messages, states, until
from tests.unit.application.working import at_work, only
from tests.unit.application.world import AUTHOR, World
from tests.unit.application.world import EMAIL as MAIL

GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
QUEUED, SENT, EXCLUDED = MessageState.QUEUED, MessageState.SENT, MessageState.EXCLUDED
ACCEPT, HAND_OFF = ExclusionPhase.ACCEPT, ExclusionPhase.HAND_OFF
CONTEXT = {"order": {"id": "A-1"}}


@pytest.fixture
async def consents(world: World) -> Consents:
    """Belongs to a world with the topic `news`, whose marketing goes to whoever has granted it."""
    await make_topic(world)
    return Consents(world)


@pytest.fixture
async def process(world: World, consents: Consents) -> AsyncIterator[Process]:
    """Belongs to a world with live campaigns. It is not started: tests claim."""
    await marketing(world)
    await marketing(world, "newsletter", topic="news")
    await world.live("reset")
    await world.live("delivery", topic="news")
    made = Process(world)
    yield made
    await made.close()


async def marketing(world: World, campaign_id: str = "offers", **changes: Any) -> None:
    await world.live(campaign_id, category=Category.MARKETING, **changes)
    await silence(world, Silence.SEND_ONLY_IF_GRANTED)


async def silence(world: World, meaning: Silence) -> None:
    settings = ManageConsentSettings(world.transactions, world.clock)
    await settings.update(UpdateConsentSettings(meaning), AUTHOR)


async def send(process: Process, campaign_id: str = "offers", **fields: Any) -> Message:
    """Triggers the campaign for Jane, and returns her message."""
    before = set(messages(process.world))
    recipient = RecipientInput(**{"identity": "email:jane@example.com", "context": CONTEXT} | fields)
    await process.trigger(recipient, campaign_id=campaign_id)
    (name,) = set(messages(process.world)) - before
    return messages(process.world)[name]


def no_consent(phase: ExclusionPhase, change_key: int | None = None) -> Exclusion:
    """Returns the exclusion for a choice, or for the sandbox's silence."""
    cause = "consentSettings" if change_key is None else change_name(change_key)
    return Exclusion(ExclusionReason.NO_CONSENT, phase, cause)


async def test_silence_decides_about_somebody_who_made_no_choice(
    world: World, consents: Consents, process: Process
) -> None:
    assert (await send(process)).end.exclusion == no_consent(ACCEPT)
    await silence(world, Silence.SEND_UNLESS_DENIED)
    message = await send(process)
    assert (message.state, message.consent_change) == (QUEUED, None)


async def test_a_topic_says_what_silence_means_for_its_messages(world: World, consents: Consents) -> None:
    await make_topic(world, "tips", silence=Silence.SEND_UNLESS_DENIED)
    await marketing(world, topic="tips")
    process = Process(world)
    assert (await send(process)).state is QUEUED
    await process.close()


async def test_the_choice_that_allowed_a_message_is_kept_with_it(consents: Consents, process: Process) -> None:
    recorded = await consents.change(a(EMAIL, GRANTED))
    message = await send(process)
    assert (message.state, message.consent_change) == (QUEUED, recorded.changes[0].key)
    assert message.end.exclusion is None


async def test_the_choice_that_stopped_a_message_is_kept_with_it(consents: Consents, process: Process) -> None:
    recorded = await consents.change(a(EMAIL, DENIED))
    key = recorded.changes[0].key
    message = await send(process)
    assert (message.end.exclusion, message.consent_change) == (no_consent(ACCEPT, key), key)


async def test_the_choice_that_allows_the_message_of_a_later_action_is_kept_with_it(
    world: World, consents: Consents, process: Process
) -> None:
    actions = (Action("first", "orders", MAIL, fallback_after=MINUTE), Action("second", "orders", MAIL))
    await marketing(world, "two", actions=actions, action_mode=ActionMode.FIRST_DELIVERABLE)
    recorded = await consents.change(a(ALL, GRANTED))
    await send(process, "two")
    world.clock.advance(MINUTE)
    for _ in range(2):
        await claimed(world, lane=Lane.MARKETING)
    kept = {message.action.id: message.consent_change for message in messages(world).values()}
    assert kept == dict.fromkeys(("first", "second"), recorded.changes[0].key)


async def test_a_choice_that_is_made_before_the_attempt_decides_after_silence_did(
    world: World, consents: Consents, process: Process
) -> None:
    await silence(world, Silence.SEND_UNLESS_DENIED)
    message = await send(process)
    recorded = await consents.change(a(EMAIL, GRANTED))
    await claimed(world, lane=Lane.MARKETING)
    assert messages(world)[message.id].consent_change == recorded.changes[0].key


async def test_who_denied_all_and_then_granted_a_topic_gets_that_topic_alone(
    world: World, consents: Consents, process: Process
) -> None:
    await consents.change(a(ALL, DENIED))
    world.clock.advance(MINUTE)
    await consents.change(a(NEWS, GRANTED))
    await make_topic(world, "made-afterwards")
    await marketing(world, "later", topic="made-afterwards")
    assert (await send(process, "newsletter")).state is QUEUED
    assert (await send(process, "offers")).state is EXCLUDED
    assert (await send(process, "later")).state is EXCLUDED


async def test_who_left_a_topic_does_not_get_it_back_by_granting_marketing(
    world: World, consents: Consents, process: Process
) -> None:
    await consents.change(a(NEWS_ANYWHERE, DENIED))
    world.clock.advance(MINUTE)
    await consents.change(a(ALL, GRANTED))
    assert (await send(process, "newsletter")).state is EXCLUDED
    assert (await send(process, "offers")).state is QUEUED


async def test_a_later_denial_of_all_is_named_and_ends_a_granted_topic(
    world: World, consents: Consents, process: Process
) -> None:
    await consents.change(a(NEWS, GRANTED))
    world.clock.advance(MINUTE)
    recorded = await consents.change(a(ALL, DENIED))
    assert (await send(process, "newsletter")).end.exclusion == no_consent(ACCEPT, recorded.changes[0].key)


@pytest.mark.parametrize("scope", [ALL, EMAIL])
async def test_a_transactional_message_without_a_topic_is_sent_whatever_is_denied(
    consents: Consents, process: Process, scope: ConsentScope
) -> None:
    await consents.change(a(scope, DENIED))
    assert (await send(process, "reset")).state is QUEUED
    assert (await send(process, "delivery")).state is QUEUED


@pytest.mark.parametrize("scope", [NEWS, NEWS_ANYWHERE])
async def test_a_transactional_message_heeds_a_denial_of_its_topic(
    consents: Consents, process: Process, scope: ConsentScope
) -> None:
    recorded = await consents.change(a(scope, DENIED))
    assert (await send(process, "delivery")).end.exclusion == no_consent(ACCEPT, recorded.changes[0].key)
    assert (await send(process, "reset")).state is QUEUED


async def test_whoever_has_the_address_can_stop_the_message_of_another_person(
    world: World, consents: Consents, process: Process
) -> None:
    await consents.change(a(EMAIL, GRANTED))
    owner = Person(identity="email:owner@example.com")
    recorded = await consents.change(a(EMAIL, DENIED), person=owner)
    message = await send(process, address="Owner@Example.com")
    assert message.end.exclusion == no_consent(ACCEPT, recorded.changes[0].key)
    own = await consents.change(a(NEWS, DENIED))
    message = await send(process, "newsletter", address="owner@example.com")
    assert message.end.exclusion == no_consent(ACCEPT, own.changes[0].key)
    # A grant of theirs is for themselves.
    stranger = await send(process, identity="email:stranger@example.com", address="jane@example.com")
    assert stranger.end.exclusion == no_consent(ACCEPT)


async def test_an_identity_is_the_same_however_it_is_written(consents: Consents, process: Process) -> None:
    await consents.change(a(EMAIL, GRANTED))
    assert (await send(process, identity="email:JANE@example.COM")).state is QUEUED


async def test_magic_recipients_need_no_consent_but_the_one_whose_name_says_so(
    consents: Consents, process: Process
) -> None:
    assert (await send(process, identity="email:sent@clarion.test")).state is QUEUED
    assert (await send(process, identity="email:no-consent+1@clarion.test")).end.exclusion == Exclusion(
        ExclusionReason.NO_CONSENT
    )


async def test_a_message_that_waits_is_excluded_by_a_denial_that_came_later(
    consents: Consents, process: Process
) -> None:
    granted = await consents.change(a(EMAIL, GRANTED))
    message = await send(process)
    denied = await consents.change(a(NEWS, DENIED), a(EMAIL, DENIED))
    assert (await claimed(process.world, lane=Lane.MARKETING)).messages == []
    excluded = messages(process.world)[message.id]
    assert excluded.end.exclusion == no_consent(HAND_OFF, denied.changes[1].key)
    assert excluded.consent_change == granted.changes[0].key


async def test_whoever_has_the_address_stops_a_message_that_waits(consents: Consents, process: Process) -> None:
    await consents.change(a(EMAIL, GRANTED))
    message = await send(process, address="owner@example.com")
    assert message.state is QUEUED
    owner = Person(identity="email:Owner@Example.com")
    denied = await consents.change(a(EMAIL, DENIED), person=owner)
    assert (await claimed(process.world, lane=Lane.MARKETING)).messages == []
    assert messages(process.world)[message.id].end.exclusion == no_consent(HAND_OFF, denied.changes[0].key)


async def test_a_stranger_who_opts_out_while_the_message_waits_gets_nothing(
    world: World, consents: Consents, process: Process
) -> None:
    await silence(world, Silence.SEND_UNLESS_DENIED)
    await send(process, "newsletter")
    await consents.change(a(NEWS, DENIED))
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert states(world) == [EXCLUDED]


async def test_a_changed_meaning_of_silence_holds_for_messages_that_wait(
    world: World, consents: Consents, process: Process
) -> None:
    await silence(world, Silence.SEND_UNLESS_DENIED)
    message = await send(process)
    await silence(world, Silence.SEND_ONLY_IF_GRANTED)
    assert (await claimed(world, lane=Lane.MARKETING)).messages == []
    assert messages(world)[message.id].end.exclusion == no_consent(HAND_OFF)


async def test_a_transactional_message_is_not_handed_off_after_a_denial_of_its_topic(
    world: World, consents: Consents, process: Process
) -> None:
    await send(process, "delivery")
    await send(process, "reset")
    await consents.change(a(NEWS, DENIED), a(ALL, DENIED))
    (left,) = (await claimed(world)).messages
    assert left.action.topic is None


async def test_a_deferred_message_is_excluded_when_the_person_opts_out_before_the_next_attempt(
    world: World, consents: Consents
) -> None:
    await marketing(world)
    await consents.change(a(EMAIL, GRANTED))
    async with at_work(Process(world)) as process:
        process.provider.end = lambda _: LATER
        await send(process)
        await until(lambda: states(world) == [QUEUED])
        await consents.change(a(EMAIL, DENIED))
        world.clock.advance(HOUR)
        process.claim_loop.look()
        await until(lambda: states(world) == [EXCLUDED])
    exclusion = only(world).end.exclusion
    assert exclusion is not None
    assert (exclusion.reason, exclusion.phase) == (ExclusionReason.NO_CONSENT, HAND_OFF)


async def test_a_message_that_may_have_been_sent_ends_in_doubt_after_an_opt_out(
    world: World, consents: Consents
) -> None:
    await marketing(world)
    await consents.change(a(EMAIL, GRANTED))
    async with at_work(Process(world)) as process:
        process.provider.end = lambda _: UNKNOWN
        await send(process)
        await until(lambda: states(world) == [QUEUED])
        await consents.change(a(EMAIL, DENIED))
        world.clock.advance(HOUR)
        process.claim_loop.look()
        await until(lambda: states(world) == [MessageState.IN_DOUBT])
    assert only(world).end.exclusion is None


async def test_a_message_that_waits_in_hand_is_stopped_by_an_opt_out(world: World, consents: Consents) -> None:
    await world.channel(max_concurrency=2)
    await marketing(world)
    await consents.change(a(EMAIL, GRANTED))
    await consents.change(a(EMAIL, GRANTED), person=Person(identity="email:joe@example.com"))
    async with at_work(Process(world)) as process:
        await send(process)
        await until(lambda: process.is_idle)
        gate = process.provider.channels[0].gate
        gate.clear()
        await send(process, identity="email:joe@example.com")
        await until(lambda: len(process.provider.begun) == 2)
        await send(process)
        denied = await consents.change(a(EMAIL, DENIED), person=JANE)
        world.clock.advance(2 * SECOND + 1)
        gate.set()
        await until(lambda: states(world) == [SENT, SENT, EXCLUDED])
        await until(lambda: process.is_idle)
    (excluded,) = messages(world, EXCLUDED).values()
    assert excluded.end.exclusion == no_consent(HAND_OFF, denied.changes[0].key)


async def test_a_suppression_and_its_end_leave_the_choices_as_they_were(
    world: World, consents: Consents, process: Process
) -> None:
    recorded = await consents.change(a(EMAIL, GRANTED))
    suppressions = ManageSuppressions(world.transactions, world.clock, SystemIds())
    bounced = CreateSuppression("jane@example.com", "address", reason=SuppressionReason.HARD_BOUNCE)
    suppression = await suppressions.create(bounced, AUTHOR)
    message = await send(process)
    assert message.end.exclusion is not None
    assert message.end.exclusion.reason is ExclusionReason.SUPPRESSED
    await suppressions.delete(suppression.id, "", AUTHOR)
    assert (await consents.of()).consents == recorded.consents
    assert (await send(process)).consent_change == recorded.changes[0].key


async def test_an_address_that_leaves_its_profile_keeps_what_was_denied_on_its_channel(
    world: World, consents: Consents, process: Process
) -> None:
    await silence(world, Silence.SEND_UNLESS_DENIED)
    recorded = await consents.change(a(EMAIL, DENIED), a(NEWS, GRANTED))
    person = await world.profiles.get(recorded.profile.id, AUTHOR)
    fields = ProfileFields(("crm:1",), {}, "", "")
    await world.profiles.update(UpdateProfile(person.id, fields, frozenset({"identities"})), AUTHOR)
    left = await consents.of()
    assert left.profile not in (None, recorded.profile)
    assert await consents.choices() == {EMAIL: DENIED}
    (entry,) = left.changes
    assert (entry.source, entry.time) == (recorded.changes[0].source, recorded.changes[0].time)
    assert (await send(process)).end.exclusion == no_consent(ACCEPT, entry.key)
    assert set((await consents.of(Person(profile_id=person.id))).consents) == {EMAIL, NEWS}


async def test_an_address_that_leaves_a_profile_without_denials_is_free(
    world: World, consents: Consents, process: Process
) -> None:
    recorded = await consents.change(a(EMAIL, GRANTED))
    fields = ProfileFields(("crm:1",), {}, "", "")
    await world.profiles.update(UpdateProfile(recorded.profile.id, fields, frozenset({"identities"})), AUTHOR)
    assert (await consents.of()).profile is None
