"""People press their links, and two processes answer at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.domain.consent.preference_page import Tick

from tests.unit.application.unsubscribing import add_topics, history, link, offered, topic, unsubscribing
from tests.unit.application.world import World

ENDED, BEGUN = Tick(shown=True, wanted=False), Tick(shown=False, wanted=True)
PEOPLE = [f"email:r{number}@example.com" for number in range(15)]


@pytest.fixture
def worlds(open_store: Callable[[], SqlStore]) -> Iterator[list[World]]:
    """One for each process."""
    made = [World(open_store()) for _ in range(2)]
    yield made
    for each in made:
        each.transactions.close()


async def test_each_press_of_strangers_is_stored_once(worlds: list[World]) -> None:
    """Providers press a link more than once, and any process gets any press."""
    await add_topics(worlds[0], topic("news"))
    pages = [unsubscribing(world) for world in worlds]
    links = [link(identity=person) for person in PEOPLE]
    await asyncio.gather(*(page.unsubscribe(each) for each in links for page in pages))
    assert [len(await history(worlds[0], person)) for person in PEOPLE] == [1] * len(PEOPLE)


async def test_choices_that_are_saved_at_once_are_all_stored(worlds: list[World]) -> None:
    await add_topics(worlds[0], topic("news"), topic("offers"))
    one, other = (unsubscribing(world) for world in worlds)
    links = [link(identity=person) for person in PEOPLE]
    for each in links:
        await one.save(each, {None: ENDED})
    await asyncio.gather(
        *(one.save(each, {"news": BEGUN}) for each in links), *(other.save(each, {"offers": BEGUN}) for each in links)
    )
    shown = [offered(await one.choices(each)) for each in links]
    assert shown == [{"news": True, "offers": True, None: False}] * len(PEOPLE)
