"""Choices of people: stored, refused, shown, and told to watchers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.consent.consents import ConsentView, Person, SetConsents
from clarion_server.application.consent.settings import ManageConsentSettings, UpdateConsentSettings
from clarion_server.application.ports.queries import EventQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope, Silence
from clarion_server.domain.consent.consent_change import NO_EVIDENCE, ConsentSource, Evidence
from clarion_server.domain.errors import (
    DenialStands,
    EtagMismatch,
    InvalidFields,
    ResourceNotFound,
    StandingDenial,
)
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import HOUR, MINUTE
from clarion_server.domain.violation import Violation

from tests.unit.application.consenting import ALL, EMAIL, JANE, NEWS, Consents, a, make_topic
from tests.unit.application.world import AUTHOR, STRANGER, World

GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
PAGE, FORM, SYNC = ConsentSource.PREFERENCE_PAGE, ConsentSource.FORM, ConsentSource.SYNC
SHOWN = Evidence(text="Yes, please.")


@pytest.fixture
async def consents(world: World) -> Consents:
    await make_topic(world)
    return Consents(world)


async def test_an_opt_out_of_somebody_without_a_profile_makes_one_that_holds_nothing_else(
    world: World, consents: Consents
) -> None:
    recorded = await consents.change(a(EMAIL, DENIED))
    found = await consents.of(Person(identity="email:jane@EXAMPLE.com"))
    assert found.profile == recorded.profile
    assert await consents.choices() == {EMAIL: DENIED}
    with world.store.snapshot() as unit:
        profile = unit.profiles.get(AUTHOR.visibility, recorded.profile.id)
    assert profile is not None
    assert list(map(str, profile.identities)) == ["email:Jane@example.com"]
    assert (profile.attributes, profile.locale) == ({}, "")


async def test_choices_are_set_by_the_profile_too(consents: Consents) -> None:
    first = await consents.change(a(EMAIL, DENIED))
    by_name = Person(profile_id=first.profile.id)
    assert (await consents.change(a(NEWS, GRANTED), person=by_name)).profile == first.profile
    assert (await consents.of(by_name)).consents == (await consents.of()).consents


async def test_somebody_without_a_profile_has_made_no_choice(consents: Consents) -> None:
    assert await consents.of() == ConsentView(None, {}, ())


async def test_a_change_leaves_the_scopes_that_it_does_not_name(consents: Consents) -> None:
    await consents.change(a(EMAIL, DENIED), a(NEWS, GRANTED))
    await consents.change(a(ALL, DENIED))
    assert await consents.choices() == {EMAIL: DENIED, NEWS: GRANTED, ALL: DENIED}


async def test_the_history_tells_who_changed_what_and_what_was_before(world: World, consents: Consents) -> None:
    start = world.clock.now()
    await consents.change(replace(a(EMAIL, GRANTED, FORM, time=start - HOUR), evidence=SHOWN))
    world.clock.advance(MINUTE)
    await consents.change(a(EMAIL, DENIED))
    newest, oldest = (await consents.of()).changes
    assert (oldest.time, oldest.record_time, oldest.source) == (start - HOUR, start, FORM)
    assert (oldest.evidence, oldest.actor, oldest.previous_choice) == (SHOWN, AUTHOR.name, None)
    assert (newest.time, newest.record_time) == (start + MINUTE, start + MINUTE)
    assert (newest.choice, newest.previous_choice) == (DENIED, GRANTED)
    current = (await consents.of()).consents[EMAIL]
    assert current.change_key == newest.key


async def test_the_history_is_shown_in_pages(world: World, consents: Consents) -> None:
    for choice in (GRANTED, DENIED, GRANTED):
        await consents.change(a(EMAIL, choice))
        world.clock.advance(MINUTE)
    first = await consents.get(JANE, None, 2, AUTHOR)
    rest = await consents.get(JANE, first.changes[-1].key, 2, AUTHOR)
    assert [change.choice for change in (*first.changes, *rest.changes)] == [GRANTED, DENIED, GRANTED]


async def test_the_same_choice_again_adds_nothing_to_the_history(world: World, consents: Consents) -> None:
    await consents.change(a(EMAIL, DENIED))
    world.clock.advance(MINUTE)
    again = await consents.change(a(EMAIL, DENIED))
    assert again.changes == []
    found = await consents.of()
    assert len(found.changes) == 1
    assert found.consents[EMAIL].time == world.clock.now()


async def test_a_choice_that_arrives_late_enters_the_history_once(world: World, consents: Consents) -> None:
    await consents.change(a(EMAIL, DENIED))
    late = a(EMAIL, GRANTED, SYNC, time=world.clock.now() - HOUR)
    for _ in range(3):
        await consents.change(late)
    assert await consents.choices() == {EMAIL: DENIED}
    assert [change.choice for change in (await consents.of()).changes] == [GRANTED, DENIED]


async def test_a_copied_list_does_not_answer_a_denial(world: World, consents: Consents) -> None:
    await consents.change(a(EMAIL, DENIED))
    world.clock.advance(MINUTE)
    with pytest.raises(DenialStands) as refused:
        await consents.change(a(ALL, DENIED), a(NEWS, GRANTED, SYNC), a(EMAIL, GRANTED, FORM))
    assert refused.value.denials == (
        StandingDenial("changes[1]", "EMAIL", ""),
        StandingDenial("changes[2]", "EMAIL", ""),
    )
    assert await consents.choices() == {EMAIL: DENIED}
    await consents.change(replace(a(EMAIL, GRANTED, FORM), evidence=SHOWN))
    assert await consents.choices() == {EMAIL: GRANTED}


async def test_what_is_denied_now_is_later_than_a_grant_with_a_time_ahead(world: World, consents: Consents) -> None:
    ahead = replace(a(NEWS, GRANTED, FORM, world.clock.now() + MINUTE), evidence=SHOWN)
    await consents.change(ahead, a(NEWS, DENIED))
    assert await consents.choices() == {NEWS: DENIED}
    # So is what the person grants now, and not what is copied from a list.
    await consents.change(a(NEWS, GRANTED, SYNC), a(EMAIL, GRANTED, SYNC))
    assert (await consents.choices())[NEWS] is DENIED
    await consents.change(a(NEWS, GRANTED))
    assert (await consents.choices())[NEWS] is GRANTED


async def test_the_changes_of_a_call_are_made_in_their_order(world: World, consents: Consents) -> None:
    await consents.change(a(EMAIL, DENIED, time=5), a(EMAIL, GRANTED, time=6), a(NEWS, GRANTED, SYNC, time=7))
    assert await consents.choices() == {EMAIL: GRANTED, NEWS: GRANTED}
    with pytest.raises(DenialStands):
        await consents.change(a(EMAIL, DENIED, time=8), a(NEWS, GRANTED, SYNC, time=9))


async def test_everything_wrong_with_the_changes_is_told_at_once(world: World, consents: Consents) -> None:
    unread = Violation("changes[2].source", "REQUIRED", "Must be given.")
    ahead = a(EMAIL, DENIED, time=world.clock.now() + 6 * MINUTE)
    long = replace(a(EMAIL, DENIED), evidence=Evidence(text="x" * 4_000, url="y" * 97))
    with pytest.raises(InvalidFields) as refused:
        await consents.set(
            SetConsents(Person(identity="email:nobody"), (ahead, long, a(EMAIL, DENIED)), (unread,)), AUTHOR
        )
    fields = [violation.field for violation in refused.value.violations]
    assert fields == ["changes[2].source", "identity", "changes[0].time", "changes[1].evidence"]


@pytest.mark.parametrize(("count", "reason"), [(0, "REQUIRED"), (101, "TOO_MANY")])
async def test_a_call_makes_one_to_a_hundred_changes(consents: Consents, count: int, reason: str) -> None:
    with pytest.raises(InvalidFields) as refused:
        await consents.change(*[a(EMAIL, DENIED)] * count)
    assert [(each.field, each.reason) for each in refused.value.violations] == [("changes", reason)]


async def test_a_topic_of_no_campaign_here_is_unknown(consents: Consents) -> None:
    with pytest.raises(InvalidFields) as refused:
        await consents.change(a(NEWS, DENIED), a(ConsentScope(topic="offers"), DENIED))
    assert [violation.field for violation in refused.value.violations] == ["changes[1].topic"]
    assert await consents.choices() == {}


async def test_a_profile_of_another_sandbox_is_not_there(consents: Consents) -> None:
    recorded = await consents.change(a(EMAIL, DENIED))
    person = Person(profile_id=recorded.profile.id)
    with pytest.raises(ResourceNotFound):
        await consents.get(person, None, 50, STRANGER)
    with pytest.raises(ResourceNotFound):
        await consents.set(SetConsents(person, (a(EMAIL, GRANTED),)), STRANGER)
    assert (await consents.get(JANE, None, 50, STRANGER)).profile is None


async def test_watchers_see_each_entry_of_the_history_without_its_evidence(world: World, consents: Consents) -> None:
    recorded = await consents.change(replace(a(EMAIL, GRANTED, FORM), evidence=SHOWN), a(EMAIL, GRANTED))
    with world.store.event_snapshot() as unit:
        (event,) = unit.events.page(EventQuery(Visibility(AUTHOR.sandbox), after=0, limit=10))
    assert (event.type, event.subject) == (EventType.CONSENT_CHANGED, recorded.profile.name)
    assert event.detail == replace(recorded.changes[0], evidence=NO_EVIDENCE)


async def test_settings_change_from_the_revision_that_was_read(world: World) -> None:
    settings = ManageConsentSettings(world.transactions, world.clock)
    read = await settings.get(AUTHOR)
    assert read.silence is Silence.SEND_ONLY_IF_GRANTED
    changed = await settings.update(UpdateConsentSettings(Silence.SEND_UNLESS_DENIED, read.etag), AUTHOR)
    assert await settings.get(AUTHOR) == changed
    assert (await settings.get(STRANGER)).silence is Silence.SEND_ONLY_IF_GRANTED
    with pytest.raises(EtagMismatch):
        await settings.update(UpdateConsentSettings(Silence.SEND_ONLY_IF_GRANTED, read.etag), AUTHOR)
    same = await settings.update(UpdateConsentSettings(Silence.SEND_UNLESS_DENIED, changed.etag), AUTHOR)
    assert same == changed
