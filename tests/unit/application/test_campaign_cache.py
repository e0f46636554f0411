"""Campaigns and versions are compiled once, outside of transactions, and no more are kept than fit."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.ports.content import ContentInvalid
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign_definition import Action, ContentVariant
from clarion_server.domain.campaigns.targeting import TargetingRule
from clarion_server.domain.content.email import EmailContent

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


async def test_a_campaign_that_has_ended_is_compiled_again_only_for_what_is_left_in_its_queue(
    world: World, compiler: CountingCompiler
) -> None:
    ended, other = await world.live("ended"), await world.live("other")
    cache = CampaignCache(world.transactions, compiler)
    for campaign in (ended, other):
        await cache.version(campaign.key, 1)
    cache.invalidate(ended)
    assert all(cache.cached_version(campaign.key, 1) is not None for campaign in (ended, other))
    cache.invalidate(replace(ended, state=CampaignState.STOPPED))
    assert cache.cached_version(ended.key, 1) is None
    assert cache.cached_version(other.key, 1) is not None
    assert (await cache.version(ended.key, 1)).campaign_id == "ended"


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


REGIONS = ("AT", "BE", "CH", "DE", "FR", "LI", "LU")
LOCALES = [f"{language}-{region}" for language in ("de", "en", "fr", "it", "nl", "pt", "es") for region in REGIONS]
RULES = tuple(TargetingRule(f"r{number}", f"has(profile.n) && profile.n == {number}.0") for number in range(20))


def targeted(rules: tuple[TargetingRule, ...], action_id: str = "email") -> Action:
    """Returns an action with a content in 50 locales for each of the rules."""
    variants = tuple(
        ContentVariant(locale, EmailContent(f"Order {action_id} {rule.id} {locale}", "<p>Thank you</p>"), rule.id)
        for rule in rules
        for locale in ("en", *LOCALES)
    )
    return Action(action_id, "orders", EmailContent("Order", "<p>Thank you</p>"), variants, rules)


async def test_two_thousand_contents_take_less_than_a_megabyte_until_they_are_used(
    world: World, compiler: CountingCompiler
) -> None:
    few = await world.live("few", actions=(targeted(RULES[:1]),))
    many = await world.live("many", actions=(targeted(RULES, "one"), targeted(RULES, "two")))
    cache = CampaignCache(world.transactions, compiler)
    # What the first campaign with rules loads stays for all of them.
    await cache.version(few.key, 1)
    gc.collect()
    tracemalloc.start()
    try:
        version = await cache.version(many.key, 1)
        # Until its thread has ended, it may hold what it compiled.
        await asyncio.get_running_loop().shutdown_default_executor()
        gc.collect()
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(len(action.variants) for action in version.whole_definition.actions) == 2_000
    assert taken < 1_000_000


async def test_who_gets_the_default_content_gets_what_is_in_memory(world: World, compiler: CountingCompiler) -> None:
    without_own = TargetingRule("r9", "has(profile.n)")
    action = targeted(RULES[:1])
    campaign = await world.live(actions=(replace(action, rules=(*action.rules, without_own)),))
    cache = CampaignCache(world.transactions, compiler)
    version = await cache.version(campaign.key, 1)
    for rule in ("", without_own.id):
        assert cache.cached_content(version, 0, "en", rule) is version.contents[0]
        assert await cache.content(version, 0, "en", rule) is version.contents[0]
    assert compiler.count == 1


async def test_contents_of_a_campaign_that_has_ended_are_dropped(world: World, compiler: CountingCompiler) -> None:
    ended, other = await world.live("ended", actions=(targeted(RULES[:1]),)), await world.live("other")
    cache = CampaignCache(world.transactions, compiler)
    version = await cache.version(ended.key, 1)
    cell = (0, LOCALES[0], RULES[0].id)
    content = await cache.content(version, *cell)
    for campaign in (ended, replace(other, state=CampaignState.STOPPED)):
        cache.invalidate(campaign)
        assert cache.cached_content(version, *cell) is content
    cache.invalidate(replace(ended, state=CampaignState.STOPPED))
    assert cache.cached_content(version, *cell) is None


async def test_contents_that_are_used_stay_within_the_bound_of_the_cache(
    world: World, compiler: CountingCompiler
) -> None:
    campaign = await world.live(actions=(targeted(RULES[:2]),))
    cache = CampaignCache(world.transactions, compiler, max_bytes=100_000)
    version = await cache.version(campaign.key, 1)
    cells = [(0, locale, rule.id) for rule in RULES[:2] for locale in ("en", *LOCALES)]
    for cell in cells:
        await cache.content(version, *cell)
    kept = [content for cell in cells if (content := cache.cached_content(version, *cell)) is not None]
    last = kept[-1].content
    assert isinstance(last, EmailContent)
    assert last.subject == f"Order email r1 {LOCALES[-1]}"
    assert 0 < sum(content.size for content in kept) <= 100_000
    assert len(kept) < len(cells)
