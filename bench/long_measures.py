"""Makes the measurements that take minutes. They run only when they are named."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.sqlite import open_sqlite_store

from bench import stores
from bench.audience import audience
from bench.bench import Bench
from bench.curves import plot
from bench.figures import Samples
from bench.growth import Costs, growth
from bench.growth_felt import growth_felt
from bench.idle import idle
from bench.importing import importing
from bench.people_growth import FEW, people_growth
from bench.retention import retention
from bench.scale import backlog, lanes, overload
from tests.postgresql import made_database

#: Messages stored, at each of which everything is measured.
SIZES = (0, 1_000_000, 10_000_000)
QUICK_SIZES = (0, 200_000)
#: People stored.
PEOPLE = (FEW, 10_000_000)
QUICK_PEOPLE = (FEW, 100_000)


def store_speed(bench: Bench) -> Samples:
    """Measures the stores alone, with so many items a commit: SQLite and PostgreSQL in the same minutes."""
    found: Samples = {}
    for name in bench.stores:
        with TemporaryDirectory(dir=bench.folder) as folder:
            file = Path(folder, "clarion.db")
            opened = (
                open_sqlite_store(file) if name == "sqlite" else open_postgresql_store(made_database("clarion_bench"))
            )
            with closing(opened) as store:
                found |= {f"{name}_{figure}": value for figure, value in stores.measure(store).items()}
    return found


def growth_curves(bench: Bench) -> Samples:
    """Measures what each query costs with ten million messages stored, as a multiple of its cost with none."""
    found: Samples = {}
    for store in bench.stores:
        with TemporaryDirectory(dir=bench.folder) as folder:
            sizes = QUICK_SIZES if bench.sizes.is_quick else SIZES
            files = {size: Path(folder, f"{size}.db") for size in sizes}
            by_size = growth(store, files)
            build = bench.folder.parent
            (build / f"growth-{store}.json").write_text(json.dumps(by_size, indent=2) + "\n")
            plot(store, by_size, build / f"growth-{store}.png")
            ratios = _ratios(by_size)
            found |= {f"growth_{store}_{_word(name)}_ratio": ratio for name, ratio in ratios.items()}
            found[f"growth_{store}_worst_ratio"] = max(ratios.values())
            if store == "sqlite":
                found |= growth_felt(bench, files[sizes[0]], files[sizes[-1]])
    return found


def people_growth_curves(bench: Bench) -> Samples:
    """Measures what people cost with ten million profiles, consents and suppressions, as a multiple of few."""
    found: Samples = {}
    for store in bench.stores:
        with TemporaryDirectory(dir=bench.folder) as folder:
            sizes = QUICK_PEOPLE if bench.sizes.is_quick else PEOPLE
            by_size = people_growth(store, {size: Path(folder, f"{size}.db") for size in sizes})
            (bench.folder.parent / f"people-growth-{store}.json").write_text(json.dumps(by_size, indent=2) + "\n")
            ratios = _ratios(by_size)
            found |= {f"people_growth_{store}_{_word(name)}_ratio": ratio for name, ratio in ratios.items()}
            found[f"people_growth_{store}_worst_ratio"] = max(ratios.values())
    return found


def _word(name: str) -> str:
    return name.replace(",", "").replace(" ", "_")


def _ratios(by_size: Mapping[int, Costs]) -> Costs:
    first, largest = by_size[min(by_size)], by_size[max(by_size)]
    return {name: largest[name] / first[name] for name in first}


LONG_MEASURES: dict[str, Callable[[Bench], Samples]] = {
    "stores": store_speed,
    "audience": audience,
    "overload": overload,
    "lanes": lanes,
    "backlog": backlog,
    "retention": retention,
    "idle": idle,
    "growth": growth_curves,
    "people_growth": people_growth_curves,
    "import": importing,
}
