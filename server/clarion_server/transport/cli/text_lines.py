"""Reads a file line by line, so that what is before the first byte that is no text can be used."""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.text_input import STDIN, source_name

#: Encodings of two or four bytes a character.
_WIDE = ("utf-16", "utf-32")
_UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_lines(path: Path, encoding: str) -> Iterator[str]:
    """Yields the lines of a file with their ends, without a byte order mark.

    An empty `encoding` is UTF-8, unless the file begins with a mark of UTF-16.

    Raises CommandFailed when the file cannot be opened, and with its number when it comes to a line that is no text.
    """
    with _opened(path) as file:
        first = file.readline()
        chosen = _known(encoding) if encoding else "utf-16" if first.startswith(_UTF_16_MARKS) else "utf-8"
        if chosen.startswith(_WIDE):
            # A byte of a line end may be half of another character there.
            yield from io.StringIO(_decode(first + file.read(), chosen, path, 1), newline="\n")
            return
        number, line = 1, first.removeprefix(codecs.BOM_UTF8)
        while line:
            yield _decode(line, chosen, path, number)
            number, line = number + 1, file.readline()


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError as error:
        raise CommandFailed(f"The encoding {encoding!r} is not known.", hint="Try utf-8, utf-16 or latin-1.") from error


def _decode(content: bytes, encoding: str, path: Path, number: int) -> str:
    try:
        return content.decode(encoding)
    except UnicodeError as error:
        name = source_name(path)
        problem = Problem(f"{name}:{number}", f"This is not text in {encoding}.")
        hint = "Name the encoding of the file by --encoding, such as latin-1."
        raise CommandFailed(f"Line {number} of {name} is not text in {encoding}.", [problem], hint=hint) from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    if path == STDIN:
        yield sys.stdin.buffer
        return
    try:
        file = path.open("rb")
    except OSError as error:
        raise CommandFailed(f"Cannot open {source_name(path)}: {error.strerror}.") from error
    with file:
        yield file
