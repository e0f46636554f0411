"""The figures of a run: what is measured, what is wanted, and how samples become medians, a table and `bench.json`."""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from rich.console import Console
from rich.table import Table

TABLE_WIDTH = 130

Samples = dict[str, float]


@dataclass(frozen=True, slots=True)
class Target:
    """What is wanted of a figure on two cores, one process, SQLite."""

    sign: str
    limit: float

    def met_by(self, value: float) -> bool:
        compare: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "<": operator.lt}
        return compare[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:,g}"


TARGETS = {
    "accept_unary_ratio": Target("≥", 0.4),
    "accept_stream_per_s": Target("≥", 12_000),
    "accept_recipients_per_s": Target("≥", 30_000),
    "end_to_end_per_s": Target("≥", 2_000),
    "rss_mb": Target("<", 150),
    "start_to_serving_s": Target("<", 2),
    "reset_delay_p99_ms": Target("<", 20),
    "backlog_rss_ratio": Target("<", 1.2),
    "growth_sqlite_worst_ratio": Target("<", 1.2),
    "growth_postgresql_worst_ratio": Target("<", 1.2),
}


@dataclass(frozen=True, slots=True)
class Summary:
    """The samples of one figure under one placement, in the order in which they were taken."""

    samples: list[float]

    @property
    def median(self) -> float:
        return median(self.samples)

    def as_json(self) -> dict[str, Any]:
        return {
            "median": significant(self.median),
            "min": significant(min(self.samples)),
            "max": significant(max(self.samples)),
            "samples": [significant(sample) for sample in self.samples],
        }

    def __str__(self) -> str:
        if len(self.samples) == 1:
            return readable(self.median)
        return f"{readable(self.median)} ({readable(min(self.samples))}-{readable(max(self.samples))})"


class Figures:
    """Gathers the samples of a run by placement and figure."""

    def __init__(self) -> None:
        self._samples: defaultdict[str, defaultdict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, placement: str, samples: Samples) -> None:
        for name, value in samples.items():
            self._samples[placement][name].append(value)

    def summaries(self, placement: str) -> dict[str, Summary]:
        return {name: Summary(samples) for name, samples in self._samples[placement].items()}

    @property
    def placements(self) -> list[str]:
        """The placements, the one that the targets are judged on first."""
        return list(self._samples)

    def as_json(self) -> dict[str, Any]:
        """The medians under the first placement at the top, then everything under every placement."""
        first = self.placements[0]
        medians = {name: significant(summary.median) for name, summary in self.summaries(first).items()}
        everything = {
            placement: {name: summary.as_json() for name, summary in self.summaries(placement).items()}
            for placement in self.placements
        }
        return {**medians, "placement": first, "placements": everything}

    def print_table(self, last: Mapping[str, Any]) -> None:
        """Prints medians and spread under every placement beside the targets and the run before, as in `bench.json`."""
        table = Table(title="Medians (lowest-highest)")
        table.add_column("figure", no_wrap=True)
        for placement in self.placements:
            table.add_column(placement, justify="right", no_wrap=True)
        table.add_column(f"wanted, {self.placements[0]}", no_wrap=True)
        table.add_column("of the last run", justify="right", no_wrap=True)
        columns = [self.summaries(placement) for placement in self.placements]
        for name in dict.fromkeys(name for column in columns for name in column):
            values = [str(column[name]) if name in column else "" for column in columns]
            table.add_row(
                name, *values, _verdict(name, columns[0].get(name)), _compared(columns[0].get(name), last.get(name))
            )
        Console(width=max(TABLE_WIDTH, Console().width)).print(table)


def _verdict(name: str, summary: Summary | None) -> str:
    target = TARGETS.get(name)
    if target is None or summary is None:
        return ""
    return f"{target}  {'met' if target.met_by(summary.median) else 'MISSED'}"


def _compared(summary: Summary | None, last: object) -> str:
    if summary is None or not isinstance(last, int | float) or not last:
        return ""
    return f"{summary.median / last:.2f}"


def significant(value: float) -> float:
    """Four significant digits: more would claim more than was measured."""
    return float(f"{value:.4g}")


def readable(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
