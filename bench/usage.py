"""Says what a process and those that it started take of the machine. Linux alone tells; elsewhere all is `nan`."""

from __future__ import annotations

import os
import re
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """Returns the process and its children: of `clarion serve --processes`, the supervisor and those that serve."""
    children = Path(f"/proc/{pid}/task/{pid}/children")
    return [pid, *(map(int, children.read_text().split()) if children.exists() else ())]


def cpu_seconds(pid: int) -> float:
    """Returns the processor time of one process since its start, to 10 ms."""
    stat = Path(f"/proc/{pid}/stat")
    if not stat.exists():
        return float("nan")
    # Behind the name, which may hold anything, from the third field on (proc(5)): user and system time are 14 and 15.
    fields = stat.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS_PER_S


def memory_mb(pid: int, kind: str) -> float:
    """Returns the memory of a process in 10^6 bytes: `VmHWM`, the most it had resident, or `VmRSS`, what it has now."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(rf"{kind}:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) * 1024 / 1e6 if found else float("nan")
