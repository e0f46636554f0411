"""Tests the roll-out of a fragment on every store, also while others change what it is about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest
from clarion_server.application.campaigns.repinning import RepinFragment
from clarion_server.application.campaigns.review import Review
from clarion_server.application.ports.store import Store
from clarion_server.domain.campaigns.fragment_repin import FragmentRepin, RepinOutcome
from clarion_server.domain.finding import Finding

from tests.unit.application.fragments import mails, sent
from tests.unit.application.labelling import EU, label
from tests.unit.application.office import Office
from tests.unit.application.rolling_out import NAME, RollingOut
from tests.unit.application.world import AUTHOR, World

FOOTER = '{% include "fragments/footer" %}'


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    """Has a live campaign that has `footer@1`, of which there is a second version."""
    made = World(store)
    with closing(made.transactions):
        pieces = RollingOut(made)
        await pieces.publish("footer", "<p>one</p>")
        await made.live(actions=mails(FOOTER))
        await pieces.publish("footer", "<p>two</p>")
        yield made


async def test_a_version_is_live_everywhere_once_it_is_rolled_out(world: World) -> None:
    pieces = RollingOut(world)
    assert (await pieces.repin()).repins == [FragmentRepin(NAME, RepinOutcome.REPINNED, 1, 2)]
    assert (await pieces.repin()).repins == [FragmentRepin(NAME, RepinOutcome.UNCHANGED, 2, 2)]
    assert (await sent(world, 1), await sent(world, 2)) == ("<p>one</p>", "<p>two</p>")


async def test_two_roll_outs_at_once_make_one_version(world: World) -> None:
    first, second = await asyncio.gather(RollingOut(world).outcome(), RollingOut(world).outcome())
    assert {first.outcome, second.outcome} <= {RepinOutcome.REPINNED, RepinOutcome.UNCHANGED}
    assert (first.campaign_version, second.campaign_version) == (2, 2)
    assert (await world.get()).last_version == 2


class Meddling(Review):
    """Changes the campaign whenever it is reviewed, so many times."""

    def __init__(self, world: World, times: int) -> None:
        self._world = world
        self.times = times

    async def change(self) -> None:
        await self._world.update(display_name=f"Edited {self.times}")

    async def of(self, *arguments: Any, **keywords: Any) -> list[Finding]:
        if self.times:
            self.times -= 1
            await self.change()
        return await self._world.review.of(*arguments, **keywords)

    async def build(self, *arguments: Any) -> Any:
        return await self._world.review.build(*arguments)


@pytest.mark.parametrize(("times", "outcome"), [(1, RepinOutcome.REPINNED), (99, RepinOutcome.CONTENDED)])
async def test_a_campaign_that_is_changed_meanwhile_is_reviewed_again(
    world: World, times: int, outcome: RepinOutcome
) -> None:
    pieces = RollingOut(world, Meddling(world, times))
    (repin,) = (await pieces.repinner.repin(RepinFragment("footer", (NAME,)), AUTHOR)).repins
    assert repin.outcome is outcome


class Hiding(Meddling):
    async def change(self) -> None:
        await label(self._world, EU)


async def test_a_campaign_that_is_hidden_meanwhile_is_not_there(world: World) -> None:
    repins = (await RollingOut(world, Hiding(world, 1)).repin()).repins
    assert repins == [FragmentRepin(NAME, RepinOutcome.NOT_FOUND)]
    assert world.announced[-1].last_version == 1


class Asking(Meddling):
    async def change(self) -> None:
        await Office(self._world).policy()


async def test_a_policy_that_is_made_meanwhile_is_heeded(world: World) -> None:
    (repin,) = (await RollingOut(world, Asking(world, 1)).repin()).repins
    assert (repin.outcome, repin.policies) == (RepinOutcome.APPROVAL_REQUIRED, ("approvalPolicies/legal",))
    assert (await world.get()).last_version == 1
