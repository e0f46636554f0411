"""The sources that are flattened, each at its place of the result, and the layouts that they stand in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clarion_server.adapters.rendering.building.fragment_source import (
    Block,
    FragmentSource,
)
from clarion_server.adapters.rendering.templates.texts import FRAGMENT_END
from clarion_server.domain.content.source_places import Place, Stretch
from clarion_server.domain.fragments.fragment import FragmentVersion


@dataclass(eq=False, slots=True)
class Scope:
    """One source at one place of the result."""

    source: FragmentSource
    names: Mapping[str, str]
    """Is what its variables are called in the result."""
    content_line: int = 0
    way: tuple[str, ...] = ()
    fragments: tuple[FragmentVersion, ...] = ()
    """Is the fragment itself behind those that led to it."""

    @property
    def text_prefix(self) -> str:
        """Returns what makes the keys of its texts its own."""
        own = self.fragments[-1] if self.fragments else None
        return f"{own.name}{FRAGMENT_END}" if own is not None and own.content.translations else ""

    @property
    def layout_line(self) -> int:
        """Returns the line at which it names its layout, if it has one, else the first."""
        return self.source.layout.tag.line if self.source.layout is not None else 1

    def place(self, line: int) -> Place:
        return Stretch(0, line, self.content_line, self.way).place(0)


@dataclass(frozen=True, slots=True)
class Layer:
    """Is a source with the layouts that it stands in: the blocks of the first one are shown."""

    scopes: Sequence[Scope]

    def blocks(self, name: str) -> Iterator[tuple[int, Scope, Block]]:
        for level, scope in enumerate(self.scopes):
            if name in scope.source.blocks:
                yield level, scope, scope.source.blocks[name]
