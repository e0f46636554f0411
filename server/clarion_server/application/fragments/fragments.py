"""Creates, changes, publishes, archives and deletes fragments."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.archivable_resources import ArchivableKind, ManageArchivableResources
from clarion_server.application.background import run_in_background
from clarion_server.application.fragment_lookup import fragments_of, stored_finder
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.content import ContentCompiler, Fragments
from clarion_server.application.ports.fragments import UsePosition
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ResourceChange
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import HIDDEN_THING, Caller, Visibility, whole_sandbox
from clarion_server.domain.errors import EtagMismatch, FragmentInUse, ReviewFailed
from clarion_server.domain.event import FragmentChange, FragmentChangeKind, fragment_event
from clarion_server.domain.finding import Finding, Severity
from clarion_server.domain.fragment import MAX_FRAGMENTS, Fragment, FragmentUse, FragmentVersion, fragment_violations
from clarion_server.domain.fragment_reference import FragmentReference
from clarion_server.domain.names import FRAGMENTS

_USERS_TOLD = 5
_USES_COUNTED = 1_000


@dataclass(frozen=True, slots=True)
class PublishFragment:
    fragment_id: str
    etag: str = ""
    validate_only: bool = False
    """True checks everything and stores nothing."""


@dataclass(frozen=True, slots=True)
class Publication:
    fragment: Fragment
    version: FragmentVersion
    warnings: list[Finding]


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


FRAGMENT: ArchivableKind[Fragment] = ArchivableKind(
    "fragment",
    FRAGMENTS,
    frozenset({"display_name", "description", "kind", "source", "parameters", "translations", "access_labels"}),
    MAX_FRAGMENTS,
    lambda unit: unit.fragments,
    fragment_violations,
    _check_unused,
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

        Raises ResourceNotFound, EtagMismatch or ReviewFailed.
        """
        visibility, now = caller.visibility, self._clock.now()

        def read(unit: UnitOfWork) -> tuple[Fragment, FragmentVersion | None, Fragments]:
            fragment = self._find(unit, visibility, command.fragment_id)
            fragment.check_etag(command.etag)
            if not fragment.draft_pending:
                return fragment, unit.fragments.version(fragment.key, fragment.published_version), {}
            _, candidate = fragment.published(caller.name, now)
            return fragment, None, _fragments_with(unit, visibility, candidate)

        fragment, stored, fragments = await self._transactions.read(read)
        if stored is not None:
            return Publication(fragment, stored, [])
        published, version = fragment.published(caller.name, now)
        # Outside of any transaction: it may take a while.
        findings = await run_in_background(self._compiler.review_fragment, version, fragments)
        if errors := tuple(each for each in findings if each.severity is Severity.ERROR):
            raise ReviewFailed(fragment.name, errors, "published")
        if not command.validate_only:
            await self._transactions.write(lambda unit: self._store(unit, fragment, published, version))
        return Publication(published, version, findings)

    def _store(self, unit: UnitOfWork, before: Fragment, published: Fragment, version: FragmentVersion) -> None:
        """Raises EtagMismatch when the fragment has changed since it was read."""
        stored = self._find(unit, whole_sandbox(before.sandbox), before.id)
        if stored.etag != before.etag:
            raise EtagMismatch(before.name)
        unit.fragments.save(published)
        unit.fragments.add_version(version)
        _tell(unit, published, FragmentChange(FragmentChangeKind.PUBLISHED, version.creator, version.number))

    def _check_may_be_archived(self, unit: UnitOfWork, resource: Fragment, visibility: Visibility) -> None:
        _check_unused(unit, resource, visibility, "archived", current=True)

    def _record_move(self, unit: UnitOfWork, resource: Fragment, caller: Caller) -> None:
        kind = FragmentChangeKind.UNARCHIVED if resource.archive_time is None else FragmentChangeKind.ARCHIVED
        _tell(unit, resource, FragmentChange(kind, caller.name))


def _fragments_with(unit: UnitOfWork, visibility: Visibility, candidate: FragmentVersion) -> Fragments:
    """Returns the fragments that a version leads to, as they would be once it is published."""
    stored = stored_finder(unit, visibility, {})

    def find(reference: FragmentReference) -> FragmentVersion | None:
        is_candidate = reference.fragment_id == candidate.fragment_id and reference.version in {0, candidate.number}
        return candidate if is_candidate else stored(reference)

    return fragments_of(candidate.references, find)
