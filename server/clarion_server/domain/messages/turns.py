"""Turns: when messages leave under the rates of their campaign and their sending policy, whichever processes send them.

Each rate has a schedule, whose places follow one another at the distance that the rate says (the virtual scheduling
algorithm, ITU-T I.371). A message that is about to be handed off takes a place in each of its schedules, one after the
other, and waits in the queue until it comes. It leaves when none of the rates has been used up by those that left
before. When it cannot leave at its place, because the service was down or slow, the whole schedule is delayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from clarion_server.domain.instant import SECOND, Instant, Span

#: Messages whose places come within such a span leave together, so that one claim takes them all.
_PORTION: Span = SECOND // 10
#: Says how much time may be made up for, so that a claim which comes a little late delays nothing. More would let so
#: much more leave at once.
_CREDIT: Span = SECOND // 5
#: Says how late a message may be at its place. One that is later was kept back by itself, as in a paused campaign: it
#: takes a new place, since nobody else shall wait for it.
_USABLE: Span = 10 * SECOND


def campaign_schedule(campaign_key: int) -> str:
    """Returns the name of the schedule of a campaign's rate."""
    return f"campaign/{campaign_key}"


def policy_schedule(policy_key: int) -> str:
    """Returns the name of the schedule of a sending policy's rate."""
    return f"policy/{policy_key}"


@dataclass(frozen=True, slots=True)
class Turn:
    """Is what a message waits for in the queue."""

    schedule: str
    epoch: int
    """Is that of the schedule when the turn was given."""
    place: Instant
    """Says when it comes, unless the schedule is delayed."""
    due_time: Instant
    """Says when it comes as far as is known: the message waits for it as long as that is its own due time."""


@dataclass(slots=True)
class TurnSchedule:
    """Holds the turns of one rate. A claim changes it, and stores it afterwards."""

    name: str
    rate: float
    """Says how many messages leave a second; 0 sets no limit."""
    epoch: int = 0
    """Counts the changes of the rate: turns of an earlier one are given anew."""
    next_place: float = 0.0
    """Is the first place that no message has, in microseconds."""
    delay: float = 0.0
    """Says by how much later than their places messages leave."""
    free_time: float = 0.0
    """Says when the next message may leave, by those that have left."""

    @property
    def distance(self) -> float:
        return SECOND / self.rate

    def follow_clock(self, now: Instant) -> None:
        """Brings the schedule forward when the clock was set back. Otherwise nothing would leave until it is again as
        late as it was.
        """
        # Whatever has left, the next message may leave after the distance of two at the latest.
        ahead = self.free_time - (now + self.distance)
        if ahead > _USABLE:
            self.free_time -= ahead
            self.next_place -= ahead

    def take(self, now: Instant, over_time: Instant | None = None) -> Turn:
        """Returns the next turn, which may have come. A message that is over by then leaves its place to others."""
        if self.next_place + self.delay <= now:
            # Time in which nothing waited is not caught up with.
            self.next_place, self.delay = float(now), 0.0
        turn = self._turn(self.next_place, now)
        if over_time is None or turn.due_time < over_time:
            self.next_place += self.distance
        return turn

    def again(self, turn: Turn, now: Instant) -> Turn:
        """Returns the turn as it is by the present delay."""
        return self._turn(turn.place, now)

    def holds(self, turn: Turn, now: Instant) -> bool:
        """Returns whether the turn is one of this schedule that can still be used."""
        return (turn.schedule, turn.epoch) == (self.name, self.epoch) and now <= turn.place + self.delay + _USABLE

    def is_free(self, now: Instant) -> bool:
        return self.free_time <= now

    def wait_until_free(self, turn: Turn, now: Instant) -> Turn:
        """Delays the schedule so that the turn comes when a message may leave. Returns it."""
        self.delay = max(self.delay, self.free_time - turn.place)
        return self._turn(turn.place, now)

    def leave(self, now: Instant) -> None:
        """Counts a message that leaves."""
        self.free_time = max(self.free_time, now - _CREDIT) + self.distance

    def _turn(self, place: float, now: Instant) -> Turn:
        comes = int(-(-(place + self.delay) // 1))
        due_time = comes if comes <= now else -(-comes // _PORTION) * _PORTION
        return Turn(self.name, self.epoch, int(place), due_time)


def next_turn(
    held: Turn | None, schedules: Sequence[TurnSchedule], now: Instant, over_time: Instant | None = None
) -> Turn | None:
    """Returns the turn that a message has to wait for, or None when it leaves now, which counts in all schedules.

    `held` is the turn that the message has waited for. A message waits in its schedules in their order. One that is
    over before its turn waits for its end instead.
    """
    turn = _awaited(held, schedules, now, over_time)
    if turn is None or over_time is None or turn.due_time <= over_time:
        return turn
    return replace(turn, due_time=over_time)


def _awaited(
    held: Turn | None, schedules: Sequence[TurnSchedule], now: Instant, over_time: Instant | None
) -> Turn | None:
    turn = None
    position = next((index for index, each in enumerate(schedules) if held and each.holds(held, now)), -1)
    if position >= 0 and held is not None:
        turn = schedules[position].again(held, now)
        if turn.due_time > now:
            return turn
    for schedule in schedules[position + 1 :]:
        turn = schedule.take(now, over_time)
        if turn.due_time > now:
            return turn
    for schedule in schedules:
        if not schedule.is_free(now):
            own = turn if turn is not None and turn.schedule == schedule.name else schedule.take(now, over_time)
            return own if own.due_time > now else schedule.wait_until_free(own, now)
    for schedule in schedules:
        schedule.leave(now)
    return None
