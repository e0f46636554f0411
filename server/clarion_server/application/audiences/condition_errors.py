"""Converts the problems of a condition into violations and errors for callers."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.audiences.condition import ConditionProblem
from clarion_server.domain.errors import AudienceConditionInvalid
from clarion_server.domain.violation import Violation


def condition_violations(problems: Sequence[ConditionProblem], field: str) -> list[Violation]:
    return [
        Violation(field, "CONDITION_INVALID", f"Line {position.line}, column {position.column}: {message}")
        for position, message in problems
    ]


def condition_error(problems: Sequence[ConditionProblem], field: str) -> AudienceConditionInvalid:
    """Returns the error of a condition that is the only thing wrong with a request."""
    (position, message), *_ = problems
    return AudienceConditionInvalid(*position, message, tuple(condition_violations(problems, field)))
