"""A text that matches a pattern, for the patterns that context schemas are written with.

It reads the regular part of ECMA-262's syntax: characters, classes, groups, alternatives, repetitions, anchors. Whoever
uses a text from here checks it against the schema, so that what is read wrongly is refused and not shown.
"""

from __future__ import annotations

from collections.abc import Mapping

_CLASSES: Mapping[str, str] = {"d": "1", "w": "a", "s": " ", "D": "a", "W": "-", "S": "a"}
_CONTROLS: Mapping[str, str] = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v"}
_FAVOURITES = "a1A-_.@ "
"""What people would rather read, where a class leaves the choice."""
_ASCII = "".join(map(chr, range(32, 127)))
_MOST_REPEATS = 4_000


class PatternNotRead(Exception):
    """The pattern says something that is not read here."""


def matching(pattern: str, extra: int = 0) -> str:
    """A text for the pattern: a short one, with `extra` more turns of each repetition that allows them.

    Raises PatternNotRead.
    """
    reader = _PatternReader(pattern, extra)
    text = reader.alternatives()
    if not reader.at_end:
        raise PatternNotRead(pattern)
    return text


class _PatternReader:
    """Recursive descent; the first alternative is taken."""

    def __init__(self, pattern: str, extra: int) -> None:
        self._pattern = pattern
        self._place = 0
        self._extra = extra

    @property
    def at_end(self) -> bool:
        return self._place >= len(self._pattern)

    def alternatives(self) -> str:
        first = self._sequence()
        while self._takes("|"):
            self._sequence()
        return first

    def _sequence(self) -> str:
        text = ""
        while not self.at_end and self._pattern[self._place] not in "|)":
            text += self._repeated(self._atom())
        return text

    def _atom(self) -> str:
        character = self._next()
        if character in "^$":
            return ""
        if character == "(":
            return self._group()
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character in "*+?{":
            raise PatternNotRead(self._pattern)
        return "a" if character == "." else character

    def _group(self) -> str:
        if self._takes("?") and not self._takes(":"):
            # Named groups are groups; look-around is refused by review.
            if not self._takes("<"):
                raise PatternNotRead(self._pattern)
            while self._next() != ">":
                pass
        text = self.alternatives()
        if not self._takes(")"):
            raise PatternNotRead(self._pattern)
        return text

    def _escape(self) -> str:
        character = self._next()
        if character in "bB":
            return ""
        if character in "pPuxc" or character.isdecimal():
            raise PatternNotRead(self._pattern)
        return _CLASSES.get(character) or _CONTROLS.get(character) or character

    def _class(self) -> str:
        is_excluding = self._takes("^")
        members: set[str] = set()
        while not self._takes("]"):
            first = self._member()
            if self._takes("-") and not self._ahead("]"):
                last = self._member()
                members |= set(map(chr, range(ord(first), min(ord(last), ord(first) + 0x300) + 1)))
            else:
                members.add(first)
                # A hyphen before the end stands for itself.
                members |= {"-"} if self._pattern[self._place - 1] == "-" else set()
        if is_excluding:
            members = set(_FAVOURITES + _ASCII) - members
        if not members:
            raise PatternNotRead(self._pattern)
        return next((each for each in _FAVOURITES if each in members), min(members))

    def _member(self) -> str:
        character = self._next()
        return self._escape() or "\b" if character == "\\" else character

    def _repeated(self, text: str) -> str:
        least, most = self._bounds()
        self._takes("?")
        count = min(least + self._extra, most)
        if count * len(text) > _MOST_REPEATS:
            raise PatternNotRead(self._pattern)
        return text * count

    def _bounds(self) -> tuple[int, int]:
        if self._takes("*"):
            return 0, _MOST_REPEATS
        if self._takes("+"):
            return 1, _MOST_REPEATS
        if self._takes("?"):
            return 0, 1
        if not self._takes("{"):
            return 1, 1
        inside, closing, rest = self._pattern[self._place :].partition("}")
        least, comma, most = inside.partition(",")
        if not (closing and least.isdecimal() and (not most or most.isdecimal())):
            raise PatternNotRead(self._pattern)
        self._place = len(self._pattern) - len(rest)
        return int(least), int(most) if most else _MOST_REPEATS if comma else int(least)

    def _next(self) -> str:
        if self.at_end:
            raise PatternNotRead(self._pattern)
        self._place += 1
        return self._pattern[self._place - 1]

    def _ahead(self, character: str) -> bool:
        return self._pattern[self._place : self._place + 1] == character

    def _takes(self, character: str) -> bool:
        taken = self._ahead(character)
        self._place += taken
        return taken
