"""Defines what every measurement of a run shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.driver import Driver
from bench.in_turn import ROUNDS
from bench.load import Load, Target
from bench.placement import Placement
from bench.process import module, running

STORES = ("sqlite", "postgresql")


@dataclass(frozen=True, slots=True)
class Sizes:
    """Says how much is sent in each measurement: enough for seconds, not for minutes."""

    calls: int = 15_000
    messages_per_stream: int = 5_000
    calls_of_20: int = 2_000
    deliveries: int = 10_000

    is_quick: bool = False

    def scaled(self, count: int) -> int:
        """Returns the count of a load that is not listed here: a fifth of it in a quick run."""
        return count // 5 if self.is_quick else count

    def quick(self) -> Sizes:
        return Sizes(self.calls // 5, self.messages_per_stream // 5, self.calls_of_20 // 5, self.deliveries // 5, True)

    def of_a_round(self) -> Sizes:
        """Returns how much of this is sent in one round of loads that take turns."""
        counts = (self.calls, self.messages_per_stream, self.calls_of_20, self.deliveries)
        calls, messages, calls_of_20, deliveries = (count // ROUNDS for count in counts)
        return Sizes(calls, messages, calls_of_20, deliveries, self.is_quick)


@dataclass(frozen=True, slots=True)
class Bench:
    """Holds what every measurement of a run shares. `folder` lies on the disk that commits are measured on."""

    load: Load
    sink_command: list[str]
    placement: Placement
    sizes: Sizes
    folder: Path
    floors_only: bool
    stores: Sequence[str] = STORES

    @contextmanager
    def echo(self) -> Iterator[Driver]:
        with running(module("echo"), self.placement.server) as process:
            yield self.driver(int(process.read_line()), "Bearer none")

    def driver(self, port: int, authorization: str) -> Driver:
        return Driver(self.load, Target(port, authorization, self.placement.load))
