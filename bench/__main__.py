"""`python -m bench`: measures Clarion beside its floors, prints a table and writes `build/bench.json`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from bench.bench import STORES, Bench, Sizes
from bench.contents import contents
from bench.figures import Figures
from bench.layouts import layouts
from bench.load import best_load
from bench.lone import lone_trigger
from bench.long_measures import LONG_MEASURES
from bench.machine import describe
from bench.measures import MEASURES
from bench.people import people
from bench.placement import UNPINNED, Placement, placements
from bench.process import BenchError
from bench.sink import sink_command
from bench.targeting import targeting
from bench.two_processes import two_processes

BUILD = Path(__file__).resolve().parent.parent / "build"
#: Says what is measured when nothing is asked for by name.
ORDINARY_MEASURES = {**MEASURES, "lone": lone_trigger, "two-processes": two_processes, "people": people}
ORDINARY_MEASURES |= {"targeting": targeting, "layouts": layouts, "contents": contents}
ALL_MEASURES = {**ORDINARY_MEASURES, **LONG_MEASURES}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fifth of the load, once: shows that all works, no more")
    parser.add_argument(
        "--only", choices=ALL_MEASURES, action="append", metavar="NAME", help=f"one of {', '.join(ALL_MEASURES)}"
    )
    parser.add_argument("--all", action="store_true", help="everything, those that take minutes once: half an hour")
    parser.add_argument(
        "--store", choices=STORES, action="append", help="of what is measured on both stores, on this one alone"
    )
    parser.add_argument(
        "--against",
        type=medians_of,
        metavar="FILE",
        default={},
        help="the bench.json of an earlier run on this machine",
    )
    parser.add_argument("--repeats", type=at_least_one, metavar="N", help="how often each is measured (default 3)")
    parser.add_argument("--floors", action="store_true", help="the floors alone, without Clarion")
    return parser.parse_args()


def at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("a number of at least 1 is needed")
    return int(text)


def medians_of(path: str) -> dict[str, object]:
    """Reads a `bench.json`, before this run replaces it."""
    try:
        found: dict[str, object] = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(
            f"{path} cannot be read as the bench.json of an earlier run: {error}"
        ) from error
    return found


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Takes every measurement as often as asked, under every placement, and returns what goes into `bench.json`."""
    sizes = Sizes().quick() if arguments.quick else Sizes()
    repeats = arguments.repeats or (1 if arguments.quick else 3)
    load = best_load()
    sink_kind, command = sink_command(BUILD)
    about = {"taken_at": datetime.now(UTC).isoformat(timespec="seconds"), "repeats": repeats, "quick": arguments.quick}
    about |= {"load": load.name, "sink": sink_kind, "machine": describe(folder)}
    figures = Figures()
    for title, placement, name in turns(arguments, repeats):
        print(f"{title} {placement.name}: {name} ...", file=sys.stderr, flush=True)
        bench = Bench(load, command, placement, sizes, folder, arguments.floors, tuple(arguments.store or STORES))
        figures.add(placement.name, ALL_MEASURES[name](bench))
    figures.print_table(arguments.against)
    return {**figures.as_json(), **about}


def turns(arguments: argparse.Namespace, repeats: int) -> Iterator[tuple[str, Placement, str]]:
    """Yields what is measured where, one after the other, each with the words that tell how far the bench is."""
    names = arguments.only or (ALL_MEASURES if arguments.all else ORDINARY_MEASURES)
    for repeat in range(repeats):
        title = f"{repeat + 1}/{repeats}"
        for placement in placements():
            for name in names:
                if name not in LONG_MEASURES and (name != "two-processes" or placement is UNPINNED):
                    yield title, placement, name
    # Once unless it is said how often: growth repeats within itself, and takes long enough.
    for repeat in range(arguments.repeats or 1):
        for name in names:
            if name in LONG_MEASURES:
                yield f"{repeat + 1}/{arguments.repeats or 1}", placements()[0], name


def stop(_number: int, _frame: FrameType | None) -> NoReturn:
    """Leaves by way of every `finally`, so that no process stays behind."""
    raise SystemExit("stopped")


def main() -> None:
    signal.signal(signal.SIGTERM, stop)
    arguments = parse_arguments()
    BUILD.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=BUILD, prefix="bench-") as folder:
            result = measure(arguments, Path(folder))
    except BenchError as error:
        raise SystemExit(f"bench: {error}") from error
    path = BUILD / "bench.json"
    path.write_text(json.dumps(result, indent=2) + "\n")
    print(f"Written to {path}")


if __name__ == "__main__":
    main()
