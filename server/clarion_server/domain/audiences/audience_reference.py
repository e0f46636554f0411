"""The calls by which rules ask whether somebody belongs to an audience, such as `audience("vip")`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from clarion_server.domain.names import AUDIENCES
from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.violation import Violation, too_many

#: The rules of one action ask about at most this many audiences: each costs an evaluation for every recipient.
MAX_ASKED = 10
#: A request or a test case says of a recipient that it belongs to at most this many audiences.
MAX_GIVEN = 50
# Texts and comments are matched whole, so that nothing within them is taken for a call.
_TOKEN = re.compile(
    r"""
    \baudience\s*\(\s*(?:"(?P<double>[^"\\\n]*)"|'(?P<single>[^'\\\n]*)')\s*\)
    | //[^\n]*
    | [rR](?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
    | \"{3}(?:\\.|[^\\])*?\"{3} | '{3}(?:\\.|[^\\])*?'{3}
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'
    """,
    re.VERBOSE | re.DOTALL,
)


def audiences_in(condition: str) -> Iterator[tuple[str, int]]:
    """Yields the audiences that a condition asks about, by their ids, each with the position of the call."""
    for found in _TOKEN.finditer(condition):
        name = found["double"] if found["single"] is None else found["single"]
        if name is not None:
            yield name, found.start()


def given_audience_violations(audiences: Sequence[str], field: str = "audiences") -> Iterator[Violation]:
    """Yields what is wrong with the audiences that somebody is said to belong to."""
    if len(audiences) > MAX_GIVEN:
        yield too_many(field, MAX_GIVEN)
        return
    for index, each in enumerate(audiences):
        if violation := AUDIENCES.id_violation(each, f"{field}[{index}]"):
            yield violation
    yield from repetition_violations(audiences, field)
