"""The measurements that take minutes, and are made when they are asked for by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store

from bench import stores
from bench.curves import plot
from bench.figures import Samples
from bench.growth import SIZES, Costs, growth
from bench.measures import Bench
from bench.scale import backlog, lanes, overload
from tests.postgresql import made_database

QUICK_SIZES = (0, 100_000)


def store_speed(bench: Bench) -> Samples:
    """What the stores alone take, so many a commit: SQLite and PostgreSQL in the same minutes."""
    with (
        TemporaryDirectory(dir=bench.folder) as folder,
        closing(open_sqlite_store(Path(folder, "clarion.db"))) as store,
    ):
        found = {f"sqlite_{name}": value for name, value in stores.measure(store).items()}
    with closing(open_postgresql_store(made_database("clarion_bench"))) as store:
        found |= {f"postgresql_{name}": value for name, value in stores.measure(store).items()}
    return found


def growth_curves(bench: Bench) -> Samples:
    """What each question costs with ten million messages stored, as a multiple of what it costs with none."""
    costs = growth(bench.folder, QUICK_SIZES if bench.sizes.is_quick else SIZES)
    found: Samples = {}
    for store, by_size in costs.items():
        plot(store, by_size, bench.folder.parent / f"growth-{store}.png")
        ratios = _ratios(by_size)
        found |= {f"growth_{store}_{name.replace(' ', '_')}_ratio": ratio for name, ratio in ratios.items()}
        found[f"growth_{store}_worst_ratio"] = max(ratios.values())
    return found


def _ratios(by_size: Mapping[int, Costs]) -> Costs:
    first, largest = by_size[min(by_size)], by_size[max(by_size)]
    return {name: largest[name] / first[name] for name in first}


LONG_MEASURES: dict[str, Callable[[Bench], Samples]] = {
    "stores": store_speed,
    "overload": overload,
    "lanes": lanes,
    "backlog": backlog,
    "growth": growth_curves,
}
