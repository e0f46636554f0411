"""Draws what each question costs against the number of messages stored."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

from bench.growth import Costs

MILLION = 1_000_000
WANTED = 1.2


def plot(store: str, by_size: Mapping[int, Costs], path: Path) -> None:
    """Each question as a multiple of its cost in the smallest store. Without matplotlib nothing is drawn."""
    try:
        from matplotlib import colormaps  # noqa: PLC0415 - only the curves need it, and the bench is tested without
        from matplotlib.figure import Figure  # noqa: PLC0415 - see above
    except ImportError:
        print(f"  {path.name} is not drawn: that takes matplotlib, which `make bench` installs", file=sys.stderr)
        return
    sizes = sorted(by_size)
    figure = Figure(figsize=(10, 6), layout="constrained")
    axes = figure.add_subplot()
    # More questions than the usual ten colours.
    axes.set_prop_cycle(color=[colormaps["tab20"](number) for number in range(20)])
    for name, base in by_size[sizes[0]].items():
        axes.plot([size / MILLION for size in sizes], [by_size[size][name] / base for size in sizes], "o-", label=name)
    axes.axhline(WANTED, linestyle="--", color="grey")
    axes.set(xlabel="million messages stored", ylabel="cost, of that with none", title=store, ylim=(0, None))
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    figure.savefig(path, dpi=120)
