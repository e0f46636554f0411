"""Gives messages their turns under the rates of sending policies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.turns import has_turn, span_of_turns, turn_time


def give_turns(unit: UnitOfWork, rated: Iterable[tuple[Message, SendingPolicy]], now: Instant) -> dict[str, Instant]:
    """Gives turns to the queued messages that have none, in one statement for each policy.

    Returns the turns that come later, by message id. The other messages may leave now.
    """
    wanting: dict[int, list[tuple[Message, float]]] = defaultdict(list)
    for message, policy in rated:
        if not has_turn(message, now):
            wanting[policy.key].append((message, policy.rate))
    turns = {}
    # Always in the same order, so that no two transactions wait for each other.
    for policy_key, messages in sorted(wanting.items()):
        rate = messages[0][1]
        first = unit.sending_policies.take_turns(policy_key, span_of_turns(len(messages), rate), now)
        for place, (message, _) in enumerate(messages):
            turns[message.id] = turn_time(first, place, rate, now)
    return {message_id: turn for message_id, turn in turns.items() if turn > now}
