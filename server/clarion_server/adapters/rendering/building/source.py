"""Defines what one step of building passes to the next."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from clarion_server.adapters.rendering.building.jinja_tags import JinjaTag, TagKind
from clarion_server.domain.finding import Finding, FindingCode, Severity


@dataclass(frozen=True, slots=True)
class Source:
    """Is a source between two steps of building, with what was found about it so far."""

    text: str
    """Its line ends are those that Jinja2 reads."""
    lines: tuple[int, ...] = ()
    """Is as in `BuiltSource`."""
    findings: tuple[Finding, ...] = ()
    """Their field is empty: they are about the source."""

    def line_at(self, position: int, tags: Sequence[JinjaTag]) -> int:
        """Returns the author's line of a position. `tags` are those of the text."""
        if not self.lines:
            return self.text.count("\n", 0, position) + 1
        numbered = [tag.start for tag in tags if tag.kind is not TagKind.SILENT]
        last = max(0, bisect_right(numbered, position) - 1)
        return self.lines[last] + self.text.count("\n", numbered[last], position)

    def with_findings(self, *findings: Finding) -> Source:
        return replace(self, findings=(*self.findings, *findings))


def warning(code: FindingCode, line: int, message: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, code, "", message, remedy, line)


def error(code: FindingCode, line: int, message: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, code, "", message, remedy, line)
