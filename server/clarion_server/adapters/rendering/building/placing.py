"""Maps the findings of a flattened source to the sources that it was made of."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from clarion_server.adapters.rendering.building.fragment_refusals import Placed
from clarion_server.domain.content.source_places import Stretches, place_of
from clarion_server.domain.finding import Finding, Severity


def refused(refusals: Iterable[Placed], field: str = "") -> Iterator[Finding]:
    """Yields why a source cannot be flattened."""
    for each in refusals:
        why, place = each.refusal, each.place
        yield Finding(Severity.ERROR, why.code, field, why.message, why.remedy, place.line, place.way)


def placed(findings: Iterable[Finding], stretches: Stretches) -> Iterator[Finding]:
    """Yields findings of a flattened source with the lines of the sources that it was made of."""
    for finding in findings:
        place = place_of(stretches, finding.line)
        yield replace(finding, line=place.line, way=place.way)
