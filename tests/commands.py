"""Commands of other programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECONDS = 300


def run(folder: Path, *command: str, **environment: str) -> str:
    """What the command prints. Fails with it when the command does."""
    finished = finish(folder, *command, **environment)
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def finish(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
