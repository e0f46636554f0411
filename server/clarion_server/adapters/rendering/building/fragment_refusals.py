"""Says why a source and the fragments that it names are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarion_server.adapters.rendering.building.scopes import Scope
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.structure import Refusal, unsafe
from clarion_server.domain.content.source_places import Place
from clarion_server.domain.finding import FindingCode
from clarion_server.domain.fragments.fragment import FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference

#: One source has at most this many fragments, layouts and uses of `super()` together.
MOST_INCLUDES = 100
DEEPEST = 5

#: Returns the version that a name means; None when there is none.
FragmentFinder = Callable[[FragmentReference], FragmentVersion | None]


@dataclass(frozen=True, slots=True)
class Placed:
    """Says why a source is refused, and where."""

    refusal: Refusal
    place: Place


class Stopped(Exception):
    """The source cannot be flattened any further, for the reason in it."""

    def __init__(self, placed: Placed) -> None:
        super().__init__(placed.refusal.message)
        self.placed = placed


def stopped(scope: Scope, refusal: Refusal) -> Stopped:
    return Stopped(Placed(refusal, scope.place(refusal.line)))


class FragmentRefusals:
    """Collects why a source and the fragments that it names are refused, and counts what it includes.

    A refusal after which flattening cannot go on raises Stopped.
    """

    def __init__(self, escaping: Escaping, find: FragmentFinder) -> None:
        self._escaping = escaping
        self._find = find
        self.found: list[Placed] = []
        self._includes = 0

    def check_readable(self, scope: Scope) -> None:
        """Refuses a source that cannot be read."""
        for refusal in scope.source.refusals:
            self._add(scope, refusal)

    def check_parameters(self, scope: Scope, line: int, found: FragmentVersion) -> None:
        """Refuses an inclusion that leaves out a parameter that the fragment needs."""
        for name in sorted(found.content.required_parameters - scope.names.keys()):
            message = f"`{found.name}` needs the parameter `{name}`."
            remedy = f"Give it: `{{% with {name} = … %}}{{% include … %}}{{% endwith %}}`, or `set` for a layout."
            self._add(scope, Refusal(FindingCode.FRAGMENT_PARAMETER, line, message, remedy))

    def check_chain(self, scope: Scope, line: int, found: FragmentVersion) -> None:
        """Raises Stopped when the fragment stands in itself, or too deep in others."""
        chain = [each.name for each in scope.fragments]
        if found.name in chain:
            path = " → ".join([*chain[chain.index(found.name) :], found.name])
            message, remedy = f"The fragments go in a circle: {path}.", "Let one of them stand alone."
            raise stopped(scope, Refusal(FindingCode.FRAGMENT_CIRCLE, line, message, remedy))
        if len(chain) >= DEEPEST:
            message = f"Fragments stand deeper in each other than {DEEPEST} levels."
            raise stopped(scope, unsafe(line, message, "Put some together."))

    def count(self, scope: Scope, line: int) -> None:
        """Counts one more inclusion. Raises Stopped when there are too many."""
        self._includes += 1
        if self._includes > MOST_INCLUDES:
            message = f"The part has more than {MOST_INCLUDES} fragments."
            raise stopped(scope, unsafe(line, message, "Loop around one of them."))

    def refuse_missing(self, scope: Scope, line: int, reference: FragmentReference) -> None:
        """Refuses a name that no published fragment has."""
        name = str(FragmentReference(reference.fragment_id))
        if reference.version and self._find(FragmentReference(reference.fragment_id)) is not None:
            message, remedy = f"{name} has no version {reference.version}.", "Name one that was published, or none."
        else:
            message = f"There is no published fragment {reference} in this sandbox."
            remedy = f"Publish it: `clarion fragments publish {reference.fragment_id}`. Archived ones cannot be used."
        self._add(scope, Refusal(FindingCode.FRAGMENT_MISSING, line, message, remedy))

    def refuse_kind(self, scope: Scope, line: int, found: FragmentVersion) -> None:
        """Refuses a fragment that is of another kind than the part."""
        forms = {Escaping.HTML: "HTML", Escaping.NONE: "text", Escaping.JSON: "JSON"}
        message = f"`{found.name}` is of the kind {found.content.kind}, and the part is {forms[self._escaping]}."
        remedy = "Name a fragment of the kind of the part. JSON has no fragments."
        self._add(scope, Refusal(FindingCode.FRAGMENT_KIND, line, message, remedy))

    def refuse(self, scope: Scope, line: int, message: str, remedy: str) -> None:
        """Refuses what stands at a line of a source."""
        self._add(scope, unsafe(line, message, remedy))

    def _add(self, scope: Scope, refusal: Refusal) -> None:
        self.found.append(Placed(refusal, scope.place(refusal.line)))
