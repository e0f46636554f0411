"""Defines rules for texts that several kinds of resources share."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence

from clarion_server.domain.violation import Violation, malformed, required, too_long

#: Is the longest display name of a resource or a mailbox, in characters.
MAX_DISPLAY_NAME = 200
#: Is the longest description of a resource, in characters.
MAX_DESCRIPTION = 2_000

#: Control characters other than tabs and line ends.
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
#: Characters that a line cannot have: control characters and Unicode's line separators (UAX 14, class BK).
_NOT_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def line_violations(text: str, field: str, limit: int) -> Iterator[Violation]:
    """Checks a text of one line, which may be empty."""
    if len(text) > limit:
        yield too_long(field, limit)
    if _NOT_IN_A_LINE.search(text):
        yield malformed(field, "Must be one line, without control characters.")


def text_violations(text: str, field: str) -> Iterator[Violation]:
    """Checks a text of any number of lines."""
    if CONTROL.search(text):
        yield malformed(field, "Must be without control characters other than line ends and tabulators.")


def display_name_violations(text: str) -> Iterator[Violation]:
    if not text.strip():
        yield required("display_name")
    yield from line_violations(text, "display_name", MAX_DISPLAY_NAME)


def description_violations(text: str) -> Iterator[Violation]:
    if len(text) > MAX_DESCRIPTION:
        yield too_long("description", MAX_DESCRIPTION)
    yield from text_violations(text, "description")


def repetition_violations(values: Sequence[Hashable], field: str) -> Iterator[Violation]:
    """Yields a violation for every value that occurred before."""
    seen = set()
    for index, value in enumerate(values):
        if value in seen:
            yield Violation(f"{field}[{index}]", "DUPLICATE", "Must occur only once.")
        seen.add(value)
