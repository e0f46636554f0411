"""Tests whether a person's choices allow a message."""

from __future__ import annotations

import pytest
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import (
    Consent,
    ConsentChoice,
    ConsentDecision,
    Consents,
    ConsentScope,
    Silence,
    decide_consent,
)
from hypothesis import given

from tests.unit.domain.consents import ANY_CONSENTS, CHANNEL, CHANNELS, SCOPES, TOPIC, TOPICS, consent, consents

MARKETING, TRANSACTIONAL = Category.MARKETING, Category.TRANSACTIONAL
GRANTED, DENIED = ConsentChoice.GRANTED, ConsentChoice.DENIED


def decide(text: str, silence: Silence, topic: str | None = TOPIC) -> ConsentDecision:
    return decide_consent(consents(text).values(), CHANNEL, topic, MARKETING, silence)


@pytest.mark.parametrize("silence", Silence)
@pytest.mark.parametrize(
    ("choices", "allowed", "decided_by"),
    [
        ("G:D1 CT:G2", True, "CT:G2"),
        ("G:D1 C:G2", True, "C:G2"),
        ("C:D1 CT:G2", True, "CT:G2"),
        ("G:D3 CT:G2", False, "G:D3"),
        ("T:D1 G:G2", False, "T:D1"),
        ("C:D1 T:G2", False, "C:D1"),
        ("G:D1 C:G2 T:D3", False, "T:D3"),
        ("CT:D2", False, "CT:D2"),
        ("G:D2 CT:G2", False, "G:D2"),
        ("G:G1", True, "G:G1"),
    ],
)
def test_the_choices_decide_whatever_silence_means(
    choices: str, allowed: bool, decided_by: str, silence: Silence
) -> None:
    assert decide(choices, silence) == ConsentDecision(allowed, consent(decided_by))


@pytest.mark.parametrize(
    ("silence", "allowed"), [(Silence.SEND_UNLESS_DENIED, True), (Silence.SEND_ONLY_IF_GRANTED, False)]
)
def test_without_any_choice_silence_decides(silence: Silence, allowed: bool) -> None:
    assert decide("", silence) == ConsentDecision(allowed, None)


def test_a_grant_after_all_was_denied_is_for_its_topic_alone() -> None:
    choices, silence = "G:D1 CT:G2", Silence.SEND_UNLESS_DENIED
    assert decide(choices, silence).allowed
    assert not decide(choices, silence, topic="made-afterwards").allowed
    assert not decide(choices, silence, topic=None).allowed


def test_a_choice_about_another_channel_or_topic_changes_nothing() -> None:
    others = {
        scope: Consent(scope, GRANTED, 9)
        for scope in (ConsentScope(Channel.WEBHOOK), ConsentScope(CHANNEL, "offers"), ConsentScope(topic="offers"))
    }
    assert not decide_consent(others.values(), CHANNEL, TOPIC, MARKETING, Silence.SEND_ONLY_IF_GRANTED).allowed
    denied = {**consents("G:D1"), **others}
    assert decide_consent(denied.values(), CHANNEL, TOPIC, MARKETING, Silence.SEND_UNLESS_DENIED).consent == consent(
        "G:D1"
    )


def test_of_several_denials_in_force_the_narrowest_is_named() -> None:
    assert decide("G:D1 C:D2 T:D3 CT:D1", Silence.SEND_UNLESS_DENIED).consent == consent("CT:D1")
    assert decide("G:D1 C:D2 T:D3", Silence.SEND_UNLESS_DENIED).consent == consent("T:D3")
    assert decide("G:D1 C:D2", Silence.SEND_UNLESS_DENIED).consent == consent("C:D2")


@pytest.mark.parametrize("choices", ["G:D1", "C:D1", "G:D1 C:D2"])
def test_transactional_messages_heed_no_denial_of_marketing(choices: str) -> None:
    for topic in (None, TOPIC):
        assert decide_consent(
            consents(choices).values(), CHANNEL, topic, TRANSACTIONAL, Silence.SEND_ONLY_IF_GRANTED
        ).allowed


@pytest.mark.parametrize("choices", ["T:D1", "CT:D1", "T:D1 G:G2 C:G2", "CT:D3 T:G2"])
def test_transactional_messages_heed_the_denials_of_their_topic(choices: str) -> None:
    decision = decide_consent(consents(choices).values(), CHANNEL, TOPIC, TRANSACTIONAL, Silence.SEND_UNLESS_DENIED)
    assert not decision.allowed
    assert decision.consent == consent(choices.split(maxsplit=1)[0])


@given(ANY_CONSENTS, CHANNELS, TOPICS)
def test_the_decision_follows_from_the_definition(choices: Consents, channel: Channel, topic: str | None) -> None:
    covering = [each for each in choices.values() if each.scope in _covering(channel, topic)]
    standing = [each for each in covering if each.choice is DENIED and not _is_answered(each, covering)]
    for silence in Silence:
        decision = decide_consent(choices.values(), channel, topic, MARKETING, silence)
        if standing:
            assert not decision.allowed
            assert decision.consent in standing
        elif any(each.choice is GRANTED for each in covering):
            assert decision.allowed
            assert decision.consent in covering
        else:
            assert decision == ConsentDecision(silence is Silence.SEND_UNLESS_DENIED)


def _covering(channel: Channel, topic: str | None) -> set[ConsentScope]:
    return {ConsentScope(), ConsentScope(channel), ConsentScope(None, topic), ConsentScope(channel, topic)}


def _is_answered(denial: Consent, covering: list[Consent]) -> bool:
    """Returns what the definition says: a later grant that names the channel and topic of the denial, and maybe
    more.
    """
    return any(
        grant.choice is GRANTED
        and grant.time > denial.time
        and denial.scope.channel in (None, grant.scope.channel)
        and denial.scope.topic in (None, grant.scope.topic)
        for grant in covering
    )


def test_somebody_without_choices_is_a_case_of_silence() -> None:
    assert decide_consent((), CHANNEL, None, MARKETING, Silence.SEND_UNLESS_DENIED).allowed


def test_scopes_are_ordered_from_the_narrowest_to_the_widest() -> None:
    assert [name for name, _ in sorted(SCOPES.items(), key=lambda item: item[1].width)] == ["CT", "T", "C", "G"]
