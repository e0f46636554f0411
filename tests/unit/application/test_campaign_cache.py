"""Campaigns and versions are compiled once, outside of transactions, and no more are kept than fit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.channels import CONTENT_KINDS

from tests.memory_store import MemoryStore
from tests.unit.application.world import AUTHOR, World


class CountingCompiler(JinjaContentCompiler):
    """Compiles, counts how often, and calls `on_compile` each time."""

    def __init__(self) -> None:
        super().__init__(CONTENT_KINDS)
        self.count = 0
        self.on_compile: Callable[[], None] = lambda: None

    def compile_content(self, *arguments: Any, **further: Any) -> CompiledAction:
        self.count += 1
        self.on_compile()
        return super().compile_content(*arguments, **further)


@pytest.fixture
def compiler() -> CountingCompiler:
    return CountingCompiler()


async def test_a_live_campaign_and_its_version_are_compiled_once_however_many_ask(
    world: World, compiler: CountingCompiler
) -> None:
    campaign = await world.live()
    cache = CampaignCache(world.transactions, compiler)
    live = await asyncio.gather(*(cache.live(AUTHOR.visibility, "order-confirmed") for _ in range(20)))
    versions = await asyncio.gather(*(cache.version(campaign.key, 1) for _ in range(20)))
    assert {id(each.version) for each in live} == {id(each) for each in versions}
    assert compiler.count == 1


class SnapshotStore(MemoryStore):
    """Knows how many snapshots are open."""

    open_count = 0

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        with super().snapshot() as unit:
            self.open_count += 1
            try:
                yield unit
            finally:
                self.open_count -= 1


async def test_no_transaction_is_open_while_a_campaign_is_compiled(compiler: CountingCompiler) -> None:
    store = SnapshotStore()
    with closing(World(store)) as world:
        await world.live()
        counts: list[int] = []
        compiler.on_compile = lambda: counts.append(store.open_count)
        transactions = Transactions(store)
        await CampaignCache(transactions, compiler).live(AUTHOR.visibility, "order-confirmed")
        transactions.close()
        assert counts == [0]


async def test_a_version_that_does_not_compile_is_tried_again_the_next_time(
    world: World, compiler: CountingCompiler
) -> None:
    campaign = await world.live()
    cache = CampaignCache(world.transactions, compiler)

    def refuse() -> None:
        raise ContentInvalid

    compiler.on_compile = refuse
    with pytest.raises(ContentInvalid):
        await cache.version(campaign.key, 1)
    compiler.on_compile = lambda: None
    assert (await cache.version(campaign.key, 1)).campaign_id == "order-confirmed"


async def test_campaigns_that_do_not_fit_are_compiled_again_when_they_are_used_again(
    world: World, compiler: CountingCompiler
) -> None:
    first, second = await world.live("first"), await world.live("second")
    cache = CampaignCache(world.transactions, compiler, max_bytes=30_000)
    for key in (first.key, second.key, second.key, first.key):
        assert 15_000 < (await cache.version(key, 1)).size < 30_000
    assert compiler.count == 3


async def test_a_live_campaign_that_is_out_of_date_is_dropped_unless_it_was_read_again(
    world: World, compiler: CountingCompiler
) -> None:
    await world.live()
    cache = CampaignCache(world.transactions, compiler)
    old = await cache.live(AUTHOR.visibility, "order-confirmed")
    cache.discard(old)
    assert cache.cached(AUTHOR.visibility, "order-confirmed") is None
    new = await cache.live(AUTHOR.visibility, "order-confirmed")
    cache.discard(old)
    assert cache.cached(AUTHOR.visibility, "order-confirmed") is new
