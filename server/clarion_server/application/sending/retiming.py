"""Gives messages new turns after a change of the rate that they keep, or when many before them were cancelled or are
held: those that wait become due, in small steps.

Their next claim gives them turns under the new rate. Without this they would wait for the turns that they have, which
may come in hours.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.ports.turn_schedules import Retiming
from clarion_server.domain.instant import MINUTE, Instant, Span
from clarion_server.domain.messages.message import Message
from clarion_server.domain.value import value

#: One step looks at at most this many messages and this many campaigns.
_BATCH = 500
_CAMPAIGNS = 50
#: Turns that nobody waits for any more are closed up when they take so long: each message that waits is claimed again.
_LONG: Span = MINUTE

#: Says how many messages wait for turns of each schedule, by its name.
TurnCounts = Mapping[str, int]


@value
class _Look:
    """Holds the messages of one campaign that a step has looked at."""

    due: list[str]
    last: str
    is_finished: bool


def count_turns(messages: Iterable[Message]) -> Counter[str]:
    """Counts the turns that the messages wait for, by the name of the schedule."""
    return Counter(message.awaited_turn.schedule for message in messages if message.awaited_turn is not None)


def close_up(unit: UnitOfWork, unused: TurnCounts) -> None:
    """Lets others have the turns of messages that were cancelled, where those are many."""
    schedules = unit.turn_schedules.lock(unused.keys())
    unit.turn_schedules.begin_anew(
        [name for name, schedule in schedules.items() if unused[name] * schedule.distance >= _LONG]
    )


def give_way(unit: UnitOfWork, name: str, now: Instant) -> None:
    """Lets others have the turns of messages that are held from now on, if the schedule has given turns far ahead."""
    ahead = [each for each in unit.turn_schedules.lock([name]).values() if each.next_place + each.delay - now >= _LONG]
    unit.turn_schedules.begin_anew([schedule.name for schedule in ahead])


def retime(unit: UnitOfWork, now: Instant) -> bool:
    """Does one step of a retiming that was begun. Returns False when there is none."""
    retiming = unit.turn_schedules.begun_retiming()
    if retiming is None:
        return False
    campaign_key, after = retiming.after
    for _ in range(_CAMPAIGNS):
        if not after:
            found = _next_campaign(unit, retiming, campaign_key)
            if found is None:
                unit.turn_schedules.finish(retiming)
                return True
            campaign_key = found
        look = _look(unit, retiming, campaign_key, after, now)
        if look.due:
            unit.messages.make_due(look.due, now)
        if not look.is_finished:
            after = look.last
            break
        after = ""
    unit.turn_schedules.go_on(Retiming(retiming.schedule, retiming.sandbox, retiming.epoch, (campaign_key, after)))
    return True


def _next_campaign(unit: UnitOfWork, retiming: Retiming, after: int) -> int | None:
    """Returns the key of the next campaign whose messages may wait in the schedule."""
    kind, _, key = retiming.schedule.partition("/")
    if kind == "campaign":
        return None if after else int(key)
    return unit.campaigns.next_key(retiming.sandbox, after)


def _look(unit: UnitOfWork, retiming: Retiming, campaign_key: int, after: str, now: Instant) -> _Look:
    waiting = unit.messages.waiting_turns(campaign_key, after, _BATCH)
    due = [
        each.message_id
        for each in waiting
        if each.turn is not None
        # One that waits for a retry, or for an opening, goes on waiting for it.
        and each.due_time == each.turn.due_time > now
        and each.turn.schedule == retiming.schedule
        and each.turn.epoch < retiming.epoch
    ]
    return _Look(due, waiting[-1].message_id if waiting else after, len(waiting) < _BATCH)
