"""Creates, changes, publishes, archives and deletes fragments."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from clarion_server.application.approvals.check import check_approval, given_approval
from clarion_server.application.archivable_resources import ArchivableKind, ManageArchivableResources
from clarion_server.application.fragments.candidate import FragmentCandidate, candidate_of, find_fragment
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.fragments import UsePosition
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import CreateResource, ResourceChange
from clarion_server.application.transactions import ATTEMPTS, Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import HIDDEN_THING, Caller, Visibility, whole_sandbox
from clarion_server.domain.approvals.approval import comment_violations
from clarion_server.domain.campaign_states import Transition
from clarion_server.domain.errors import EtagMismatch, FragmentInUse
from clarion_server.domain.events.event import FragmentChange, FragmentChangeKind, fragment_event
from clarion_server.domain.finding import Finding
from clarion_server.domain.fragments.fragment import (
    MAX_FRAGMENTS,
    Fragment,
    FragmentUse,
    FragmentVersion,
    fragment_violations,
)
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import FRAGMENTS

_USERS_TOLD = 5
_USES_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class PublishFragment:
    fragment_id: str
    etag: str = ""
    validate_only: bool = False
    """Checks everything and stores nothing when it is true."""
    bypass_reason: str = ""
    """Says why it is published without the approvals that policies ask for. Only administrators may give one."""


@dataclass(frozen=True, slots=True)
class Publication:
    fragment: Fragment
    version: FragmentVersion
    warnings: list[Finding]


class _OthersChanged(Exception):
    """A fragment that the draft leads to has changed since it was reviewed."""


def _record(unit: UnitOfWork, change: ResourceChange[Fragment]) -> None:
    _tell(unit, change.resource, FragmentChange(FragmentChangeKind(change.kind), change.actor))


def _tell(unit: UnitOfWork, fragment: Fragment, change: FragmentChange) -> None:
    unit.events.add_all([fragment_event(fragment, change, fragment.update_time)])


def _check_unused(
    unit: UnitOfWork, fragment: Fragment, visibility: Visibility, verb: str = "deleted", *, current: bool = False
) -> None:
    """Raises FragmentInUse. `current` leaves out what is of the past."""
    unit.fragments.lock(fragment)
    if not unit.fragments.uses(fragment, whole_sandbox(fragment.sandbox), None, 1, current=current):
        return
    uses = unit.fragments.uses(fragment, visibility, None, _USES_COUNTED, current=current)
    users = [use.user for _, use in uses] or [HIDDEN_THING]
    raise FragmentInUse(fragment.name, verb, tuple(users[:_USERS_TOLD]), len(users))


def _check_may_be_deleted(unit: UnitOfWork, fragment: Fragment, visibility: Visibility) -> None:
    """Raises IllegalTransition or FragmentInUse."""
    fragment.check_may(Transition.DELETE)
    _check_unused(unit, fragment, visibility)


FRAGMENT: ArchivableKind[Fragment] = ArchivableKind(
    "fragment",
    FRAGMENTS,
    frozenset({"display_name", "description", "kind", "source", "parameters", "translations", "access_labels"}),
    MAX_FRAGMENTS,
    lambda unit: unit.fragments,
    fragment_violations,
    _check_may_be_deleted,
    _record,
)


class ManageFragments(ManageArchivableResources[Fragment]):
    def __init__(self, transactions: Transactions, compiler: ContentCompiler, clock: Clock) -> None:
        super().__init__(FRAGMENT, transactions, clock)
        self._compiler = compiler

    async def versions(self, fragment_id: str, before: int | None, limit: int, caller: Caller) -> list[FragmentVersion]:
        """Returns the versions whose numbers are below `before`, the newest first. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[FragmentVersion]:
            return unit.fragments.versions(self._find(unit, caller.visibility, fragment_id).key, before, limit)

        return await self._transactions.read(read)

    async def uses(
        self, fragment_id: str, after: UsePosition | None, limit: int, caller: Caller
    ) -> list[tuple[UsePosition, FragmentUse]]:
        """Returns what names a fragment, beginning behind `after`. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> list[tuple[UsePosition, FragmentUse]]:
            fragment = self._find(unit, caller.visibility, fragment_id)
            return unit.fragments.uses(fragment, caller.visibility, after, limit)

        return await self._transactions.read(read)

    async def publish(self, command: PublishFragment, caller: Caller) -> Publication:
        """Makes a version of the draft, unless the newest one is the same.

        Raises InvalidFields, ResourceNotFound, EtagMismatch, ReviewFailed, ApprovalRequired or ApprovalStale.
        """
        refuse_invalid((), comment_violations(command.bypass_reason, "bypass_reason"))
        for _ in range(ATTEMPTS):
            begin = partial(self._begin, command=command, caller=caller, now=self._clock.now())
            begun = await self._transactions.read(begin)
            if isinstance(begun, Publication):
                return begun
            # Outside of any transaction: it may take a while.
            findings = await begun.check(self._compiler)
            finish = partial(self._finish, begun=begun, command=command, caller=caller)
            run = self._transactions.read if command.validate_only else self._transactions.write
            with suppress(_OthersChanged):
                published, version = await run(finish)
                return Publication(published, version, findings)
        raise EtagMismatch(FRAGMENTS.format(command.fragment_id))

    def _begin(
        self, unit: UnitOfWork, command: PublishFragment, caller: Caller, now: Instant
    ) -> FragmentCandidate | Publication:
        """Returns what is to be reviewed, or what there is already."""
        fragment = find_fragment(unit, caller.visibility, command.fragment_id)
        fragment.check_etag(command.etag)
        if not fragment.draft_pending:
            stored = unit.fragments.version(fragment.key, fragment.published_version)
            assert stored is not None, "an unchanged draft was published"
            return Publication(fragment, stored, [])
        _, version = fragment.published(caller.name, now)
        return candidate_of(unit, fragment, version, caller.visibility)

    def _finish(
        self, unit: UnitOfWork, begun: FragmentCandidate, command: PublishFragment, caller: Caller
    ) -> tuple[Fragment, FragmentVersion]:
        """Raises EtagMismatch when the fragment has changed since it was read, _OthersChanged, ApprovalRequired or
        ApprovalStale.
        """
        version, visibility = begun.version, caller.visibility
        stored = find_fragment(unit, whole_sandbox(visibility.sandbox), begun.fragment.id)
        if stored.etag != begun.fragment.etag:
            raise EtagMismatch(stored.name)
        candidate = candidate_of(unit, stored, version, visibility, hold=not command.validate_only)
        if candidate.fragments != begun.fragments:
            raise _OthersChanged
        if command.validate_only:
            given = given_approval(unit, stored, candidate, caller, command.bypass_reason)
        else:
            given = check_approval(unit, version.create_time, stored, candidate, caller, command.bypass_reason)
        published, _ = stored.published(caller.name, version.create_time)
        version = replace(version, approvers=given.approvers, bypass_reason=given.bypass_reason)
        if not command.validate_only:
            unit.fragments.save(published)
            unit.fragments.add_version(version)
            _tell(unit, published, FragmentChange(FragmentChangeKind.PUBLISHED, version.creator, version.number))
        return published, version

    def _new(self, command: CreateResource[Fragment], caller: Caller) -> Fragment:
        return replace(super()._new(command, caller), draft_editors=(caller.name,))

    def _updated(self, stored: Fragment, changes: Mapping[str, Any], caller: Caller) -> Fragment:
        return stored.updated(changes, caller.name, self._clock.now())

    def _check_may_be_archived(self, unit: UnitOfWork, resource: Fragment, visibility: Visibility) -> None:
        _check_unused(unit, resource, visibility, "archived", current=True)

    def _record_move(self, unit: UnitOfWork, resource: Fragment, caller: Caller) -> None:
        kind = FragmentChangeKind.UNARCHIVED if resource.archive_time is None else FragmentChangeKind.ARCHIVED
        _tell(unit, resource, FragmentChange(kind, caller.name))
