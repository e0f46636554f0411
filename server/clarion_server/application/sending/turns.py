"""Gives messages their turns under the rates of their campaigns and their sending policies."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message
from clarion_server.domain.messages.turns import campaign_schedule, next_turn, policy_schedule
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

#: Holds the names of a message's schedules, in the order in which it waits in them.
Schedules = Sequence[str]


def schedules_of(message: Message, rated_campaigns: Collection[int], policy: SendingPolicy | None) -> Schedules:
    """Returns the names of the schedules that the message keeps. `policy` is the one whose rate it keeps, if any."""
    named = [] if policy is None else [policy_schedule(policy.key)]
    # Magic recipients wait for no turn.
    if message.action.campaign_key in rated_campaigns and simulated_outcome(message.address) is None:
        # It takes a turn of the policy, which others may want, when its campaign lets it leave.
        named.insert(0, campaign_schedule(message.action.campaign_key))
    return named


def give_turns(unit: UnitOfWork, rated: Sequence[tuple[Message, Schedules]], now: Instant) -> dict[str, Instant]:
    """Lets queued messages leave as far as their schedules allow, in a constant number of statements.

    Returns when the turns of the others come, by message id.
    """
    schedules = unit.turn_schedules.lock({name for _, names in rated for name in names})
    for schedule in schedules.values():
        schedule.follow_clock(now)
    turns = {}
    for message, names in rated:
        of_message = [schedules[name] for name in names if name in schedules]
        # What was not tried yet begins its `fallback_after` with its turn.
        over_time = message.over_time if message.attempts.count else message.expire_time
        turn = next_turn(message.awaited_turn, of_message, now, over_time) if of_message else None
        if turn is not None:
            turns[message.id] = turn
    if schedules:
        unit.turn_schedules.save(schedules)
    if turns:
        unit.messages.set_turns(turns)
    return {message_id: turn.due_time for message_id, turn in turns.items()}
