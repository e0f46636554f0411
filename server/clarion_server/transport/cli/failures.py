"""Why a command did not do what it was asked to, in words for people and as data for programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from clarion_server.transport.cli.exits import Exit


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `where` is a field's path, a place in a file, or both; `remedy` what to do about it;
    `line` that of the file, to sort by.
    """

    where: str
    text: str
    remedy: str = ""
    line: int = 0

    def to_dict(self) -> dict[str, str]:
        problem = {"where": self.where, "text": self.text, "remedy": self.remedy}
        return {name: value for name, value in problem.items() if value}


class CommandFailed(Exception):
    """Ends the command. `summary` is one sentence, `reason` the contract's word for it, `hint` what to do next."""

    def __init__(
        self,
        summary: str,
        problems: Sequence[Problem] = (),
        *,
        hint: str = "",
        reason: str = "",
        detail: str = "",
        status: Exit = Exit.REFUSED,
    ) -> None:
        super().__init__(summary)
        self.summary = summary
        self.problems = tuple(problems)
        self.hint = hint
        self.reason = reason
        self.detail = detail
        self.status = status

    def to_dict(self) -> dict[str, Any]:
        error = {
            "message": self.summary,
            "reason": self.reason,
            "detail": self.detail,
            "problems": [problem.to_dict() for problem in self.problems],
            "hint": self.hint,
        }
        return {name: value for name, value in error.items() if value}
