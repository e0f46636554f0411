"""Builds one source, for tests of building."""

from __future__ import annotations

from clarion_server.adapters.rendering.building.pipeline import build_part
from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.domain.content.transform import Transform


def inlined(html: str) -> str:
    """Returns the HTML of a part in which nothing is to be found."""
    built = inlining(html)
    assert built.findings == ()
    return built.source.text


def inlining(html: str) -> BuiltPart:
    return build_part(Part("html", html, Escaping.HTML, Transform.INLINE_CSS))


def found(html: str) -> list[tuple[str, int]]:
    """Returns the codes of the findings, with their lines."""
    return [(finding.code.value, finding.line) for finding in inlining(html).findings]
