"""Tags: words by which people find campaigns. They are compared without case."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.domain.text_rules import line_violations, repetition_violations
from clarion_server.domain.violation import Violation, required, too_many

MAX_TAGS = 20
MAX_TAG = 63


def folded(tag: str) -> str:
    """Returns the form in which tags are compared (Unicode's full case folding)."""
    return tag.casefold()


def tag_violations(tags: tuple[str, ...]) -> Iterator[Violation]:
    if len(tags) > MAX_TAGS:
        yield too_many("tags", MAX_TAGS)
        return
    for index, tag in enumerate(tags):
        yield from one_tag_violations(tag, f"tags[{index}]")
    yield from repetition_violations([folded(tag) for tag in tags], "tags")


def one_tag_violations(tag: str, field: str) -> Iterator[Violation]:
    if not tag.strip():
        yield required(field)
    yield from line_violations(tag, field, MAX_TAG)
