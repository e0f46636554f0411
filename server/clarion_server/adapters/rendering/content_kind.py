"""Defines the interface to the content of a channel, for rendering and review."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.content_cells import ContentCell
from clarion_server.domain.content import Content, Rendered
from clarion_server.domain.content.built_source import BuiltSource
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Finding
from clarion_server.domain.fragments.fragment import FragmentVersion

if TYPE_CHECKING:
    from clarion_server.adapters.rendering.review_facts import ReviewFacts

C_contra = TypeVar("C_contra", contravariant=True)


@dataclass(frozen=True, slots=True)
class Part:
    """One template of a content."""

    field: str
    """Is its path in the content, such as `html` or `headers.X-Order`."""
    source: str
    escaping: Escaping = Escaping.NONE
    transform: Transform = Transform.NONE
    """Says how building transforms the source."""


@dataclass(frozen=True, slots=True)
class IncludeSite:
    """Is a place in a source at which a fragment begins."""

    fragment: FragmentVersion
    arguments: Mapping[str, str]
    """Holds the variables that are its parameters, by the names of these."""
    line: int
    """Is the line of the tag that includes it."""

    @property
    def schema(self) -> Mapping[str, Any]:
        return self.fragment.content.parameters or {}


@dataclass(frozen=True, slots=True)
class BuiltPart:
    """Holds a part as building has made it, and what building has found in it."""

    source: BuiltSource
    """Is the part's own source where building leaves it as it is."""
    findings: tuple[Finding, ...] = ()
    """Their field is empty: they are about the part."""
    sites: Mapping[int, IncludeSite] = field(default_factory=dict)
    """Holds the places of the source at which fragments begin, by the lines of their tags."""
    is_whole: bool = True
    """Is False when it names fragments that could not be written into it."""


PartBuilder = Callable[[Part], BuiltPart]


class PartRefused(Exception):
    """A rendered part cannot be sent. The detail holds none of the recipient's data."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field
        """The path of the part in the content."""
        self.detail = detail


class ContentKind(Protocol[C_contra]):
    """Is the content of one channel. An implementation holds no state."""

    @property
    def has_unsubscribe_field(self) -> bool:
        """Returns whether the channel's messages can carry a link that mail clients show and press by themselves."""
        ...

    def parts(self, content: C_contra) -> list[Part]:
        """Returns the templates of a content."""
        ...

    def with_sources(self, content: C_contra, sources: Mapping[str, str]) -> Content:
        """Returns the content with other sources in some of its parts, by their fields."""
        ...

    def assemble(
        self, content: C_contra, texts: Mapping[str, str], budget: Budget, unsubscribe_url: str = "", locale: str = ""
    ) -> Rendered:
        """Puts the rendered parts, which come by their fields, together within the budget. Raises PartRefused.

        `unsubscribe_url` is what the field for mail clients leads to; empty for a message without the field.
        """
        ...

    def findings(self, content: C_contra, definition: CampaignDefinition, facts: ReviewFacts) -> Iterator[Finding]:
        """Yields what is wrong with a content beyond its templates, by paths in the content."""
        ...

    def rendered_findings(self, rendered: Any, content_ids: frozenset[str]) -> Iterator[Finding]:
        """Yields what is wrong with a rendered content, by paths in the content. `content_ids` are those of the images
        that its message carries.
        """
        ...


#: Maps each content to its kind.
ContentKinds = Mapping[type[Content], ContentKind[Any]]


def content_field(definition: CampaignDefinition, action_index: int) -> str:
    """Returns the path of an action's content in the campaign, such as `actions[0].email`."""
    return f"actions[{action_index}].{definition.actions[action_index].content.channel.word}"


def part_paths(kind: ContentKind[Any], cell: ContentCell) -> dict[str, str]:
    """Returns where in the campaign each part of a content comes from, by its field."""
    paths: dict[str, str] = {}
    for source in cell.sources:
        for part in kind.parts(source.content):
            if part.source:
                paths.setdefault(part.field, f"{source.path}.{part.field}")
    first = cell.sources[-1]
    return {part.field: paths.get(part.field, f"{first.path}.{part.field}") for part in kind.parts(cell.content)}
