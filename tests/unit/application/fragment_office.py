"""Provides the people who approve what fragments are to say."""

from __future__ import annotations

from typing import Any

from clarion_server.application.approvals.approving import Approval, Approving, Word
from clarion_server.application.fragments.approvable_drafts import FragmentDrafts
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.domain.access.access import Caller
from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval import ApprovalAction
from clarion_server.domain.fragments.fragment import Fragment

from tests.unit.application.compiler import COMPILER
from tests.unit.application.fragments import Pieces
from tests.unit.application.labelling import MIGHTY
from tests.unit.application.office import ANN, Office
from tests.unit.application.world import AUTHOR, World


class FragmentOffice(Pieces):
    """Holds the people who approve the fragment `footer`."""

    def __init__(self, world: World, compiler: ContentCompiler = COMPILER) -> None:
        super().__init__(world, compiler)
        self.office = Office(world)
        drafts = FragmentDrafts(world.transactions, compiler, world.clock)
        self.approving = Approving(world.transactions, world.clock, drafts)

    async def policy(self, policy_id: str = "legal", **fields: Any) -> None:
        await self.office.policy(policy_id, applies_to=DraftKind.FRAGMENT, **fields)

    async def submit(self, caller: Caller = AUTHOR) -> Approval[Fragment]:
        return await self.approving.submit(Word("footer", "Please look."), caller)

    async def approve(self, caller: Caller = ANN, content_hash: str = "") -> Approval[Fragment]:
        seen = content_hash or (await self.approving.get("footer", caller)).content_hash
        return await self.approving.approve(Word("footer"), seen, caller)

    async def actions(self) -> list[ApprovalAction]:
        """Those of the history, the oldest first."""
        return [step.action for step in reversed(await self.approving.steps("footer", None, 99, AUTHOR))]

    async def footer(self) -> Fragment:
        return await self.manage.get("footer", MIGHTY)
