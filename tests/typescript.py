"""The TypeScript client, built once for all tests that need it."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "clients" / "typescript"
COMPILER = CLIENT / "node_modules" / ".bin" / "tsc"
SECONDS = 300


def built_client() -> Path:
    """The client's folder, with its `dist`. Skips the test where Node.js or npm is missing."""
    if not (shutil.which("node") and shutil.which("npm")):
        pytest.skip("Node.js and npm are not installed here")
    path = ROOT / "build" / "typescript.lock"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lock:
        # Tests run in several processes: the first one builds, the others wait.
        fcntl.flock(lock, fcntl.LOCK_EX)
        run(ROOT, "make", "typescript")
    return CLIENT


def run(folder: Path, *command: str, **environment: str) -> str:
    """What the command prints. Fails with it when the command does."""
    finished = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    return finished.stdout
