"""Reads maps of texts, such as labels and header fields."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice


def read_map(entries: Mapping[str, str], most: int) -> dict[str, str]:
    """Returns the entries. Of more than `most` it returns one more than that, which are refused as too many.

    Protobuf takes more than a microsecond for each, and a request may have hundreds of thousands.
    """
    return dict(entries) if len(entries) <= most else {key: entries[key] for key in islice(entries, most + 1)}
