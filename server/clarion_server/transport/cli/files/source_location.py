"""The lines of a file at which its values are, so that errors can name them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from clarion_server.transport.cli.failures import Problem

_LAST_SEGMENT = re.compile(r"(\.[^.\[\]]*|\[\d+\])$")


@dataclass(frozen=True, slots=True)
class Location:
    """Is a line of a file, counted from 1. `text_line` is the line at which the text of the value begins, and 0 when
    the lines of the text are not those of the file: within quotes, or folded.
    """

    file: str
    line: int
    text_line: int = 0

    def of_text(self, line: int) -> Location:
        """Returns the location of a line of the value's text, counted from 1, or of the value itself for line 0."""
        return Location(self.file, self.text_line + line - 1) if line and self.text_line else self

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class Locations:
    """Holds where the values of a document stand, by paths such as `actions[0].email.html`. `""` is the document."""

    def __init__(self, locations: Mapping[str, Location]) -> None:
        self._locations = dict(locations)

    def set(self, path: str, location: Location) -> None:
        self._locations[path] = location

    def under(self, path: str) -> Locations:
        """Returns those of the value at a path, by paths within it."""
        inner = {each[len(path) :].lstrip("."): found for each, found in self._locations.items() if _is_in(each, path)}
        return Locations({"": self.find(path), **inner})

    def find(self, path: str) -> Location:
        """Returns the location of the value, or of the closest one around it when the file does not hold it."""
        while path and path not in self._locations:
            shorter = _LAST_SEGMENT.sub("", path)
            path = shorter if shorter != path else ""
        return self._locations[path]


def _is_in(path: str, outer: str) -> bool:
    return path.startswith(outer) and path[len(outer) : len(outer) + 1] in ("", ".", "[")


class Problems:
    """Is what is wrong with a document."""

    def __init__(self, locations: Locations) -> None:
        self._locations = locations
        self._problems: list[Problem] = []
        #: Holds the paths of the values that are wrong.
        self.paths: set[str] = set()

    def add(self, path: str, text: str, remedy: str = "") -> None:
        location = self._locations.find(path)
        where = f"{location}: {path}" if path else str(location)
        self._problems.append(Problem(where, text, remedy, location.line))
        self.paths.add(path)

    def all(self) -> list[Problem]:
        """Returns them in the order of their lines."""
        return sorted(self._problems, key=lambda problem: problem.line)
