"""Starts the mail sink: the native one where there is a C compiler, else one in Python, and says which."""

from __future__ import annotations

import shutil
import smtplib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.process import module, run, running

SOURCE = Path(__file__).with_name("sink.c")


@dataclass(frozen=True, slots=True)
class Sink:
    """Is a running sink on loopback."""

    port: int

    def count(self) -> int:
        """Returns how many messages it has taken since it was started."""
        return self.last()[0]

    def last(self) -> tuple[int, float]:
        """Returns how many it has taken, and when it took the last one, in seconds since 1970."""
        with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as connection:
            _, answer = connection.docmd("XCOUNT")
        count, taken = map(int, answer.split())
        return count, taken / 1e6


def sink_command(build: Path) -> tuple[str, list[str]]:
    """Returns what kind of sink this machine can run, and the command that starts it. Compiles into `build`."""
    compiler = shutil.which("cc")
    if compiler is None:
        return f"Python {sys.version_info.major}.{sys.version_info.minor}", module("python_sink")
    binary = build / "sink"
    if not binary.exists() or binary.stat().st_mtime < SOURCE.stat().st_mtime:
        run([compiler, "-O2", "-Wall", "-Wextra", "-o", str(binary), str(SOURCE)], frozenset())
    return "native", [str(binary)]


@contextmanager
def running_sink(command: list[str], cores: frozenset[int]) -> Iterator[Sink]:
    with running(command, cores) as process:
        yield Sink(int(process.read_line()))
