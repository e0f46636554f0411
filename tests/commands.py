"""Runs other programs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

#: Is the longest time that a command may take.
SECONDS = 300


def run(folder: Path, *command: str, **environment: str) -> str:
    """Returns what the command prints. Fails with that text when the command fails."""
    finished = finish(folder, *command, **environment)
    assert finished.returncode == 0, finished.stdout
    return finished.stdout


def finish(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs the command to its end and returns its exit code and output."""
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
