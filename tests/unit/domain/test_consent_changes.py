"""Tests what a change of consents leaves, who may make it, and how the choices of two people become those of one."""

from __future__ import annotations

from random import Random

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    NO_CONSENTS,
    Consent,
    ConsentChoice,
    Consents,
    ConsentScope,
    Silence,
    decide_consent,
)
from clarion_server.domain.consent.consent_change import (
    NO_EVIDENCE,
    ConsentChange,
    ConsentSource,
    Effect,
    Evidence,
    effect_of,
    forbidding_denial,
    merge_consents,
    with_change,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.domain.consents import (
    ANY_CHOICE,
    ANY_CONSENTS,
    ANY_SCOPE,
    CHANNEL,
    CHANNELS,
    TIMES,
    TOPIC,
    TOPICS,
    consent,
    consents,
)

PAGE, FORM, SUPPORT = ConsentSource.PREFERENCE_PAGE, ConsentSource.FORM, ConsentSource.SUPPORT
IMPORT, SYNC, KEYWORD = ConsentSource.IMPORT, ConsentSource.SYNC, ConsentSource.SMS_KEYWORD
SHOWN = Evidence(text="Yes, send me the newsletter.")
DENIED, GRANTED = ConsentChoice.DENIED, ConsentChoice.GRANTED
NOW = 100


def change(text: str, source: ConsentSource = PAGE, evidence: Evidence = NO_EVIDENCE) -> ConsentChange:
    wanted = consent(text)
    return ConsentChange(wanted.scope, wanted.choice, wanted.time, source, evidence)


@pytest.mark.parametrize(
    ("current", "changed", "effect"),
    [
        ("", "C:G1", Effect.CURRENT),
        ("C:D2", "C:G3", Effect.CURRENT),
        ("C:D2", "C:G1", Effect.HISTORY),
        ("C:D2", "C:G2", Effect.HISTORY),
        ("C:G2", "C:D2", Effect.CURRENT),
        ("C:G2", "C:G1", Effect.NOTHING),
        ("C:G2", "C:G2", Effect.NOTHING),
        ("C:G2", "C:G5", Effect.CONFIRMED),
        ("G:D1 CT:G2", "G:D3", Effect.CURRENT),
        ("G:D1 CT:G2", "G:D2", Effect.CURRENT),
        ("G:D1 CT:G4", "G:D3", Effect.CONFIRMED),
        ("CT:G1 G:D2", "CT:G3", Effect.CURRENT),
        ("CT:G3 G:D2", "CT:G4", Effect.CONFIRMED),
        ("T:D1 C:G2", "T:D3", Effect.CONFIRMED),
    ],
)
def test_the_effect_of_a_change(current: str, changed: str, effect: Effect) -> None:
    assert effect_of(change(changed), consents(current)) is effect


def test_a_repeated_denial_outlives_an_older_grant_that_arrives_late() -> None:
    choices = _apply(_apply(consents("C:D1"), change("C:D9")), change("C:G5"))
    assert choices == consents("C:D9")


ANY_CHANGES = st.lists(
    st.builds(ConsentChange, ANY_SCOPE, ANY_CHOICE, TIMES, st.sampled_from([PAGE, SYNC])), max_size=8
)


@given(ANY_CHANGES, st.randoms(), CHANNELS, TOPICS)
def test_the_order_of_arrival_does_not_matter(
    changes: list[ConsentChange], random: Random, channel: Channel, topic: str | None
) -> None:
    shuffled = list(changes)
    random.shuffle(shuffled)
    one, other = _apply(NO_CONSENTS, *changes), _apply(NO_CONSENTS, *shuffled)
    assert _is_sent(one, channel, topic) == _is_sent(other, channel, topic)


@given(ANY_CHANGES, st.randoms())
def test_the_same_choices_are_current_whichever_order_they_arrive_in(
    changes: list[ConsentChange], random: Random
) -> None:
    own = [each for each in changes if each.source is PAGE]
    shuffled = list(own)
    random.shuffle(shuffled)
    assert _apply(NO_CONSENTS, *own) == _apply(NO_CONSENTS, *shuffled)


@given(ANY_CHANGES, CHANNELS, TOPICS)
def test_what_a_copied_list_grants_never_brings_back_what_was_denied(
    changes: list[ConsentChange], channel: Channel, topic: str | None
) -> None:
    said = [each for each in changes if each.choice is DENIED or each.source is PAGE]
    if not _is_sent(_apply(NO_CONSENTS, *said), channel, topic):
        assert not _is_sent(_apply(NO_CONSENTS, *changes), channel, topic)


@pytest.mark.parametrize(
    ("current", "changed", "effect"),
    [
        # A denial that arrives late stands against a newer grant of a copied list.
        (change("CT:G5", SYNC), change("CT:D3"), Effect.CURRENT),
        (change("CT:G5"), change("CT:D3"), Effect.HISTORY),
        # The person's own word counts before a copy of it, and a copy does not renew it.
        (change("CT:G5", SYNC), change("CT:G3"), Effect.CURRENT),
        (change("CT:G3"), change("CT:G5", SYNC), Effect.NOTHING),
        (change("CT:G3", SYNC), change("CT:G5", SYNC), Effect.CONFIRMED),
    ],
)
def test_a_copied_grant_counts_less_than_what_the_person_said(
    current: ConsentChange, changed: ConsentChange, effect: Effect
) -> None:
    assert effect_of(changed, _apply(NO_CONSENTS, current)) is effect


def test_a_denial_that_arrives_late_is_not_answered_by_a_copied_grant_of_a_narrower_scope() -> None:
    choices = _apply(NO_CONSENTS, change("CT:G5", SYNC), change("G:D3"))
    assert not _is_sent(choices, CHANNEL, TOPIC)
    assert _is_sent(_apply(NO_CONSENTS, change("CT:G5"), change("G:D3")), CHANNEL, TOPIC)


@given(ANY_CONSENTS, ANY_SCOPE, CHANNELS, TOPICS)
def test_after_a_denial_that_is_newer_than_all_else_nothing_it_covers_is_sent(
    choices: Consents, scope: ConsentScope, channel: Channel, topic: str | None
) -> None:
    after = _apply(choices, ConsentChange(scope, DENIED, 6, SYNC))
    if scope.covers(ConsentScope(channel, topic)):
        assert not _is_sent(after, channel, topic)


@pytest.mark.parametrize(
    ("source", "evidence", "may"),
    [
        (PAGE, NO_EVIDENCE, True),
        (KEYWORD, NO_EVIDENCE, True),
        (FORM, SHOWN, True),
        (SUPPORT, SHOWN, True),
        (FORM, NO_EVIDENCE, False),
        (SUPPORT, NO_EVIDENCE, False),
        (IMPORT, SHOWN, False),
        (SYNC, SHOWN, False),
    ],
)
def test_only_the_persons_own_act_answers_a_denial(source: ConsentSource, evidence: Evidence, may: bool) -> None:
    denial = forbidding_denial(change("CT:G2", source, evidence), consents("G:D1"))
    assert denial == (None if may else consent("G:D1"))


@pytest.mark.parametrize(
    ("current", "changed"),
    [
        ("", "C:G2"),
        ("G:D1", "C:D2"),
        ("G:D3", "C:G2"),
        ("T:D1", "G:G2"),
        ("C:D1 CT:G2", "CT:G3"),
    ],
)
def test_every_source_may_make_a_change_that_answers_no_denial(current: str, changed: str) -> None:
    assert forbidding_denial(change(changed, SYNC), consents(current)) is None


def test_a_copied_grant_is_forbidden_by_a_denial_unless_it_is_stored_exactly_so() -> None:
    copied = change("CT:G2", IMPORT)
    stored = _apply(consents("G:D1"), change("C:G1", IMPORT))
    assert forbidding_denial(copied, stored) == consent("G:D1")
    arrived_later = _apply(NO_CONSENTS, copied, change("G:D1"))
    assert forbidding_denial(copied, arrived_later) is None
    assert forbidding_denial(change("CT:G3", IMPORT), arrived_later) == consent("G:D1")


@pytest.mark.parametrize(
    ("one", "other", "merged"),
    [
        ("C:D1", "C:G2", f"C:D{NOW}"),
        ("C:D2", "C:G1", "C:D2"),
        ("G:D1", "CT:G2", f"G:D1 CT:D{NOW}"),
        ("G:D1 CT:G2", "", "G:D1 CT:G2"),
        ("G:G1", "G:G2", "G:G2"),
        ("G:D1", "G:D2", "G:D2"),
        ("G:D3", "CT:G2", "G:D3 CT:G2"),
        ("T:D1", "G:G2", "T:D1 G:G2"),
        ("C:D1", "T:G2", "C:D1 T:G2"),
    ],
)
def test_of_two_peoples_choices_the_stricter_stays(one: str, other: str, merged: str) -> None:
    assert merge_consents(consents(one), consents(other), NOW) == consents(merged)
    assert merge_consents(consents(other), consents(one), NOW) == consents(merged)


@given(ANY_CONSENTS, ANY_CONSENTS, CHANNELS, TOPICS)
def test_what_either_half_denied_is_not_sent_after_a_merge(
    one: Consents, other: Consents, channel: Channel, topic: str | None
) -> None:
    merged = merge_consents(one, other, NOW)
    if not (_is_sent(one, channel, topic) and _is_sent(other, channel, topic)):
        assert not _is_sent(merged, channel, topic)


@given(ANY_CONSENTS)
def test_merging_with_somebody_who_made_no_choice_changes_nothing(choices: Consents) -> None:
    assert merge_consents(choices, NO_CONSENTS, NOW) == choices


def test_a_later_word_of_the_person_answers_what_a_merge_denied() -> None:
    merged = merge_consents(consents("G:D1"), consents("CT:G2"), NOW)
    again = Consent(ConsentScope(CHANNEL, TOPIC), GRANTED, NOW + 1)
    after = _apply(merged, ConsentChange(again.scope, again.choice, again.time, PAGE))
    assert _is_sent(after, CHANNEL, TOPIC)


def _apply(choices: Consents, *changes: ConsentChange) -> Consents:
    """Returns the choices after the changes, of which those that may not be made are left out."""
    for each in changes:
        if forbidding_denial(each, choices) is None:
            choices = with_change(choices, each, effect_of(each, choices))
    return choices


def _is_sent(choices: Consents, channel: Channel, topic: str | None) -> bool:
    return decide_consent(choices.values(), channel, topic, Category.MARKETING, Silence.SEND_UNLESS_DENIED).allowed
