"""Approvals of fragments on every store, also while others change what they are about."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from typing import Any

import pytest
from clarion_server.application.approvals.approving import Word
from clarion_server.application.ports.store import Store
from clarion_server.domain.campaign_states import ApprovalState
from clarion_server.domain.errors import ApprovalRequired, ClarionError, EtagMismatch, IllegalTransition

from tests.unit.application.compiler import COMPILER
from tests.unit.application.fragment_office import FragmentOffice
from tests.unit.application.office import ANN, BOB
from tests.unit.application.world import AUTHOR, World


@pytest.fixture
async def worlds(store: Store) -> AsyncIterator[tuple[World, World]]:
    """Two processes on one store, with a draft that nobody who wrote it may approve."""
    here, there = World(store), World(store)
    with closing(here.transactions), closing(there.transactions):
        desk = FragmentOffice(here)
        await desk.policy(block_self=True)
        await desk.write("footer", "<p>one</p>")
        yield here, there


async def test_a_fragment_is_submitted_in_one_process_and_published_in_another(worlds: tuple[World, World]) -> None:
    here, there = map(FragmentOffice, worlds)
    await here.submit()
    await there.approve(ANN)
    published = await here.publish("footer")
    assert published.version.approvers == (ANN.name,)
    assert await there.manage.versions("footer", None, 9, AUTHOR) == [published.version]


async def test_of_two_submissions_at_once_one_is_refused(worlds: tuple[World, World]) -> None:
    here, there = map(FragmentOffice, worlds)
    outcomes = await asyncio.gather(here.submit(), there.submit(), return_exceptions=True)
    (refused,) = [each for each in outcomes if isinstance(each, BaseException)]
    assert isinstance(refused, (IllegalTransition, EtagMismatch))
    assert len(await here.actions()) == 1


async def test_of_two_publications_at_once_there_is_one_version(worlds: tuple[World, World]) -> None:
    here, there = map(FragmentOffice, worlds)
    await here.submit()
    await here.approve(ANN)
    outcomes = await asyncio.gather(here.publish("footer"), there.publish("footer"), return_exceptions=True)
    assert all(isinstance(each, EtagMismatch) for each in outcomes if isinstance(each, BaseException))
    assert [each.number for each in await here.manage.versions("footer", None, 9, AUTHOR)] == [1]


class Meddling:
    """Reviews fragments as the compiler does, and lets somebody do something meanwhile."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        self._meanwhile = meanwhile
        self._loop = asyncio.get_running_loop()

    def __getattr__(self, name: str) -> Any:
        return getattr(COMPILER, name)

    def review_fragment(self, *arguments: Any) -> Any:
        async def happen() -> None:
            await self._meanwhile()

        asyncio.run_coroutine_threadsafe(happen(), self._loop).result()
        return COMPILER.review_fragment(*arguments)


async def test_what_is_edited_while_it_is_reviewed_is_neither_submitted_nor_published(
    worlds: tuple[World, World],
) -> None:
    there = FragmentOffice(worlds[1])
    meddled: Any = Meddling(lambda: there.write("footer", "<p>other</p>"))
    here = FragmentOffice(worlds[0], meddled)
    for attempt in (here.submit(), here.publish("footer")):
        with pytest.raises(EtagMismatch):
            await attempt
    assert ((await there.footer()).approval_state, await there.actions()) == (None, [])


async def test_an_approval_that_is_taken_back_while_it_is_reviewed_publishes_nothing(
    worlds: tuple[World, World],
) -> None:
    there = FragmentOffice(worlds[1])
    await there.submit()
    await there.approve(ANN)
    meddled: Any = Meddling(lambda: there.approving.cancel(Word("footer"), BOB))
    with pytest.raises(EtagMismatch):
        await FragmentOffice(worlds[0], meddled).publish("footer")
    assert (await there.footer()).published_version == 0


async def test_a_policy_that_comes_while_it_is_reviewed_is_heeded(worlds: tuple[World, World]) -> None:
    there = FragmentOffice(worlds[1])
    await there.submit()
    await there.approve(ANN)
    meddled: Any = Meddling(lambda: there.policy("wording", approvers=(BOB.name,)))
    with pytest.raises(ApprovalRequired):
        await FragmentOffice(worlds[0], meddled).publish("footer")


async def test_of_edits_submissions_and_approvals_at_once_nothing_is_published_that_was_not_approved(
    worlds: tuple[World, World],
) -> None:
    here, there = map(FragmentOffice, worlds)
    chance, submitted = random.Random(70), set()
    for number in range(10):
        submitted.add((await here.footer()).source)
        looked_at = (await here.submit()).content_hash
        calls = [
            there.approve(ANN, looked_at),
            here.approving.cancel(Word("footer"), BOB),
            there.write("footer", f"<p>{number} edited</p>"),
            there.submit(),
            here.publish("footer"),
            there.publish("footer"),
        ]
        chance.shuffle(calls)
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(each, ClarionError) for each in outcomes if isinstance(each, BaseException)), outcomes
        versions = await here.manage.versions("footer", None, 99, AUTHOR)
        assert {each.content.source for each in versions} <= submitted
        assert {each.approvers for each in versions} <= {(ANN.name,)}
        if (await here.footer()).approval_state in (ApprovalState.IN_REVIEW, ApprovalState.APPROVED):
            await here.approving.cancel(Word("footer"), AUTHOR)
        await here.write("footer", f"<p>{number}</p>")
