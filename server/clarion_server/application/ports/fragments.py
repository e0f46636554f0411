"""Defines the repository of fragments and their versions."""

from __future__ import annotations

from typing import Protocol

from clarion_server.application.ports.resources import ArchivableRepository
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.fragments.fragment import Fragment, FragmentUse, FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference

#: Where a use stands in their order: campaigns (0) before fragments (1), id, number of the version, named version.
UsePosition = tuple[int, str, int, int]


class FragmentRepository(ArchivableRepository[Fragment], Protocol):
    """Also keeps which fragments the drafts and the versions of fragments name."""

    def lock(self, fragment: Fragment) -> None:
        """Waits for whoever holds it, and keeps others from holding it, until the transaction ends."""
        ...

    def add_version(self, version: FragmentVersion) -> None: ...

    def version(self, fragment_key: int, number: int) -> FragmentVersion | None: ...

    def versions(self, fragment_key: int, before: int | None, limit: int) -> list[FragmentVersion]:
        """Returns the versions whose numbers are below `before`, the newest first."""
        ...

    def find(
        self, visibility: Visibility, reference: FragmentReference, *, hold: bool = False
    ) -> FragmentVersion | None:
        """Returns the version that a name means. Without a number that is the newest one, unless the fragment is
        archived.

        `hold` keeps the fragment from being deleted or archived until the transaction ends.
        """
        ...

    def uses(
        self,
        fragment: Fragment,
        visibility: Visibility,
        after: UsePosition | None,
        limit: int,
        *,
        current: bool = False,
    ) -> list[tuple[UsePosition, FragmentUse]]:
        """Returns what names the fragment and may be seen, in their order, beginning behind `after`.

        With `current`, only drafts that may still be activated, what triggers use, and newest versions of fragments.
        """
        ...
