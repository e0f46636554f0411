"""Reads the files of secret keys that the settings name."""

from __future__ import annotations

from pathlib import Path

import structlog

from clarion_server.adapters.key_ring import KeyRing, KeyRingInvalid, read_key_ring, readable_by_others
from clarion_server.bootstrap.start_failures import CannotStart

log = structlog.get_logger()


def read_ring(file: Path, name: str) -> KeyRing:
    """`name` says what the keys are, for the text of an error. Raises CannotStart."""
    try:
        if readable_by_others(file):
            # It is no error: secrets that containers mount are like that.
            log.warning("key_file_readable_by_others", file=str(file), remedy="chmod 600")
        return read_key_ring(file)
    except KeyRingInvalid as error:
        remedy = "A line is a number, a blank and a key, which `openssl rand -hex 64` prints."
        raise CannotStart(f"Cannot use the {name} in {file}: {error} {remedy}") from error
    except OSError as error:
        remedy = " Let the service's user read it." if isinstance(error, PermissionError) else ""
        raise CannotStart(f"Cannot read the {name} in {file}: {error.strerror or error}.{remedy}") from error
