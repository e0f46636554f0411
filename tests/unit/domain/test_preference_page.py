"""Tests the choices that follow from the ticks of a page."""

from __future__ import annotations

from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    NO_CONSENTS,
    Consent,
    ConsentChoice,
    Consents,
    ConsentScope,
    Silence,
    by_scope,
)
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource, effect_of, with_change
from clarion_server.domain.consent.preference_page import Silences, Tick, Ticks, choices_of, is_sent
from hypothesis import given
from hypothesis import strategies as st

EMAIL, NOW = Channel.EMAIL, 1_000
TOPICS = (None, "news", "offers")
OFF, ON, ENDED, BEGUN = Tick(False, False), Tick(True, True), Tick(True, False), Tick(False, True)
GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED

scopes = st.builds(ConsentScope, st.sampled_from([None, *Channel]), st.sampled_from([*TOPICS, "private"]))
times = st.integers(1, NOW + 50)
stored_consents = st.lists(st.builds(Consent, scopes, st.sampled_from(ConsentChoice), times), max_size=8).map(by_scope)
silences_of_all = st.fixed_dictionaries(dict.fromkeys(TOPICS, st.sampled_from(Silence)))
ticks_of_all = st.fixed_dictionaries(dict.fromkeys(TOPICS, st.sampled_from([OFF, ON, ENDED, BEGUN])))


def silences(silence: Silence) -> Silences:
    return dict.fromkeys(TOPICS, silence)


def after(ticks: Ticks, consents: Consents, silent: Silences) -> Consents:
    """Returns the choices that are stored after the page was saved."""
    for choice in choices_of(ticks, consents, EMAIL, silent, NOW):
        change = ConsentChange(choice.scope, choice.choice, choice.time, ConsentSource.PREFERENCE_PAGE)
        consents = with_change(consents, change, effect_of(change, consents))
    return consents


@given(ticks_of_all, stored_consents, silences_of_all)
def test_a_person_gets_what_is_ticked(ticks: Ticks, consents: Consents, silent: Silences) -> None:
    stored = after(ticks, consents, silent)
    for topic, tick in ticks.items():
        expected = tick.wanted if tick.was_changed else is_sent(consents, EMAIL, topic, silent)
        assert is_sent(stored, EMAIL, topic, silent) is expected


@given(ticks_of_all, stored_consents, silences_of_all)
def test_saving_twice_stores_nothing_more(ticks: Ticks, consents: Consents, silent: Silences) -> None:
    stored = after(ticks, consents, silent)
    assert list(choices_of(ticks, stored, EMAIL, silent, NOW)) == []


def test_untouched_boxes_store_nothing() -> None:
    consents = by_scope([Consent(ConsentScope(EMAIL, "news"), DENIED, 5)])
    ticks = {None: ON, "news": OFF, "offers": ON}
    assert list(choices_of(ticks, consents, EMAIL, silences(Silence.SEND_UNLESS_DENIED), NOW)) == []


def test_a_page_that_is_behind_changes_only_what_the_person_touched() -> None:
    """The page shows `news` as ticked, and it was ended in another tab meanwhile."""
    consents = by_scope([Consent(ConsentScope(EMAIL, "news"), DENIED, 5)])
    choices = choices_of({"news": ON, "offers": ENDED}, consents, EMAIL, silences(Silence.SEND_UNLESS_DENIED), NOW)
    assert list(choices) == [Consent(ConsentScope(EMAIL, "offers"), DENIED, NOW)]


def test_ending_all_other_marketing_keeps_the_ticked_topics() -> None:
    ticks = {None: ENDED, "news": ON, "offers": OFF}
    granted = by_scope(
        [Consent(ConsentScope(EMAIL, None), GRANTED, 5), Consent(ConsentScope(EMAIL, "offers"), DENIED, 6)]
    )
    choices = choices_of(ticks, granted, EMAIL, silences(Silence.SEND_ONLY_IF_GRANTED), NOW)
    assert list(choices) == [
        Consent(ConsentScope(EMAIL, None), DENIED, NOW),
        Consent(ConsentScope(EMAIL, "news"), GRANTED, NOW + 1),
    ]


def test_what_a_person_says_now_is_later_than_a_choice_of_a_clock_that_is_ahead() -> None:
    ahead = by_scope([Consent(ConsentScope(EMAIL, "news"), DENIED, NOW + 40)])
    (choice,) = choices_of({"news": BEGUN}, ahead, EMAIL, silences(Silence.SEND_UNLESS_DENIED), NOW)
    assert (choice.choice, choice.time) == (GRANTED, NOW + 42)


def test_a_choice_for_one_channel_leaves_the_others() -> None:
    (choice,) = choices_of({None: ENDED}, NO_CONSENTS, EMAIL, silences(Silence.SEND_UNLESS_DENIED), NOW)
    stored = by_scope([choice])
    assert is_sent(stored, Channel.WEBHOOK, None, silences(Silence.SEND_UNLESS_DENIED))
