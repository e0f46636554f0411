"""Selects the members of a run's audience and stores them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass

from clarion_server.application.audience_runs.ownership import lock_own
from clarion_server.application.audiences.selection import AudienceSelector, SelectedPage
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import whole_sandbox
from clarion_server.domain.audiences.audience import Audience, AudienceMember
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState, Selection, failed_evaluations
from clarion_server.domain.audiences.condition import ConditionInvalid
from clarion_server.domain.events.event import run_event
from clarion_server.domain.instant import Instant

#: One bulk step deletes at most this many members.
_DELETED_AT_ONCE = 1_000


@dataclass(frozen=True, slots=True)
class MemberSelection:
    """Selects the members of runs. None of their messages is accepted before all members are written."""

    transactions: Transactions
    selector: AudienceSelector
    clock: Clock

    async def select(self, run: AudienceRun, owner: str) -> AudienceRun:
        """Returns the run with its members, or refused. Raises RunLost and Unavailable.

        It begins anew when it was interrupted: the members are those of one time.
        """
        begun = await self._change(run, owner, lambda run: run.begun(self.clock.now()))
        await self._delete_members(begun, owner)
        audience = await self.transactions.read(lambda unit: _audience(unit, begun))
        if audience is None:
            return await self._refuse(begun, owner, EndReason.AUDIENCE_INVALID)
        try:
            selection = await self._write_members(begun, audience, owner)
        except ConditionInvalid:
            return await self._refuse(begun, owner, EndReason.AUDIENCE_INVALID)
        if selection.count > run.max_recipients:
            return await self._refuse(begun, owner, EndReason.AUDIENCE_TOO_LARGE, selection)
        return await self._change(begun, owner, lambda run: _selected(run, selection, self.clock.now()))

    async def count(self, audience: Audience, start: Instant) -> Selection:
        """Returns what selecting would find. Raises ConditionInvalid and Unavailable."""
        selection = Selection(0)
        async with aclosing(self.selector.pages(audience, start)) as pages:
            async for page in pages:
                selection = _with_page(selection, page)
        return selection

    async def _write_members(self, run: AudienceRun, audience: Audience, owner: str) -> Selection:
        selection = Selection(0)
        assert run.select_time is not None, "it has begun"
        async with aclosing(self.selector.pages(audience, run.select_time)) as pages:
            async for page in pages:
                # Those of an audience that is too large are only counted.
                if page.members and selection.count + len(page.members) <= run.max_recipients:
                    await self._add(run, owner, selection.count, page.members)
                selection = _with_page(selection, page)
        return selection

    async def _add(self, run: AudienceRun, owner: str, first: int, members: list[AudienceMember]) -> None:
        def add(unit: UnitOfWork) -> None:
            unit.audience_runs.add_members(lock_own(unit, run.key, owner, RunState.SELECTING), first, members)

        await self.transactions.write(add, bulk=True, durable_later=True)

    async def _delete_members(self, run: AudienceRun, owner: str) -> None:
        """Deletes the members that an interrupted selection stored."""

        def delete(unit: UnitOfWork) -> int:
            locked = lock_own(unit, run.key, owner, RunState.SELECTING)
            return unit.audience_runs.delete_members(locked, _DELETED_AT_ONCE)

        while await self.transactions.write(delete, bulk=True, durable_later=True):
            pass

    async def _refuse(
        self, run: AudienceRun, owner: str, reason: EndReason, selection: Selection | None = None
    ) -> AudienceRun:
        return await self._change(run, owner, lambda run: run.refused(reason, self.clock.now(), selection))

    async def _change(self, run: AudienceRun, owner: str, change: Callable[[AudienceRun], AudienceRun]) -> AudienceRun:
        def write(unit: UnitOfWork) -> AudienceRun:
            changed = change(lock_own(unit, run.key, owner, run.state))
            unit.audience_runs.save(changed)
            unit.events.add_all([run_event(changed, self.clock.now())])
            return changed

        return await self.transactions.write(write)


def _audience(unit: UnitOfWork, run: AudienceRun) -> Audience | None:
    return unit.audiences.get(whole_sandbox(run.sandbox), run.audience)


def _with_page(selection: Selection, page: SelectedPage) -> Selection:
    count = selection.count + len(page.members)
    return Selection(count, failed_evaluations(page.failures), page.snapshot_count)


def _selected(run: AudienceRun, selection: Selection, now: Instant) -> AudienceRun:
    selected = run.selected(selection)
    return selected if selection.count else selected.done(now)
