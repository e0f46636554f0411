"""Reads the names of access labels."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.access_labels import MAX_ACCESS_LABELS


def read_access_labels(names: Sequence[str]) -> tuple[str, ...]:
    """Returns the names, of too many only so many that they are refused: a request could hold millions."""
    return tuple(names[: MAX_ACCESS_LABELS + 1])
