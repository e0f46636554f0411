"""Turns: when messages leave under the rate of their sending policy, whichever processes send them.

The turns of a policy follow one another at the distance that its rate says (the virtual scheduling algorithm, ITU-T
I.371). A message gets its turn when it is about to be handed off, and waits for it in the queue.
"""

from __future__ import annotations

from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.message import Message

#: Messages whose turns come within such a span leave together, so that one claim takes them all.
_PORTION: Span = SECOND // 10
#: How long a message may use its turn. Without an end, all that was late would leave at once after an outage.
_USABLE: Span = 10 * SECOND


def has_turn(message: Message, now: Instant) -> bool:
    """Returns whether the message has a turn that it may use now."""
    return message.turn_time is not None and message.turn_time <= now <= message.turn_time + _USABLE


def span_of_turns(count: int, rate: float) -> Span:
    """Returns how long so many turns take, at a rate a second."""
    return round(count * SECOND / rate)


def turn_time(first: Instant, place: int, rate: float, now: Instant) -> Instant:
    """Returns when the message at that place behind the first turn leaves: now, or at the end of a portion."""
    turn = first + span_of_turns(place, rate)
    return turn if turn <= now else -(-turn // _PORTION) * _PORTION
