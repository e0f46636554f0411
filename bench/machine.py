"""Says what the figures were measured on. No figure means anything without it."""

from __future__ import annotations

import os
import platform
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

FSYNCS = 100


def describe(folder: Path) -> dict[str, Any]:
    """Returns the machine, how busy others keep it, and what a commit to the disk below `folder` costs at least."""
    return {
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "load_average_before": round(os.getloadavg()[0], 2),
        "fsync_ms": round(fsync_ms(folder), 3),
        "python": platform.python_version(),
        "grpcio": version("grpcio"),
    }


def _processor() -> str:
    """Returns the name of the processor, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def fsync_ms(folder: Path) -> float:
    """Returns the median time of appending one page to a file and having it on disk, in milliseconds."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(FSYNCS):
            begin = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - begin)
    return median(times) * 1000
