"""Provides the questions whose answers must be equal on both sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from operator import attrgetter
from typing import Any

from clarion_server.application.ports.queries import CampaignQuery, EventQuery, ExecutionQuery, MessageQuery
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.events.counter import Metric

from tests.contract.store import samples
from tests.contract.store.side_by_side.side import Name, Side

Question = Callable[[Side], Any]

#: Is a limit above the number of rows.
EVERYTHING = 10_000
TIMES = (4, 12)
_by_id = partial(sorted, key=attrgetter("id"))


def all_questions(senders: Iterable[Name], execution_ids: Iterable[str]) -> Iterator[Question]:
    yield from (_schedules, _claims, _processes)
    for sandbox in samples.SANDBOXES:
        yield partial(_lists, visibility=Visibility(sandbox))
        yield partial(_queue, sandbox=sandbox)
    for name in senders:
        yield partial(_figures, name=name)
        yield partial(_queued, name=name)
    for execution_id in execution_ids:
        yield partial(_counts, execution_id=execution_id)


def _lists(side: Side, visibility: Visibility) -> list[Any]:
    return [
        side.work.campaigns.page(CampaignQuery(visibility, limit=EVERYTHING)),
        side.work.channels.page(visibility, None, EVERYTHING),
        side.work.executions.page(ExecutionQuery(visibility, limit=EVERYTHING)),
        side.work.messages.page(MessageQuery(visibility, limit=EVERYTHING)),
        side.work.events.page(EventQuery(visibility, after=0, limit=EVERYTHING)),
        side.work.keys.page(visibility, None, EVERYTHING),
    ]


def _schedules(side: Side) -> list[Any]:
    due = [sorted(side.work.campaigns.due(now), key=attrgetter("sandbox", "id")) for now in TIMES]
    used = [side.work.campaigns.first_using(key) is not None for key in side.channel_keys.values()]
    return [due, used, side.work.campaigns.next_transition_time()]


def _queue(side: Side, sandbox: str) -> list[Any]:
    key, messages = side.channel_keys[sandbox], side.work.messages
    due = [_by_id(messages.due(key, now, EVERYTHING)) for now in TIMES]
    return [due, messages.next_due_time(key), messages.is_waiting(key)]


def _claims(side: Side) -> list[Any]:
    messages = side.work.messages
    held = messages.held_campaigns()
    owners = messages.owners()
    return [
        [name for name, key in side.campaign_keys.items() if key in held],
        owners,
        *(_by_id(messages.claimed_by([owner], EVERYTHING)) for owner in sorted(owners)),
    ]


def _processes(side: Side) -> list[set[str]]:
    return [side.work.processes.live(now) for now in TIMES]


def _figures(side: Side, name: Name) -> list[dict[tuple[Metric, str], int]]:
    return [side.work.counters.of_campaign(side.campaign_keys[name], version) for version in (1, 2, None)]


def _queued(side: Side, name: Name) -> list[Any]:
    queued = side.work.messages.queued_of_campaign
    key = side.campaign_keys[name]
    return [_by_id(queued(key, EVERYTHING)), len(queued(key, 2))]


def _counts(side: Side, execution_id: str) -> list[Any]:
    messages = side.work.messages
    return [messages.state_counts(execution_id), _by_id(messages.queued_of_execution(execution_id))]
