"""Choices of people, their history, and what consent means in a sandbox."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    NO_CONSENTS,
    Consent,
    ConsentChoice,
    ConsentScope,
    ConsentSettings,
    Silence,
    SilenceSetting,
    by_scope,
)
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource, Evidence
from clarion_server.domain.people.choice_draft import EntryKey
from clarion_server.domain.people.profile import Profile

from tests.contract.store import samples
from tests.contract.store.given import committing

HERE, THERE = Visibility("default"), Visibility("staging")
JANE = samples.identity("email", "jane@example.com", "Jane@example.com")
GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED
NOTHING, ALWAYS = Silence.SEND_ONLY_IF_GRANTED, Silence.SEND_UNLESS_DENIED
CHOICES = by_scope(
    [
        Consent(ConsentScope(), DENIED, samples.NOW, 3),
        Consent(ConsentScope(Channel.EMAIL, "newsletter"), GRANTED, samples.NOW + 1, 4),
    ]
)


def a_person(work: UnitOfWork, **changes: Any) -> Profile:
    return work.profiles.add(samples.profile(JANE, **changes))


def change(**changes: Any) -> ConsentChange:
    """Every field differs from its default, and the key is still to be assigned."""
    whole = ConsentChange(
        ConsentScope(Channel.EMAIL, "newsletter"),
        GRANTED,
        samples.NOW,
        ConsentSource.FORM,
        Evidence("Yes.", "3", "https://shop.test/signup", "en-GB", "192.0.2.7", "Lynx"),
        samples.NOW + 5,
        "apiKeys/1",
        DENIED,
    )
    return replace(whole, **changes)


def test_the_choices_of_a_person_come_back_as_they_were_saved(store: Store) -> None:
    with committing(store) as work:
        person = a_person(work)
        assert work.consents.of_profile(person.key) == NO_CONSENTS
        work.consents.save(person.key, CHOICES)
    with store.snapshot() as work:
        assert work.consents.of_profile(person.key) == CHOICES


def test_choices_are_found_by_identity_in_their_sandbox(work: UnitOfWork) -> None:
    here, there = a_person(work), a_person(work, sandbox="staging")
    work.consents.save(here.key, CHOICES)
    namespace, value = JANE.key
    wanted = {(sandbox, namespace): [value] for sandbox in ("default", "staging", "other")}
    found = work.profiles.known(wanted, with_attributes=False, with_choices=True)
    assert {key: [(each.key, list(each.choices)) for each in people.values()] for key, people in found.items()} == {
        ("default", namespace): [(here.key, list(CHOICES.values()))],
        ("staging", namespace): [(there.key, [])],
    }
    of_one = {("default", namespace): [value]}
    assert work.profiles.known(of_one, with_attributes=False, with_choices=True) == {
        key: people for key, people in found.items() if key in of_one
    }
    for each in (wanted, of_one):
        unasked = work.profiles.known(each, with_attributes=False, with_choices=False)
        assert all(profile.choices == () for people in unasked.values() for profile in people.values())


def test_a_change_of_the_profile_leaves_its_choices(work: UnitOfWork) -> None:
    person = a_person(work)
    work.consents.save(person.key, CHOICES)
    work.profiles.save(person.changed({"locale": "de"}, samples.NOW + 9))
    assert work.consents.of_profile(person.key) == CHOICES


def test_the_choices_of_a_deleted_profile_are_gone_with_their_history(work: UnitOfWork) -> None:
    person = a_person(work)
    work.consents.save(person.key, CHOICES)
    work.consents.add_changes([(person.key, change())])
    work.profiles.delete(person)
    assert work.consents.history(person.key, None, 9) == []
    with pytest.raises(WriteConflict):
        work.consents.save(person.key, CHOICES)


def test_the_history_goes_from_the_newest_entry_to_the_oldest(work: UnitOfWork) -> None:
    person, other = a_person(work), work.profiles.add(samples.profile(samples.identity("crm", "1")))
    plain = ConsentChange(ConsentScope(), DENIED, samples.NOW, ConsentSource.IMPORT)
    added = work.consents.add_changes([(person.key, change()), (person.key, plain), (other.key, change())])
    assert [replace(each, key=0) for each in added] == [change(), plain, change()]
    assert added[0].key < added[1].key < added[2].key
    assert work.consents.history(person.key, None, 9) == added[1::-1]
    assert work.consents.history(person.key, None, 1) == added[1:2]
    assert work.consents.history(other.key, None, 9) == added[2:]
    assert work.consents.history(person.key, added[1].key, 9) == added[:1]


def test_many_entries_are_stored_in_their_order(work: UnitOfWork) -> None:
    person, other = a_person(work), work.profiles.add(samples.profile(samples.identity("crm", "1")))
    of_both = [(profile.key, change(time=index)) for index in range(200) for profile in (person, other)]
    added = work.consents.add_changes(of_both)
    assert [each.time for each in added] == [each.time for _, each in of_both]
    assert [each.key for each in added] == sorted(each.key for each in added)
    assert work.consents.history(other.key, None, 999) == added[:0:-2]


def test_an_entry_is_known_by_its_scope_choice_and_time(work: UnitOfWork) -> None:
    person, other = a_person(work), work.profiles.add(samples.profile(samples.identity("crm", "1")))
    everywhere = change(scope=ConsentScope(), time=5)
    work.consents.add_changes([(person.key, change()), (person.key, everywhere), (other.key, change(time=7))])
    entries = [
        EntryKey(each.scope, each.choice, each.time)
        for each in (change(), everywhere, change(time=1), change(time=7), change(choice=DENIED))
    ]
    asked = [(key, entry) for key in (person.key, other.key, other.key + 1) for entry in entries]
    known = work.consents.known_entries(asked)
    assert {key: set(of_person) & set(entries) for key, of_person in known.items()} == {
        person.key: {entries[0], entries[1]},
        other.key: {entries[3]},
    }


def test_entries_of_the_history_are_read_by_their_keys(work: UnitOfWork) -> None:
    person = a_person(work)
    first, second, _ = work.consents.add_changes([(person.key, change(time=time)) for time in (1, 2, 3)])
    assert work.consents.entries([first.key, second.key, 999]) == {first.key: first, second.key: second}


def test_the_choices_of_many_people_are_saved_together(store: Store) -> None:
    with committing(store) as work:
        person, other = a_person(work), work.profiles.add(samples.profile(samples.identity("crm", "1")))
        one = by_scope([Consent(ConsentScope(), DENIED, 1, 1)])
        work.consents.save_all({other.key: CHOICES, person.key: one})
        with pytest.raises(WriteConflict):
            work.consents.save_all({other.key: one, other.key + 1: CHOICES})
        work.consents.save_all({other.key: CHOICES})
    with store.snapshot() as work:
        assert work.consents.of_profiles([person.key, other.key]) == {person.key: one, other.key: CHOICES}


def test_a_new_sandbox_sends_to_nobody_who_made_no_choice(work: UnitOfWork) -> None:
    assert work.consents.settings(HERE) == ConsentSettings("default", NOTHING, None, 0)


def test_settings_are_saved_from_the_revision_before(work: UnitOfWork) -> None:
    first = work.consents.settings(HERE).updated(ALWAYS, samples.NOW)
    work.consents.save_settings(first)
    second = first.updated(NOTHING, samples.NOW + 1)
    work.consents.save_settings(second)
    assert work.consents.settings(HERE) == second
    with pytest.raises(WriteConflict):
        work.consents.save_settings(second)


def test_a_topic_says_what_silence_means_before_its_sandbox(work: UnitOfWork) -> None:
    work.topics.add(samples.topic("news", silence=NOTHING))
    work.topics.add(samples.topic("plain", silence=None))
    work.topics.add(samples.topic("news", sandbox="staging", silence=ALWAYS))
    work.consents.save_settings(work.consents.settings(HERE).updated(ALWAYS, samples.NOW))
    asked = [
        ("default", None),
        ("default", "news"),
        ("default", "plain"),
        ("default", "unknown"),
        ("staging", None),
        ("staging", "news"),
    ]
    of_sandbox, of_topic = "consentSettings", "topics/news"
    answers = [
        SilenceSetting(ALWAYS, of_sandbox),
        SilenceSetting(NOTHING, of_topic),
        SilenceSetting(ALWAYS, of_sandbox),
        SilenceSetting(ALWAYS, of_sandbox),
        SilenceSetting(NOTHING, of_sandbox),
        SilenceSetting(ALWAYS, of_topic),
    ]
    assert work.consents.silences(asked) == dict(zip(asked, answers, strict=True))


def test_the_choices_of_several_people_are_read_at_once(work: UnitOfWork) -> None:
    jane, joe = (work.profiles.add(samples.profile(samples.identity("crm", name))) for name in ("jane", "joe"))
    denied = Consent(ConsentScope(), ConsentChoice.DENIED, samples.NOW, 1)
    work.consents.save(jane.key, by_scope([denied]))
    assert work.consents.of_profiles([jane.key, joe.key, joe.key + 9]) == {
        jane.key: {ConsentScope(): denied},
        joe.key: NO_CONSENTS,
    }


def test_both_locks_are_held_by_one_transaction_at_once(work: UnitOfWork) -> None:
    work.consents.lock_shared({"default", "staging"})
    work.consents.lock(HERE)
    assert work.consents.settings(HERE).revision == 0
