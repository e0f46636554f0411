"""Single messages, lists of them, and their counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from clarion_server.application.ports.queries import MessageQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Lane, Message, MessageState, message_id

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing, ends

QUERY = MessageQuery(samples.VISIBILITY)
JANE, JIM = "email:jane@example.com", "email:jim@example.com"
WANTED_STATES = frozenset({MessageState.QUEUED, MessageState.EXCLUDED})


def walk(work: UnitOfWork, query: MessageQuery) -> list[Message]:
    """Returns all pages, each read after the last message of the one before, as page tokens do."""
    walked: list[Message] = []
    while page := work.messages.page(query):
        assert len(page) <= query.limit
        walked += page
        query = replace(query, before=page[-1].id)
    return walked


def test_every_field_of_a_message_is_kept(store: Store) -> None:
    whole = {
        "version": 7,
        "lane": Lane.MARKETING,
        "identity": "customer:42",
        "locale": "pt-BR",
        "context": b'{"order":{"total":12.5}}',
        "profile": b'{"first_name":"Jane"}',
        "state": MessageState.FAILED,
        "accept_time": samples.NOW - 5,
        "release_time": samples.NOW - 4,
        "due_time": samples.NOW - 3,
        "expire_time": samples.NOW + 3,
        "attempt_count": 3,
        "attempt_time": samples.NOW - 2,
        "first_attempt_time": samples.NOW - 4,
        "outcome_time": samples.NOW - 1,
        "failure": samples.failure(),
    }
    with committing(store) as work:
        added = a_sender(work).message(work, **whole)
    with store.snapshot() as work:
        assert work.messages.get(samples.VISIBILITY, added.id) == added


def test_an_excluded_message_keeps_its_reason(work: UnitOfWork) -> None:
    added = a_sender(work).message(work, state=MessageState.EXCLUDED, exclusion=Exclusion(ExclusionReason.SUPPRESSED))
    assert work.messages.get(samples.VISIBILITY, added.id) == added


def test_a_message_that_is_being_sent_keeps_its_owner(work: UnitOfWork) -> None:
    added = a_sender(work).message(work, state=MessageState.SENDING, owner="process-1", attempt_count=1)
    assert work.messages.get(samples.VISIBILITY, added.id) == added


def test_an_unknown_message_is_none(work: UnitOfWork) -> None:
    a_sender(work)
    assert work.messages.get(samples.VISIBILITY, f"{samples.new_id()}-0000") is None


def test_a_message_is_seen_in_the_sandbox_of_its_campaign_alone(work: UnitOfWork) -> None:
    here, there = a_sender(work), a_sender(work, sandbox="staging")
    ours, theirs = here.message(work), there.message(work)
    assert work.messages.get(samples.STAGING, ours.id) is None
    assert work.messages.get(samples.STAGING, theirs.id) == theirs
    assert work.messages.page(QUERY) == [ours]
    assert work.messages.page(replace(QUERY, execution_id=theirs.execution_id)) == []
    assert work.messages.page(replace(QUERY, campaign_key=there.campaign.key)) == []
    assert work.messages.page(replace(QUERY, identity=theirs.identity)) == [ours]


def test_messages_are_listed_newest_first(work: UnitOfWork) -> None:
    sender = a_sender(work)
    first, second, third = [*sender.messages(work, 2), sender.message(work)]
    assert work.messages.page(QUERY) == [third, second, first]


def test_messages_of_many_campaigns_are_listed_newest_first(work: UnitOfWork) -> None:
    senders = [a_sender(work, f"c-{number}") for number in range(70)]
    made = [sender.message(work, state=state) for state in MessageState for sender in senders]
    assert walk(work, replace(QUERY, limit=200)) == made[::-1]
    assert work.messages.page(replace(QUERY, limit=3)) == made[:-4:-1]


def test_messages_of_a_thousand_recipients_are_listed_by_their_places(work: UnitOfWork) -> None:
    made = a_sender(work).messages(work, 1_000)
    assert walk(work, replace(QUERY, execution_id=made[0].execution_id, limit=300)) == made[::-1]


#: For each filter: its value, and whether it lets a message through.
FILTERS: dict[str, tuple[Callable[[Message], Any], Callable[[Message, Any], bool]]] = {
    "campaign_key": (lambda first: first.action.campaign_key, lambda message, key: message.action.campaign_key == key),
    "execution_id": (lambda first: first.execution_id, lambda message, id_: message.execution_id == id_),
    "identity": (lambda _: JANE, lambda message, identity: message.identity == identity),
    "states": (lambda _: WANTED_STATES, lambda message, states: message.state in states),
    "channels": (lambda _: frozenset({Channel.WEBHOOK}), lambda message, channels: message.action.channel in channels),
    "actions": (lambda _: frozenset({"a", "b"}), lambda message, actions: message.action.id in actions),
    "exclusion_reasons": (
        lambda _: frozenset({ExclusionReason.NO_CONSENT, ExclusionReason.NO_ADDRESS}),
        lambda message, reasons: message.end.exclusion is not None and message.end.exclusion.reason in reasons,
    ),
    "exclusion_phases": (
        lambda _: frozenset({ExclusionPhase.ACCEPT}),
        lambda message, phases: message.end.exclusion is not None and message.end.exclusion.phase in phases,
    ),
    "labels": (lambda _: {"tenant": "x"}, lambda message, labels: labels.items() <= message.labels.items()),
}
#: No filter, each alone, each pair, and the four that were combined most.
COMBINATIONS = [
    *(chosen for number in range(3) for chosen in combinations(FILTERS, number)),
    ("campaign_key", "execution_id", "identity", "states"),
    ("campaign_key", "channels", "actions", "labels"),
    ("states", "channels", "exclusion_reasons", "exclusion_phases"),
]


def messages_of_every_sort(work: UnitOfWork) -> list[Message]:
    """Adds messages of two campaigns, in three executions, to two people, in three states, of two channels."""
    one, two = a_sender(work, "one"), a_sender(work, "two")
    excluded = MessageState.EXCLUDED
    states = (MessageState.QUEUED, MessageState.SENT, excluded, MessageState.QUEUED, excluded, excluded, excluded)
    reasons, phases = (ExclusionReason.NO_CONSENT, ExclusionReason.SUPPRESSED), tuple(ExclusionPhase)
    made = []
    for sender in (one, two, one):
        execution = sender.execution(work)
        for index, state in enumerate(states):
            varied = {
                "identity": (JANE, JIM)[index % 2],
                "state": state,
                "channel": (Channel.WEBHOOK, Channel.WEBHOOK, Channel.EMAIL)[index % 3],
                "action": "abc"[index % 3],
                "labels": {"tenant": "xxy"[index % 3], "shop": "1"} if index else {},
                "exclusion": Exclusion(reasons[index // 2 % 2], phases[index % 2], "consentChanges/1")
                if state is excluded
                else None,
            }
            id_ = message_id(execution.id, index, 0)
            made.append(samples.message(sender.campaign.key, sender.channel.key, id=id_, **varied))
    work.messages.add_all(made)
    return made


@pytest.mark.parametrize("chosen", COMBINATIONS, ids=lambda chosen: "+".join(chosen) or "none")
def test_filters_combine_in_pages_that_neither_repeat_nor_miss(work: UnitOfWork, chosen: tuple[str, ...]) -> None:
    kept = messages_of_every_sort(work)
    wanted: dict[str, Any] = {name: FILTERS[name][0](kept[0]) for name in chosen}

    def is_wanted(message: Message) -> bool:
        return all(FILTERS[name][1](message, value) for name, value in wanted.items())

    expected = [each for each in reversed(kept) if is_wanted(each)]
    for limit in (1, 5):
        assert walk(work, replace(QUERY, **wanted, limit=limit)) == expected, limit


def test_only_excluded_messages_have_a_reason(work: UnitOfWork) -> None:
    messages_of_every_sort(work)
    wanted = replace(QUERY, exclusion_phases=frozenset(ExclusionPhase))
    assert len(work.messages.page(wanted)) == 12
    assert work.messages.page(replace(wanted, states=frozenset({MessageState.SENT}))) == []
    assert work.messages.page(replace(wanted, states=frozenset({MessageState.SENT}), identity=JANE)) == []


def test_filters_that_nothing_meets_find_nothing(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sender.message(work, identity=JANE)
    assert work.messages.page(replace(QUERY, identity=JIM)) == []
    assert work.messages.page(replace(QUERY, states=frozenset({MessageState.SENT}))) == []
    assert work.messages.page(replace(QUERY, execution_id=samples.new_id())) == []


def test_the_messages_to_one_identity_are_found_among_thousands(store: Store) -> None:
    with committing(store) as work:
        sender = a_sender(work)
        first = sender.message(work, identity=JANE)
    for _ in range(3):
        with committing(store) as work:
            sender.messages(work, 1_000, identity=JIM)
            last = sender.message(work, identity=JANE)
    with store.snapshot() as work:
        found = walk(work, replace(QUERY, identity=JANE, limit=2))
    assert len(found) == 4
    assert (found[0], found[-1]) == (last, first)


def test_nothing_can_be_added(work: UnitOfWork) -> None:
    work.messages.add_all([])
    assert work.messages.page(QUERY) == []


def test_identities_differ_in_case(work: UnitOfWork) -> None:
    sender = a_sender(work)
    lower, upper = sender.message(work, identity="customer:abc"), sender.message(work, identity="customer:ABC")
    assert work.messages.page(replace(QUERY, identity="customer:abc")) == [lower]
    assert work.messages.page(replace(QUERY, identity="customer:ABC")) == [upper]


def test_an_execution_is_not_mistaken_for_one_whose_id_begins_alike(work: UnitOfWork) -> None:
    sender = a_sender(work)
    low, high = "0" * 31 + "1", "0" * 31 + "f"
    for execution_id in (low, high):
        execution = sender.execution(work, id=execution_id)
        work.messages.add_all(
            [samples.message(sender.campaign.key, sender.channel.key, id=message_id(execution.id, 9_999, 0))]
        )
    assert [message.execution_id for message in walk(work, replace(QUERY, execution_id=low))] == [low]


def test_the_messages_of_an_execution_are_counted_by_state(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued, sending, sent, *rest = sender.messages(work, 6)
    sender.message(work)
    work.messages.begin([sending.id, sent.id], "process-1", samples.NOW)
    work.messages.record_outcomes([samples.outcome(sent, MessageState.SENT)], "process-1")
    work.messages.end_queued(ends(rest, MessageState.CANCELLED), samples.NOW)
    counts = {state: count for state, count in work.messages.state_counts(queued.execution_id).items() if count}
    assert counts == {
        MessageState.QUEUED: 1,
        MessageState.SENDING: 1,
        MessageState.SENT: 1,
        MessageState.CANCELLED: 3,
    }
    assert not any(work.messages.state_counts(samples.new_id()).values())
