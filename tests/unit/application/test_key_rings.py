"""The keys of personal links are all there before a process seals its first one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from clarion_server.application.key_rings import KeysMissing, keep_keys

from tests.unit.application.world import World


@dataclass(frozen=True)
class Ring:
    current_key: int
    fingerprints: Mapping[int, bytes]


FIRST = Ring(1, {1: b"one"})


async def start(world: World, ring: Ring | None) -> dict[int, bytes]:
    await keep_keys(world.transactions, lambda unit: unit.link_keys, ring, world.clock)
    return await world.transactions.read(lambda unit: unit.link_keys.fingerprints())


async def test_the_key_that_seals_is_recorded_and_others_are_not(world: World) -> None:
    assert await start(world, Ring(2, {2: b"two", 1: b"one"})) == {2: b"two"}


async def test_a_service_without_links_records_nothing(world: World) -> None:
    assert await start(world, None) == {}


async def test_a_rotation_keeps_the_earlier_key(world: World) -> None:
    await start(world, FIRST)
    rotated = Ring(2, {2: b"two", 1: b"one"})
    assert await start(world, rotated) == await start(world, rotated) == {1: b"one", 2: b"two"}


@pytest.mark.parametrize(
    ("ring", "missing", "differing"),
    [(None, [1], []), (Ring(2, {2: b"two"}), [1], []), (Ring(1, {1: b"uno"}), [], [1])],
    ids=["no ring", "lost", "another"],
)
async def test_a_key_that_has_sealed_must_be_there(
    world: World, ring: Ring | None, missing: list[int], differing: list[int]
) -> None:
    await start(world, FIRST)
    with pytest.raises(KeysMissing) as raised:
        await start(world, ring)
    assert (raised.value.missing, raised.value.differing) == (missing, differing)
    assert await start(world, FIRST) == {1: b"one"}


async def test_of_two_processes_with_different_keys_of_one_number_one_is_refused(world: World) -> None:
    rings = (FIRST, Ring(1, {1: b"uno"}))
    ended = await asyncio.gather(*(start(world, ring) for ring in rings), return_exceptions=True)
    assert [type(each) for each in ended].count(KeysMissing) == 1
