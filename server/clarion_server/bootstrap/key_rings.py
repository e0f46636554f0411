"""Reads the files of secret keys that the settings name."""

from __future__ import annotations

from pathlib import Path

from clarion_server.adapters.key_ring import KeyRing, KeyRingInvalid, read_key_ring
from clarion_server.bootstrap.start_failures import CannotStart


def read_ring(file: Path, name: str) -> KeyRing:
    """`name` says what the keys are, for the text of an error. Raises CannotStart."""
    try:
        return read_key_ring(file)
    except KeyRingInvalid as error:
        raise CannotStart(f"Cannot use the {name} in {file}: {error}") from error
    except OSError as error:
        raise CannotStart(f"Cannot read the {name} in {file}: {error.strerror or error}.") from error
