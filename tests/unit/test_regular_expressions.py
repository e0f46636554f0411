"""Regular expressions mean the same on every supported release of Python."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("bench", "clients/python", "server", "tools") for path in (ROOT / folder).rglob("*.py")
)
#: A group that is repeated and gives nothing back, as in `(?:ab)*+`, also where a part of it is put in by `{…}`.
POSSESSIVE_GROUP = re.compile(r"\)(?:[*+?]|\{[0-9,{}]+\})\+")
ATOMIC_GROUP = re.compile(r"\(\?>")


def test_the_sources_are_found() -> None:
    assert len(SOURCES) > 800


@pytest.mark.parametrize("pattern", ["(?:a.)*+", "(a)++", "(?:a)?+", "(?:a){1,3}+", "(?:a){{1,3}}+"])
def test_possessive_groups_are_recognised(pattern: str) -> None:
    assert POSSESSIVE_GROUP.search(pattern)


def test_no_group_is_possessive_or_atomic() -> None:
    # Up to Python 3.11.4, which Debian 12 has older ones of, these groups match wrongly when they have to go back
    # within themselves (https://github.com/python/cpython/issues/106052). A single character or class may be repeated
    # possessively.
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in SOURCES
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if POSSESSIVE_GROUP.search(line) or ATOMIC_GROUP.search(line)
    ]
    assert found == []
