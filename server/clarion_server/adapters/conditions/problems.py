"""Reads the problems that the library finds in the text of a condition, with their positions."""

from __future__ import annotations

import re

from clarion_server.domain.audiences.condition import ConditionProblem, Position

#: The library reports each problem as a line of this form, and the lines that show the text behind it.
_PROBLEM = re.compile(r"^(?:.*: )?ERROR: <input>:(\d+):(\d+): (.*)$", re.MULTILINE)
#: What the parser would have taken instead is a list of its tokens, of no use to authors.
_NOISE = re.compile(r" expecting \{.*| \(in container ''\)| \[INVALID_ARGUMENT\]$|^Syntax error: ")
_FOLLOWS = "'*error*'"
_UNKNOWN_MEMBER = re.compile(r"undeclared reference to 'profile\.")
_SINGLE_EQUALS = re.compile(r"token recognition error at: '=[^=]")
_HINTS = (
    (_UNKNOWN_MEMBER, " Attributes are written as profile.attributes.NAME."),
    (_SINGLE_EQUALS, " Values are compared by ==."),
)


def read_problems(text: str, report: str) -> list[ConditionProblem]:
    """Returns the problems of a report of the library, in the order of their places; none of one without places."""
    found = {
        ConditionProblem(Position(int(line), max(int(column), 1)), _message(message))
        for line, column, message in _PROBLEM.findall(report)
        # What is wrong with a part is reported again for the expressions around it.
        if _FOLLOWS not in message
    }
    # The end of the text may be reported as a line that it does not have.
    last = text.count("\n") + 1
    return sorted(problem for problem in found if problem.position.line <= last)


def nesting_problem() -> ConditionProblem:
    return ConditionProblem(Position(1, 1), "It is nested more than 32 levels deep.")


def at(text: str, offset: int, message: str) -> ConditionProblem:
    """Returns a problem at the character `offset` of the text."""
    before = text[:offset]
    return ConditionProblem(Position(before.count("\n") + 1, offset - before.rfind("\n")), message)


def _message(text: str) -> str:
    plain = _NOISE.sub("", text).strip().replace("'<EOF>'", "at the end")
    hint = "".join(hint for mistake, hint in _HINTS if mistake.match(plain))
    return f"{plain[:1].upper()}{plain[1:]}.{hint}"
