"""Labels, by which a caller finds its messages later, such as an order number. They are never rendered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clarion_server.domain.text_rules import line_violations
from clarion_server.domain.violation import Violation, malformed, too_many

MAX_LABELS = 16
MAX_LABEL_VALUE = 256

_KEY = re.compile("[a-z0-9_.-]{1,63}")


def label_violations(labels: Mapping[str, str]) -> Iterator[Violation]:
    """Yields the violations of the labels of a trigger, of a recipient, or of both together."""
    if len(labels) > MAX_LABELS:
        yield too_many("labels", MAX_LABELS)
        return
    for key, value in labels.items():
        if not _KEY.fullmatch(key):
            yield malformed("labels", "Keys must be 1 to 63 lower-case letters, digits, hyphens, underscores and dots.")
        yield from line_violations(value, f"labels.{key[:63]}", MAX_LABEL_VALUE)
