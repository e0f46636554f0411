"""Says what became of the test cases of a campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from clarion_client import Channel, Comparison, Finding, Severity, TestCell, TestCellKey, TestRun

#: Holds the comparisons of cells whose renderings `--update` accepts.
ACCEPTED = frozenset({Comparison.NEW, Comparison.CHANGED, Comparison.FORMAT_DATA_CHANGED})
#: Holds the comparisons that fail a run.
FAILING = frozenset({Comparison.CHANGED, Comparison.FAILED})
#: Holds the names of the renderings of a cell: one for each channel, and the text to compare.
_RENDERINGS = frozenset({*(channel.value.lower() for channel in Channel), "document"})


@dataclass(frozen=True, slots=True)
class Result:
    """One campaign. `campaign` is its id."""

    campaign: str
    cells: Sequence[TestCell]
    end: TestRun
    #: Holds accepted renderings whose cells do not exist any more.
    gone: Sequence[TestCellKey]
    #: Says how many renderings were accepted just now, and how many dropped.
    updated: tuple[int, int] | None = None

    @property
    def failures(self) -> int:
        gone = 0 if self.updated else len(self.gone)
        return sum(fails(cell, updated=self.updated is not None) for cell in self.cells) + gone

    def to_dict(self) -> dict[str, Any]:
        return {
            "campaign": self.campaign,
            "cells": [_cell_data(cell) for cell in self.cells],
            "gone": [key.to_dict() for key in self.gone],
            "findings": [finding.to_dict() for finding in self.end.findings],
            "accepted": self.updated[0] if self.updated else 0,
            "dropped": self.updated[1] if self.updated else 0,
        }


def _cell_data(cell: TestCell) -> dict[str, Any]:
    """Returns what programs want to know of a cell: all but the renderings, which may be large."""
    return {name: item for name, item in cell.to_dict().items() if name not in _RENDERINGS}


def fails(cell: TestCell, *, updated: bool) -> bool:
    """Returns whether a cell fails the run. When renderings were accepted just now, a change is none any more."""
    failing = FAILING - {Comparison.CHANGED} if updated else FAILING
    return cell.comparison in failing or any(errors_of(cell))


def errors_of(cell: TestCell) -> Iterator[Finding]:
    return (finding for finding in cell.findings if finding.severity is Severity.ERROR)


def content_of(key: TestCellKey) -> str:
    """Returns what names the content of a cell among those of its case: `email.de`, `email.vip.de`."""
    return ".".join(part for part in (key.action, key.rule, key.locale) if part)


def reasons_of(cell: TestCell) -> list[str]:
    """Returns, for people, what is wrong with a cell."""
    found = [f"{each.field}: {each.description}" for each in cell.violations]
    return [*found, *(f"{each.code} {each.message} {each.remedy}" for each in cell.findings)]


def why(cell: TestCell) -> str:
    """Returns, for people, why a cell has the content that it has."""
    origin = {"CASE": "as the case says", "PROFILE": "as the profile says", "EVERY": "as each locale is tried"}
    text = f"wants {cell.wanted_locale}, {origin.get(cell.locale_origin, cell.locale_origin)}; "
    text += f"gets {cell.key.locale} ({cell.locale_reason})"
    if cell.rule_evaluations:
        rules = ", ".join(f"{each.rule} is {each.result}" for each in cell.rule_evaluations)
        return f"{text}; {rules}"
    return f"{text}; the case names the rule {cell.key.rule}" if cell.key.rule else text
