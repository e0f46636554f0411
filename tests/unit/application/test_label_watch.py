"""Watches of events follow the present labels of the campaigns, also while they run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, closing
from dataclasses import replace

import pytest
from clarion_server.application.ports.queries import EventQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.queries import event_watch as event_watch_module
from clarion_server.application.queries.event_watch import Watched
from clarion_server.domain.access.access import Caller
from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.events.event import EventType, FragmentChange, FragmentChangeKind, fragment_event
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.instant import HOUR
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.contract.store import samples
from tests.unit.application.labelling import EU, MIGHTY, holder, label
from tests.unit.application.running import DEADLINE_S
from tests.unit.application.test_event_watch import Watchtower, take, types_of, without_gathering
from tests.unit.application.world import AUTHOR, World

__all__ = ["without_gathering"]

SENT, FAILED, EXPIRED = EventType.SENT, EventType.FAILED, EventType.EXPIRED
FRAGMENT_CHANGED = EventType.FRAGMENT_CHANGED


def all_of(caller: Caller) -> EventQuery:
    return EventQuery(caller.visibility, after=0)


@pytest.fixture
async def tower(world: World) -> AsyncIterator[Watchtower]:
    """Belongs to a world with two campaigns, whose keys are 1 and 2."""
    await world.live()
    await world.live("other")
    made = Watchtower(world)
    yield made
    made.close()


async def test_a_watch_from_the_start_leaves_out_what_is_hidden(world: World, tower: Watchtower) -> None:
    await tower.commit(SENT)
    await tower.commit(FAILED, campaign_key=2)
    await label(world, EU)
    assert types_of(await take(tower.watch(all_of(AUTHOR), start=0), 2)) == [FAILED]
    assert types_of(await take(tower.watch(all_of(MIGHTY), start=0), 3)) == [SENT, FAILED]


@pytest.mark.parametrize("start", [None, 0])
async def test_a_label_that_is_added_while_a_watch_runs_hides_what_follows(
    world: World, tower: Watchtower, start: int | None
) -> None:
    watch = tower.watch(all_of(AUTHOR), start)
    await take(watch, 1)
    await tower.commit(SENT)
    assert types_of(await take(watch, 1)) == [SENT]
    await label(world, EU)
    await tower.commit(FAILED)
    await tower.commit(EXPIRED, campaign_key=2)
    assert types_of(await take(watch, 1)) == [EXPIRED]
    await label(world, NO_ACCESS_LABELS)
    await tower.commit(FAILED)
    assert types_of(await take(watch, 1)) == [FAILED]


async def test_events_that_wait_for_a_slow_watcher_are_hidden_by_a_label_that_comes_meanwhile(
    world: World, tower: Watchtower
) -> None:
    slow, quick = tower.watch(all_of(AUTHOR)), tower.watch(all_of(MIGHTY))
    await take(slow, 1)
    await take(quick, 1)
    await tower.commit(EXPIRED, campaign_key=2)
    await take(slow, 1)
    # Both follow the tail now, and the slow one takes nothing while these come.
    await tower.commit(SENT, SENT, SENT)
    await take(quick, 4)
    await label(world, EU)
    await tower.commit(FAILED, campaign_key=2)
    await take(quick, 1)
    assert types_of(await take(slow, 1)) == [FAILED]


async def test_a_page_that_a_slow_watcher_was_reading_is_read_again_after_a_change_of_labels(
    world: World, tower: Watchtower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_watch_module, "_LABELS_SECONDS", 0)
    await tower.commit(SENT, SENT, SENT)
    await tower.commit(FAILED, campaign_key=2)
    watch = tower.watch(all_of(AUTHOR), start=0)
    assert types_of(await take(watch, 2)) == [SENT]
    await label(world, EU)
    assert types_of(await take(watch, 1)) == [FAILED]


async def test_a_watcher_that_joins_others_sees_nothing_hidden_of_what_they_saw(
    world: World, tower: Watchtower
) -> None:
    first = tower.watch(all_of(MIGHTY))
    await take(first, 1)
    position = await tower.transactions.read(lambda unit: unit.events.last_sequence())
    await tower.commit(SENT)
    await tower.commit(FAILED, campaign_key=2)
    await take(first, 2)
    await label(world, EU)
    late = tower.watch(all_of(holder()), start=position)
    assert types_of(await take(late, 2)) == [FAILED]


async def change_fragment(tower: Watchtower, labels: AccessLabels, fragment: Fragment | None = None) -> Fragment:
    """Adds a fragment with these labels, or gives them to it, and commits the event of that."""

    def change(unit: UnitOfWork) -> Fragment:
        unit.access_labels.hand_out(AUTHOR.sandbox, ("eu",))
        if fragment is None:
            stored = unit.fragments.add(samples.fragment(access_labels=labels))
        else:
            stored = replace(fragment.changed(fragment.update_time), access_labels=labels)
            unit.fragments.save(stored)
        unit.events.add_all([fragment_event(stored, FragmentChange(FragmentChangeKind.UPDATED, "k"), HOUR)])
        return stored

    stored = await tower.transactions.write(change)
    tower.signal.commit_happened()
    return stored


async def test_a_fragment_that_is_labelled_while_a_watch_runs_is_hidden_with_what_waits(tower: Watchtower) -> None:
    slow, quick = tower.watch(all_of(AUTHOR)), tower.watch(all_of(MIGHTY))
    await take(slow, 1)
    await take(quick, 1)
    fragment = await change_fragment(tower, NO_ACCESS_LABELS)
    assert types_of(await take(slow, 1)) == [FRAGMENT_CHANGED]
    await change_fragment(tower, NO_ACCESS_LABELS, fragment)
    await take(quick, 2)
    await change_fragment(tower, EU, fragment.changed(HOUR))
    await tower.commit(FAILED)
    assert types_of(await take(quick, 2)) == [FRAGMENT_CHANGED, FAILED]
    assert types_of(await take(slow, 1)) == [FAILED]


async def test_a_watch_from_the_start_leaves_out_the_events_of_a_hidden_fragment(tower: Watchtower) -> None:
    await change_fragment(tower, EU)
    await tower.commit(FAILED)
    assert types_of(await take(tower.watch(all_of(AUTHOR), start=0), 2)) == [FAILED]
    assert types_of(await take(tower.watch(all_of(MIGHTY), start=0), 3)) == [FRAGMENT_CHANGED, FAILED]


#: Says what happens one after the other: a campaign gets a label or loses it, or one of its events is committed.
steps = st.lists(st.tuples(st.sampled_from(["label", "bare", "event"]), st.sampled_from([1, 2])), max_size=14)


async def race(before: list[tuple[str, int]], during: list[tuple[str, int]], limit: int) -> None:
    """Watches while labels come and go, and takes each event at once."""
    with closing(World()) as world:
        await world.live()
        await world.live("other")
        with closing(Watchtower(world)) as tower:
            hidden: set[int] = set()
            for step in before:
                await do(world, tower, step, hidden)
            async with aclosing(tower.watch(replace(all_of(AUTHOR), limit=limit), start=0)) as watch:
                await take(watch, 1)
                for step in during:
                    await do(world, tower, step, hidden)
                    if step[0] == "event" and step[1] not in hidden:
                        # Whatever was hidden at the time it came, or is now, is passed over.
                        (seen,) = await until_newest(tower, watch)
                        assert seen.event is not None
                        assert seen.event.campaign_key == step[1]


async def until_newest(tower: Watchtower, watch: AsyncIterator[Watched]) -> list[Watched]:
    newest = await tower.transactions.read(lambda unit: unit.events.last_sequence())
    async with asyncio.timeout(DEADLINE_S):
        while (watched := await anext(watch)).position < newest:
            pass
    return [watched]


async def do(world: World, tower: Watchtower, step: tuple[str, int], hidden: set[int]) -> None:
    kind, key = step
    if kind == "event":
        await tower.commit(SENT, campaign_key=key)
        return
    labels = EU if kind == "label" else NO_ACCESS_LABELS
    (hidden.add if kind == "label" else hidden.discard)(key)
    await label(world, labels, "order-confirmed" if key == 1 else "other")
    tower.signal.commit_happened()


@settings(max_examples=25, deadline=None)
@given(steps, steps, st.sampled_from([2, 500]))
def test_whatever_comes_and_goes_a_watch_shows_each_event_that_is_visible_and_no_hidden_one(
    before: list[tuple[str, int]], during: list[tuple[str, int]], limit: int
) -> None:
    asyncio.run(race(before, during, limit))


async def test_a_watch_that_hidden_events_alone_come_to_is_told_how_far_it_is(
    world: World, tower: Watchtower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_watch_module, "HEARTBEAT", 0.05)
    await label(world, EU)
    watch = tower.watch(all_of(AUTHOR))
    await take(watch, 1)
    await tower.commit(SENT, SENT)
    (watched,) = await take(watch, 1)
    assert watched.event is None
