"""Tests a cache that loads each value once, and holds no more bytes than it may."""

from __future__ import annotations

import asyncio

import pytest
from clarion_server.application.loading_cache import LoadingCache

Sizes = LoadingCache[str, str]


class Loader:
    """Loads a key's text of so many letters as its digits say, while the gate is open."""

    def __init__(self) -> None:
        self.loaded: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, key: str) -> str:
        self.loaded.append(key)
        await self.gate.wait()
        if key == "broken":
            raise ZeroDivisionError
        return key[0] * int(key[1:])


@pytest.fixture
def loader() -> Loader:
    return Loader()


@pytest.fixture
def cache(loader: Loader) -> Sizes:
    return LoadingCache(loader, len, max_bytes=10)


async def test_what_was_loaded_is_in_memory(cache: Sizes, loader: Loader) -> None:
    assert cache.get("a3") is None
    assert await cache.load("a3") == "aaa"
    assert cache.get("a3") == "aaa"
    assert await cache.load("a3") == "aaa"
    assert loader.loaded == ["a3"]


async def test_the_value_that_was_not_used_for_the_longest_time_goes_first(cache: Sizes) -> None:
    for key in ("a4", "b4"):
        await cache.load(key)
    cache.get("a4")
    await cache.load("c4")
    assert (cache.get("a4"), cache.get("b4"), cache.get("c4"), cache.size) == ("aaaa", None, "cccc", 8)


async def test_a_large_value_makes_room_for_itself(cache: Sizes) -> None:
    for key in ("a3", "b3", "c9"):
        await cache.load(key)
    assert (cache.get("a3"), cache.get("b3"), cache.size) == (None, None, 9)


async def test_a_value_that_is_too_large_stays_until_the_next_one_comes(cache: Sizes) -> None:
    await cache.load("a99")
    assert cache.size == 99
    await cache.load("b1")
    assert (cache.get("a99"), cache.size) == (None, 1)


async def test_calls_that_come_together_share_one_loading(cache: Sizes, loader: Loader) -> None:
    assert set(await asyncio.gather(*(cache.load("a2") for _ in range(20)))) == {"aa"}
    assert loader.loaded == ["a2"]


async def test_a_caller_that_goes_away_takes_nothing_from_the_others(cache: Sizes, loader: Loader) -> None:
    loader.gate.clear()
    gone, other = asyncio.create_task(cache.load("a2")), asyncio.create_task(cache.load("a2"))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    loader.gate.set()
    assert await other == "aa"
    assert loader.loaded == ["a2"]


async def test_a_failure_is_raised_for_everybody_and_not_remembered(cache: Sizes, loader: Loader) -> None:
    failures = await asyncio.gather(*(cache.load("broken") for _ in range(3)), return_exceptions=True)
    assert [type(failure) for failure in failures] == [ZeroDivisionError] * 3
    with pytest.raises(ZeroDivisionError):
        await cache.load("broken")
    assert loader.loaded == ["broken"] * 2


async def test_an_invalidated_value_is_loaded_again(cache: Sizes, loader: Loader) -> None:
    await cache.load("a2")
    cache.invalidate("a2")
    assert (cache.get("a2"), cache.size) == (None, 0)
    await cache.load("a2")
    assert loader.loaded == ["a2"] * 2


async def test_values_of_some_keys_are_dropped_and_the_others_stay(cache: Sizes, loader: Loader) -> None:
    for key in ("a2", "b2"):
        await cache.load(key)
    cache.drop_where(lambda key: key.startswith("a"))
    assert (cache.get("a2"), cache.get("b2"), cache.size) == (None, "bb", 2)


async def test_what_is_invalidated_while_it_is_loaded_is_not_kept(cache: Sizes, loader: Loader) -> None:
    loader.gate.clear()
    before = asyncio.create_task(cache.load("a2"))
    await asyncio.sleep(0)
    cache.invalidate("a2")
    after = asyncio.create_task(cache.load("a2"))
    await asyncio.sleep(0)
    loader.gate.set()
    assert (await before, await after) == ("aa", "aa")
    assert loader.loaded == ["a2"] * 2
    assert cache.size == 2
