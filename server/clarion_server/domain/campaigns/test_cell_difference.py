"""Says how what the recipients of test cases would get differs between two versions of a campaign."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple

from clarion_server.domain.campaigns.document_difference import unified_diff
from clarion_server.domain.campaigns.test_cells import CellKey

#: An answer lists at most this many differences, and their texts have at most so many characters together.
MAX_DIFFERENCES, MAX_CHARACTERS = 1_000, 1_000_000


class CellChange(StrEnum):
    ADDED = "ADDED"
    REMOVED = "REMOVED"
    CHANGED = "CHANGED"
    FAILS = "FAILS"
    """The later version cannot be rendered."""


class Outcome(NamedTuple):
    """Is the result of trying a cell with one version."""

    text: str
    """Is the message that the recipient would get, or the reason for getting none."""
    fails: bool = False


@dataclass(frozen=True, slots=True)
class CellDifference:
    key: CellKey
    change: CellChange
    unified_diff: str


def cell_difference(key: CellKey, before: Outcome | None, after: Outcome | None) -> CellDifference | None:
    """Returns how what two versions make of a cell differs; None for no difference. None is a version without it."""
    if before == after:
        return None
    diff = unified_diff(_lines(before), _lines(after))
    if after is None:
        return CellDifference(key, CellChange.REMOVED, diff)
    if after.fails and not (before is not None and before.fails):
        return CellDifference(key, CellChange.FAILS, diff)
    return CellDifference(key, CellChange.ADDED if before is None else CellChange.CHANGED, diff)


def told(found: Iterable[CellDifference]) -> Sequence[CellDifference]:
    """Returns the differences that fit into an answer. The last ones may lack their texts."""
    left, kept = MAX_CHARACTERS, []
    for each in list(found)[:MAX_DIFFERENCES]:
        left -= len(each.unified_diff)
        kept.append(each if left >= 0 else replace(each, unified_diff=""))
    return kept


def _lines(outcome: Outcome | None) -> list[str]:
    return [] if outcome is None else outcome.text.split("\n")
