"""Provides a footer that is rolled out to campaigns."""

from __future__ import annotations

from clarion_server.application.campaigns.repinning import FragmentRepinner, RepinFragment, RollOut
from clarion_server.application.campaigns.review import Review
from clarion_server.application.resources import ResourceInput, UpdateResource
from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.campaigns.fragment_repin import FragmentRepin

from tests.unit.application.fragments import Pieces, sent
from tests.unit.application.labelling import MIGHTY
from tests.unit.application.world import AUTHOR, World

NAME = "order-confirmed"


class RollingOut(Pieces):
    def __init__(self, world: World, review: Review | None = None) -> None:
        super().__init__(world)
        self.world = world
        reviewing = review or world.review
        self.repinner = FragmentRepinner(world.transactions, reviewing, world.clock, world.announced.append)

    async def repin(self, *campaigns: str, to: int = 0, dry: bool = False, bypass_reason: str = "") -> RollOut:
        command = RepinFragment("footer", campaigns or (NAME,), to, dry, bypass_reason)
        return await self.repinner.repin(command, AUTHOR)

    async def outcome(self, *, to: int = 0, dry: bool = False, bypass_reason: str = "") -> FragmentRepin:
        (repin,) = (await self.repin(to=to, dry=dry, bypass_reason=bypass_reason)).repins
        return repin

    async def footer(self, number: int) -> str:
        """Returns what a version of the campaign sends behind its heading."""
        return (await sent(self.world, number)).removeprefix("<h1>Hi</h1>")

    async def label(self, fragment_id: str, labels: AccessLabels) -> None:
        stored = await self.manage.get(fragment_id, MIGHTY)
        command = UpdateResource(fragment_id, ResourceInput(stored, (), labels.names), frozenset({"access_labels"}))
        await self.manage.update(command, MIGHTY)
