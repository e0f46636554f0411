"""Where the values of a file stand, so that errors can say it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clarion_server.transport.cli.failures import Problem

_LAST_SEGMENT = re.compile(r"(\.[^.\[\]]*|\[\d+\])$")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a file, counted from 1. `text_line` is where the text of the value begins, and 0 when its lines are
    not those of the file: within quotes, or folded.
    """

    file: str
    line: int
    text_line: int = 0

    def of_text(self, line: int) -> Place:
        """The place of a line of the value's text, counted from 1. The value itself for line 0."""
        return Place(self.file, self.text_line + line - 1) if line and self.text_line else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Places:
    """The places of the values of a document, by paths such as `actions[0].email.html`. `""` is the document."""

    def __init__(self, places: Mapping[str, Place]) -> None:
        self._places = dict(places)

    def set(self, path: str, place: Place) -> None:
        self._places[path] = place

    def find(self, path: str) -> Place:
        """The place of the value, or of the closest one around it: what is missing has no place of its own."""
        while path and path not in self._places:
            shorter = _LAST_SEGMENT.sub("", path)
            path = shorter if shorter != path else ""
        return self._places[path]

    def problem(self, path: str, text: str, *, line: int = 0, remedy: str = "") -> Problem:
        """`line` is within the text of the value."""
        place = self.find(path).of_text(line)
        return Problem(f"{place}: {path}" if path else str(place), text, remedy, place.line)
