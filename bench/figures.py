"""Turns the samples of a run into medians, a table with the wanted figures, and `bench.json`."""

from __future__ import annotations

import operator
import re
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
    """Is what a figure should reach on two cores, with one process on SQLite unless its name says otherwise."""

    sign: str
    limit: float

    def met_by(self, value: float) -> bool:
        compare: dict[str, Callable[[float, float], bool]] = {"≥": operator.ge, "≤": operator.le, "<": operator.lt}
        return compare[self.sign](value, self.limit)

    def __str__(self) -> str:
        return f"{self.sign} {self.limit:,g}"


TARGETS = {
    "accept_unary_ratio": Target("≥", 0.55),
    "accept_stream_ratio": Target("≥", 0.35),
    "accept_recipients_ratio": Target("≥", 0.35),
    "end_to_end_ratio": Target("≥", 0.5),
    "accept_p99_ratio_half_load": Target("≤", 4),
    "hand_off_p99_ms_half_load": Target("≤", 50),
    "lone_hand_off_p50_ms": Target("≤", 10),
    "people_capped_unary_ratio": Target("≥", 0.75),
    "people_capped_recipients_ratio": Target("≥", 0.7),
    "people_high_unary_ratio": Target("≥", 0.95),
    **{f"rules_{count}_{form}_cpu_ratio": Target("≥", 0.85) for count in (3, 6) for form in ("unary", "recipients")},
    **{f"rules_{count}_sent_cpu_ratio": Target("≥", 0.9) for count in (3, 6)},
    **{f"mail_{name}_sent_cpu_ratio": Target("≥", 0.95) for name in ("layout", "inlined")},
    **{f"contents_{name}_review_cpu_s": Target("<", 2) for name in ("short", "mail")},
    "rss_mb": Target("<", 150),
    "start_to_serving_s": Target("<", 2),
    "reset_delay_p99_ms": Target("≤", 20),
    "backlog_rss_ratio": Target("≤", 1.2),
    "growth_sqlite_worst_ratio": Target("≤", 1.2),
    "growth_postgresql_worst_ratio": Target("≤", 1.2),
    "growth_trigger_ratio": Target("≤", 1.2),
    "people_growth_sqlite_worst_ratio": Target("≤", 1.2),
    "people_growth_postgresql_worst_ratio": Target("≤", 1.2),
    "audience_ratio": Target("≥", 0.7),
    "audience_peak_rss_mb": Target("≤", 250),
    "audience_reset_delay_p99_ms": Target("≤", 20),
    "import_reset_delay_p99_ms": Target("≤", 20),
    "idle_1000_cpu_percent": Target("≤", 1),
}

#: Says how the names of figures end of which less is better.
_COSTS = re.compile(
    r"_(ms|mb|cpu_s|cpu_us|cpu_percent|to_serving_s|p99_ratio)"
    r"(_alone|_behind_marketing|_half_load|_short|_long|_without|_during)?$"
)
#: A difference of less than this share, from one run to the next, is none.
_NOTHING = 0.05


@dataclass(frozen=True, slots=True)
class Summary:
    """Holds the samples of one figure under one placement, in the order in which they were taken."""

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
        """Returns the placements. The targets are judged under the first one."""
        return list(self._samples)

    def judged(self) -> dict[str, Summary]:
        """Returns each figure under the first of the placements that it was measured under."""
        found: dict[str, Summary] = {}
        for placement in self.placements:
            for name, summary in self.summaries(placement).items():
                found.setdefault(name, summary)
        return found

    def as_json(self) -> dict[str, Any]:
        """Returns the medians that are judged at the top, then everything under every placement."""
        medians = {name: significant(summary.median) for name, summary in self.judged().items()}
        everything = {
            placement: {name: summary.as_json() for name, summary in self.summaries(placement).items()}
            for placement in self.placements
        }
        return {**medians, "placement": self.placements[0], "placements": everything}

    def print_table(self, before: Mapping[str, Any]) -> None:
        """Prints medians and spread under every placement beside the targets, and beside an earlier `bench.json`."""
        table = Table(title="Medians (lowest-highest)")
        table.add_column("figure", no_wrap=True)
        for placement in self.placements:
            table.add_column(placement, justify="right", no_wrap=True)
        table.add_column("wanted", no_wrap=True)
        if before:
            table.add_column("of the run before", justify="right", no_wrap=True)
        columns = {placement: self.summaries(placement) for placement in self.placements}
        for name, judged in self.judged().items():
            values = {placement: column[name] for placement, column in columns.items() if name in column}
            cells = [str(values.get(placement, "")) for placement in columns]
            compared = [against(name, judged.median, before.get(name))] if before else []
            table.add_row(name, *cells, verdict(name, values), *compared)
        Console(width=max(TABLE_WIDTH, Console().width)).print(table)


def verdict(name: str, by_placement: Mapping[str, Summary]) -> str:
    """Returns what is wanted and whether it is met, and under which placement where that differs."""
    target = TARGETS.get(name)
    if target is None:
        return ""
    words = {place: "met" if target.met_by(each.median) else "MISSED" for place, each in by_placement.items()}
    if len(set(words.values())) == 1:
        return f"{target}  {next(iter(words.values()))}"
    return f"{target}  {', '.join(f'{word} {place}' for place, word in words.items())}"


def against(name: str, value: float, before: object) -> str:
    """Returns the value as a multiple of the run before's, and says better or worse where it is more than noise."""
    if not isinstance(before, int | float) or not before:
        return ""
    ratio = value / before
    if not abs(ratio - 1) > _NOTHING or name.endswith("_share"):
        return f"{ratio:.2f}"
    return f"{ratio:.2f} {'worse' if (ratio > 1) == is_cost(name) else 'better'}"


def is_cost(name: str) -> bool:
    """Returns whether less is better: of time, of memory, and of their growth when much is stored or queued."""
    return bool(_COSTS.search(name)) or (
        name.startswith(("growth_", "people_growth_", "backlog_", "purge_")) and name.endswith("_ratio")
    )


def significant(value: float) -> float:
    """Rounds to four significant digits, as more would claim more than was measured."""
    return float(f"{value:.4g}")


def readable(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
