"""Builds the TypeScript client once for all tests that need it."""

from __future__ import annotations

import fcntl
import shutil
import sys
from pathlib import Path

import pytest

from tests.commands import run

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "clients" / "typescript"
COMPILER = CLIENT / "node_modules" / ".bin" / "tsc"


def built_client() -> Path:
    """Returns the client's folder with its `dist`. Skips the test where the client cannot be built."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js and npm are not installed here")
    path = ROOT / "build" / "typescript.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        # The first of several test processes builds, and the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        printed = run(ROOT, "make", "typescript", f"PYTHON={sys.executable}")
    if not COMPILER.exists():
        pytest.skip(printed.strip())
    return CLIENT
