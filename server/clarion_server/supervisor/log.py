"""Writes log lines like those of the service, without the library that the service uses for them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


class Log:
    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json

    def __call__(self, level: str, event: str, **facts: object) -> None:
        time = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        if self._as_json:
            line = json.dumps({**facts, "event": event, "level": level, "timestamp": time})
        else:
            line = f"{time} [{level:<9}] {event:<30} {' '.join(f'{name}={value}' for name, value in facts.items())}"
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def fail(self, sentence: str, exit_code: int) -> None:
        """Writes why the command failed, in the form of every command of `clarion`."""
        error = {"error": {"message": sentence, "exit_code": exit_code}}
        sys.stderr.write(f"{json.dumps(error) if self._as_json else f'error: {sentence}'}\n")
