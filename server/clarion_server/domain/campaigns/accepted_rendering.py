"""Defines renderings that somebody looked at and accepted, and how later ones differ from them."""

from __future__ import annotations

import re
import unicodedata
import zlib
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from clarion_server.domain.campaigns.document_difference import unified_diff
from clarion_server.domain.campaigns.test_cells import CellKey
from clarion_server.domain.instant import Instant

#: The accepted renderings of one campaign have at most this many octets, as stored.
MAX_ACCEPTED_BYTES = 16 * 1024 * 1024

_NOT_ASCII = re.compile(r"[^\x00-\x7f]")
_MARKS_OF_DIRECTION = frozenset("\u061c\u200e\u200f")
#: Matches a space beside a digit: formats of some languages write one there, and those of others none.
_SPACES_OF_FORMATS = re.compile(r" +(?=\d)|(?<=\d) +")


class Comparison(StrEnum):
    """Says how a rendering differs from the accepted one."""

    NEW = "NEW"
    """None was accepted."""
    SAME = "SAME"
    CHANGED = "CHANGED"
    FORMAT_DATA_CHANGED = "FORMAT_DATA_CHANGED"
    """Only spaces and the shapes of digits differ, and the accepted one was made with other data of formats."""
    FAILED = "FAILED"
    """It cannot be rendered."""
    EXCLUDED = "EXCLUDED"
    """The recipient gets nothing, as no rule is true."""


@dataclass(frozen=True, slots=True)
class AcceptedRendering:
    key: CellKey
    packed: bytes
    """Is the document, compressed: there may be thousands."""
    format_data: str
    """Is the version of the data by which dates, numbers and money were written."""
    accept_time: Instant
    accepter: str
    """Is the name of the key that accepted it."""

    @classmethod
    def of(cls, key: CellKey, document: str, format_data: str, accept_time: Instant, accepter: str) -> Self:
        packed = zlib.compress(document.encode("utf-8", "surrogatepass"), 6)
        return cls(key, packed, format_data, accept_time, accepter)

    @property
    def document(self) -> str:
        return zlib.decompress(self.packed).decode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class Expected:
    """Is the document that a rendering is compared with."""

    document: str
    format_data: str


@dataclass(frozen=True, slots=True)
class RenderingDifference:
    comparison: Comparison
    unified_diff: str = ""


def compare(expected: Expected | None, document: str, format_data: str) -> RenderingDifference:
    """Compares a rendering, made with that version of the data of formats, with the accepted one."""
    if expected is None:
        return RenderingDifference(Comparison.NEW)
    if expected.document == document:
        return RenderingDifference(Comparison.SAME)
    is_format = expected.format_data != format_data and _without_formats(expected.document) == _without_formats(
        document
    )
    diff = unified_diff(expected.document.split("\n"), document.split("\n"))
    return RenderingDifference(Comparison.FORMAT_DATA_CHANGED if is_format else Comparison.CHANGED, diff)


def _without_formats(document: str) -> str:
    """Returns a document with one kind of space and of digits, and no space beside a digit."""
    return _SPACES_OF_FORMATS.sub("", _NOT_ASCII.sub(lambda found: _plain(found[0]), document))


def _plain(character: str) -> str:
    if character in _MARKS_OF_DIRECTION:
        return ""
    if character.isdecimal():
        return str(unicodedata.decimal(character))
    return " " if unicodedata.category(character) == "Zs" else character
