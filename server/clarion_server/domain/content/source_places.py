"""Says where the lines of a flattened source come from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Place:
    """Is a line of a content, with the way from it through fragments."""

    line: int
    way: tuple[str, ...] = ()
    """Is as in `Finding`."""

    def __str__(self) -> str:
        return ", ".join(self.way)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Lines that follow each other in one source."""

    first: int
    """Is the first line in the flattened source."""
    line: int
    """Is the line that it has in its own source."""
    content_line: int = 0
    """Is the line of the content by which the fragment is there; 0 for the content itself."""
    way: tuple[str, ...] = ()
    """Is the way to the fragment, and its name without a line."""

    def __str__(self) -> str:
        return f"{self.first} {self.line} {self.content_line} {' '.join(self.way)}"

    def place(self, line: int) -> Place:
        own = self.line + line - self.first
        if not self.way:
            return Place(own)
        *hops, name = self.way
        return Place(self.content_line, (*hops, f"{name}:{own}"))


#: Holds the stretches of a flattened source, by their first lines. Of a source that was left as it was there are none.
Stretches = tuple[Stretch, ...]


def place_of(stretches: Stretches, line: int) -> Place:
    """Returns where a line of the flattened source comes from. Line 0 stands for the whole source."""
    if not stretches or not line:
        return Place(line)
    return stretches[max(0, bisect_right(stretches, line, key=_first) - 1)].place(line)


def joined(stretches: Sequence[Stretch]) -> Stretches:
    """Returns the stretches without those that go on where the one before ends."""
    kept = list(stretches[:1])
    for before, stretch in pairwise(stretches):
        goes_on = (before.way, before.content_line) == (stretch.way, stretch.content_line)
        if not goes_on or before.line + stretch.first - before.first != stretch.line:
            kept.append(stretch)
    return tuple(kept)


def _first(stretch: Stretch) -> int:
    return stretch.first
