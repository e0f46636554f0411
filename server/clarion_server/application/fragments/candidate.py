"""Defines what is reviewed, approved and published: the draft of a fragment with the fragments that it leads to."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from clarion_server.application.background import run_in_background
from clarion_server.application.fragment_lookup import fragments_of, stored_finder
from clarion_server.application.ports.content import ContentCompiler, Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import found
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.approvals.approval import hash_of_content
from clarion_server.domain.errors import ReviewFailed
from clarion_server.domain.finding import Finding, Severity
from clarion_server.domain.fragments.fragment import Fragment, FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference
from clarion_server.domain.names import FRAGMENTS


@dataclass(frozen=True, slots=True)
class FragmentCandidate:
    """Is the draft of a fragment, and the state in which it was read."""

    fragment: Fragment
    version: FragmentVersion
    """Is the version that would be published."""
    fragments: Fragments
    """Holds those that it leads to, as they would be then. As the hash of the content must be the same for every
    caller, some may be hidden from this one.
    """
    visibility: Visibility
    """Says what the caller sees who read the draft."""

    @property
    def content_hash(self) -> str:
        fragment, own = self.fragment, self.version.name
        written = {"display_name": fragment.display_name, "description": fragment.description}
        states = sorted({(each.name, each.digest) for each in self.fragments.values() if each.name != own})
        return hash_of_content({**written, **asdict(fragment.content)}, states)

    def is_unchanged(self, unit: UnitOfWork, draft: Fragment, visibility: Visibility) -> bool:
        """Returns whether the draft and all that it leads to are still as they were read."""
        return draft == self.fragment and _fragments_with(unit, visibility, self.version) == self.fragments

    async def check(self, compiler: ContentCompiler) -> list[Finding]:
        """Reviews the draft, and returns what is worth a look in it. It may take a while. Raises ReviewFailed."""
        shown = {reference: each for reference, each in self.fragments.items() if self._shows(each)}
        findings = await run_in_background(compiler.review_fragment, self.version, shown)
        if errors := tuple(each for each in findings if each.severity is Severity.ERROR):
            raise ReviewFailed(self.fragment.name, errors, "published")
        return findings

    def _shows(self, version: FragmentVersion) -> bool:
        return version.fragment_id == self.fragment.id or self.visibility.sees(version.access_labels)


def find_fragment(unit: UnitOfWork, visibility: Visibility, fragment_id: str) -> Fragment:
    """Raises ResourceNotFound."""
    return found(unit.fragments.get(visibility, fragment_id), FRAGMENTS.format(fragment_id))


def candidate_of(
    unit: UnitOfWork, fragment: Fragment, version: FragmentVersion, visibility: Visibility, *, hold: bool = False
) -> FragmentCandidate:
    """`version` is what would be published of the fragment. `hold` keeps the fragments that it leads to as they are
    until the transaction ends.
    """
    return FragmentCandidate(fragment, version, _fragments_with(unit, visibility, version, hold=hold), visibility)


def _fragments_with(
    unit: UnitOfWork, visibility: Visibility, candidate: FragmentVersion, *, hold: bool = False
) -> Fragments:
    """Returns the fragments that a version leads to, as they would be once it is published."""
    stored = stored_finder(unit, whole_sandbox(visibility.sandbox), {}, hold=hold)

    def find(reference: FragmentReference) -> FragmentVersion | None:
        is_candidate = reference.fragment_id == candidate.fragment_id and reference.version in {0, candidate.number}
        return candidate if is_candidate else stored(reference)

    return fragments_of(candidate.references, find)
