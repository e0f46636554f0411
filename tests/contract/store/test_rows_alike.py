"""Rows that are alike are stored as exactly as others, however many of them come together."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.events.event import Event
from clarion_server.domain.languages.content_locale import LocaleChoice, LocaleReason
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Fallback, Lane, Message, MessageState
from clarion_server.domain.sourced_value import SourcedValue, ValueSource
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.violation import Violation

from tests.contract.store import samples
from tests.contract.store.given import Sender, a_sender, committing

#: More than are worth a statement of their own.
MANY = 40
PROFILE, POLICY = ValueSource.PROFILE, ValueSource.POLICY


def messages_of_each_form(sender: Sender) -> list[Message]:
    """Returns many messages that are alike, and others among them that differ in each column from all of these."""
    alike = [_message(sender, number) for number in range(MANY)]
    other_values: dict[str, Any] = {
        "version": 7,
        "action": "letter",
        "channel": Channel.WEBHOOK,
        "channel_key": sender.channel.key + 1,
        "lane": Lane.MARKETING,
        "locale": "de",
        "content_locale": LocaleChoice("de", LocaleReason.EXACT),
        "expire_time": samples.NOW + 9,
        "fallback_after": 11,
        "labels": {"shop": "2", "a": "b"},
        "fallbacks": (
            Fallback("a@b.test", LocaleChoice("fr", LocaleReason.PARENT), "gold"),
            Fallback("", LocaleChoice("de", LocaleReason.EXACT)),
            Fallback("+49", LocaleChoice("de", LocaleReason.EXACT), None),
        ),
        "rule": "other",
        "topic": "news",
        "consent_change": 17,
        "sending_policy": KeptPolicy("default", SourcedValue("Europe/Berlin", ValueSource.POLICY)),
        "profile_key": 19,
    }
    others = [
        samples.changed(_message(sender, MANY + index), **{name: other})
        for index, (name, other) in enumerate(other_values.items())
    ]
    begun: dict[str, Any] = {
        "state": MessageState.SENDING,
        "owner": "process-1",
        "attempt_count": 1,
    }
    claimed = [
        samples.changed(_message(sender, number), **begun, attempt_time=time, first_attempt_time=time)
        for number, time in ((number, samples.NOW + number) for number in range(80, 80 + MANY))
    ]
    again = samples.changed(
        claimed[0], id=_message(sender, 150).id, attempt_count=2, first_attempt_time=samples.NOW - 5
    )
    excluded = samples.changed(
        _message(sender, 160),
        state=MessageState.EXCLUDED,
        outcome_time=samples.NOW,
        exclusion=Exclusion(ExclusionReason.SUPPRESSED, ExclusionPhase.ACCEPT),
    )
    return [*others[:5], *alike[:20], *others[5:], *alike[20:], *claimed, again, excluded]


def _message(sender: Sender, number: int) -> Message:
    """Returns one that differs from the others in all that is its recipient's own."""
    mailbox = f"jane.{number}@example.com"
    time = samples.NOW + number
    made = samples.message(sender.campaign.key, sender.channel.key, identity=f"email:{mailbox}", address=mailbox)
    return replace(made, accept_time=time, release_time=time + 1, due_time=time + 2)


def test_messages_come_back_whether_they_are_alike_or_differ_in_one_column(store: Store) -> None:
    with committing(store) as work:
        added = messages_of_each_form(a_sender(work))
        work.messages.add_all(added)
    with store.snapshot() as work:
        assert [work.messages.get(samples.VISIBILITY, each.id) for each in added] == added


@pytest.mark.parametrize("states", [{MessageState.QUEUED}, {MessageState.SENDING}, {MessageState.EXCLUDED}])
@pytest.mark.parametrize("column", ["", "profile_key", "consent_change"])
def test_messages_come_back_whichever_columns_a_batch_fills(
    store: Store, states: set[MessageState], column: str
) -> None:
    changes: dict[str, Any] = {column: 23} if column else {}
    with committing(store) as work:
        made = messages_of_each_form(a_sender(work))
        plain = [each for each in made if each.profile_key is None and each.consent_change is None]
        added = [replace(each, **changes) for each in plain if each.state in states]
        work.messages.add_all(added)
    with store.snapshot() as work:
        assert [work.messages.get(samples.VISIBILITY, each.id) for each in added] == added


@pytest.mark.parametrize("first", [None, KeptPolicy("default"), KeptPolicy("nights")])
def test_messages_come_back_with_the_policies_that_they_keep(store: Store, first: KeptPolicy | None) -> None:
    zones = [SourcedValue(name, ValueSource.PROFILE) for name in ("Asia/Tokyo", "America/Argentina/Buenos_Aires")]
    kept = [None, *(KeptPolicy("default", zone) for zone in (None, *zones))]
    with committing(store) as work:
        sender = a_sender(work)
        made = [replace(_message(sender, each), sending_policy=kept[each % len(kept)]) for each in range(1, 2 * MANY)]
        added = [replace(_message(sender, 0), sending_policy=first), *made]
        work.messages.add_all(added)
    with store.snapshot() as work:
        assert [work.messages.get(samples.VISIBILITY, each.id) for each in added] == added


def test_what_messages_keep_of_their_policies_is_set_for_each(work: UnitOfWork) -> None:
    first, second, third = a_sender(work).messages(work, 3, sending_policy=KeptPolicy("default"))
    tokyo, here = (KeptPolicy("default", SourcedValue("Asia/Tokyo", source)) for source in (PROFILE, POLICY))
    work.messages.keep_policies({first.id: tokyo, third.id: here})
    found = [work.messages.get(samples.VISIBILITY, each.id) for each in (first, second, third)]
    assert [each and each.sending_policy for each in found] == [tokyo, KeptPolicy("default"), here]


def test_the_choices_that_allow_messages_are_set_for_each(work: UnitOfWork) -> None:
    first, second, third = a_sender(work).messages(work, 3)
    work.messages.keep_choices({first.id: 7, third.id: 8})
    found = [work.messages.get(samples.VISIBILITY, each.id) for each in (first, second, third)]
    assert [each and each.consent_change for each in found] == [7, None, 8]


@pytest.mark.parametrize("count", [3, MANY])
def test_executions_come_back_with_and_without_request_ids(store: Store, count: int) -> None:
    with committing(store) as work:
        key = a_sender(work).campaign.key
        unnamed = [replace(_execution(key, number), request_id=None, fingerprint=b"") for number in range(count)]
        unnamed[1] = replace(unnamed[1], fingerprint=b"other")
        named = [_execution(key, number) for number in range(count, 2 * count)]
        work.executions.add_all(unnamed)
        work.executions.add_all(named)
    with store.snapshot() as work:
        added = [*unnamed, *named]
        assert [work.executions.get(samples.VISIBILITY, each.id) for each in added] == added


def test_executions_come_back_whether_they_are_alike_or_differ_in_one_column(store: Store) -> None:
    with committing(store) as work:
        key = a_sender(work).campaign.key
        added = [_execution(key, number) for number in range(MANY)]
        added[3] = replace(added[3], rejections={1: (Violation("recipients[1]", "TYPE", "It is none."),)})
        added[5] = replace(added[5], exclusions={(0, 0): ExclusionReason.CAPPED})
        added[7] = replace(added[7], send_time=samples.NOW, caller="apiKeys/2")
        work.executions.add_all(added)
    with store.snapshot() as work:
        assert [work.executions.get(samples.VISIBILITY, each.id) for each in added] == added


def _execution(campaign_key: int, number: int) -> Execution:
    request_id = f"order-{number}" if number % 2 else None
    return samples.execution(campaign_key, request_id=request_id, accept_time=samples.NOW + number)


@pytest.mark.parametrize("states", [["SENT"] * MANY, ["SENT", "FAILED"] * MANY], ids=["alike", "of-two-types"])
def test_events_of_one_commit_stay_in_their_order(store: Store, states: list[str]) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        before = work.events.last_sequence()
        added = [_event(sender, number, MessageState(state)) for number, state in enumerate(states)]
        work.events.add_all(added)
    with store.event_snapshot() as work:
        tail = work.events.tail(before, len(added) + 1)
        assert [replace(each, sequence=added[0].sequence) for each in tail] == added


def _event(sender: Sender, number: int, state: MessageState) -> Event:
    return samples.event(_message(sender, number), state, time=samples.NOW + number)
