"""Says where the rows of a request belong in an import that is made of many requests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from clarion_server.domain.violation import Violation, malformed, out_of_range

_ID = re.compile("[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class ImportPlace:
    sandbox: str
    collection: str
    """Is what is imported into, such as `profiles` or `audiences/gold`: ids of imports are unique within it."""
    import_id: str
    """Is chosen by the caller."""
    position: int
    """Says how many rows of the import come before."""

    def behind(self, count: int) -> ImportPlace:
        """Returns the place after this many further rows."""
        return replace(self, position=self.position + count)

    def violations(self) -> tuple[Violation, ...]:
        return tuple(self._violations())

    def _violations(self) -> Iterator[Violation]:
        if not _ID.fullmatch(self.import_id):
            yield malformed("import_id", "Must have 1 to 64 letters, digits, hyphens and underscores.")
        if self.position < 0:
            yield out_of_range("position", "Must not be negative.")


@dataclass(frozen=True, slots=True)
class ImportProgress:
    key: int
    row_count: int
    """Says how many rows were handled."""

    def gap_violation(self) -> Violation:
        """Returns the violation of a place that leaves out rows which were not handled yet."""
        description = f"The import has {self.row_count} rows. Go on with that position, or an earlier one."
        return out_of_range("position", description)
