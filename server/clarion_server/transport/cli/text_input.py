"""Reads the text of files and of stdin."""

from __future__ import annotations

import sys
from pathlib import Path

from clarion_server.transport.cli.failures import CommandFailed, Problem

STDIN = Path("-")


def source_name(path: Path) -> str:
    """Returns what errors call the file."""
    return "stdin" if path == STDIN else str(path)


def read_text(path: Path) -> str:
    """Returns the text of a file, or of stdin, without a byte order mark. Raises CommandFailed."""
    name = source_name(path)
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problem = Problem(f"{name}:{line}", f"This is not text in UTF-8: {error.reason}.")
        raise CommandFailed(f"{name} is not text in UTF-8.", [problem]) from error
    except OSError as error:
        raise CommandFailed(f"Cannot open {name}: {error.strerror}.") from error
