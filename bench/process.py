"""Runs child processes: started on given cores, read line by line against a deadline, ended by their id."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO

from bench.placement import on_cores

START_SECONDS = 30.0
STOP_SECONDS = 20.0
RUN_SECONDS = 120.0


class BenchError(Exception):
    """Is a measurement that could not be taken, or whose answers were not those expected."""


class Process:
    """Is a running child. Its standard input stays open: the bench's own servers stop when it ends."""

    def __init__(
        self, argv: Sequence[str], cores: frozenset[int], env: Mapping[str, str], errors: IO[bytes] | None
    ) -> None:
        with on_cores(cores):
            self._child = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, env={**os.environ, **env}
            )
        self._argv = argv
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._pumping = threading.Thread(target=self._pump, daemon=True)
        self._pumping.start()

    @property
    def pid(self) -> int:
        return self._child.pid

    def _pump(self) -> None:
        """Takes the child's output as it comes: a full pipe would stop the child."""
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def read_line(self, wanted: Callable[[str], bool] = bool, seconds: float = START_SECONDS) -> str:
        """Returns the next line that is wanted; `BenchError` when the child ends, or none comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise BenchError(f"{self._argv[0]} said nothing of use within {seconds:.0f} s") from None
            if line is None:
                raise BenchError(f"{' '.join(self._argv)} ended with status {self._child.wait()}")
            if wanted(line):
                return line

    def stop(self) -> None:
        """Ends the child: politely first, then for good."""
        with self._child:
            self._child.terminate()
            try:
                self._child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
            self._pumping.join()


@contextmanager
def running(
    argv: Sequence[str], cores: frozenset[int], env: Mapping[str, str] | None = None, log: Path | None = None
) -> Iterator[Process]:
    """Runs a child for the length of the block. Its errors go to `log`, else to the bench's own."""
    with log.open("ab") if log else nullcontext() as errors:
        process = Process(argv, cores, env or {}, errors)
    try:
        yield process
    finally:
        process.stop()


def module(name: str, *arguments: object) -> list[str]:
    """Returns the command that runs a module of this package with this very Python."""
    return [sys.executable, "-m", f"bench.{name}", *map(str, arguments)]


def run(argv: Sequence[str], cores: frozenset[int], seconds: float = RUN_SECONDS) -> str:
    """Runs a command to its end and returns what it printed; `BenchError` when it fails or takes too long."""
    with on_cores(cores):
        child = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    with child:
        try:
            output, _ = child.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            child.kill()
            raise BenchError(f"{argv[0]} did not end within {seconds:.0f} s") from None
        except BaseException:
            child.kill()
            raise
    if child.returncode:
        raise BenchError(f"{' '.join(argv)} ended with status {child.returncode}:\n{output[-2000:]}")
    return output
