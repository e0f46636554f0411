"""Files of secret keys.

Each line holds the number of a key and the key, in hexadecimal. The first line's key is used from now on. The others
serve what was made by them before: they open links in old mails, and recognise addresses of erased people.
"""

from __future__ import annotations

import hashlib
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

#: AES-SIV takes two keys of 256 bits (RFC 5297 section 2.1), and BLAKE2b one of up to 512 (RFC 7693 section 2.1).
KEY_BYTES = 64
_MAX_NUMBER = 255
_LINE = re.compile(rf"([0-9]{{1,3}})\s+([0-9a-fA-F]{{{2 * KEY_BYTES}}})")
#: Enough to tell two keys apart. A key is random, so that a fingerprint helps nobody to guess it.
_FINGERPRINT_BYTES = 8


class KeyRingInvalid(Exception):
    """The text names the fault and its line, and holds no key."""


class KeyRing:
    """Implements the port `KeyRing`."""

    def __init__(self, keys: Mapping[int, bytes]) -> None:
        """The first of `keys` is the current one."""
        self.keys = keys
        self.current_key = next(iter(keys))

    @property
    def fingerprints(self) -> Mapping[int, bytes]:
        return {number: hashlib.sha256(key).digest()[:_FINGERPRINT_BYTES] for number, key in self.keys.items()}


def read_key_ring(file: Path) -> KeyRing:
    """Raises KeyRingInvalid, and OSError when the file cannot be read."""
    keys: dict[int, bytes] = {}
    for line, number, key in _keys(file.read_text(encoding="utf-8-sig", errors="replace")):
        if number in keys:
            raise KeyRingInvalid(f"Line {line} has the number {number} of an earlier line.")
        if key in keys.values():
            raise KeyRingInvalid(f"Line {line} has the key of an earlier line.")
        keys[number] = key
    if not keys:
        raise KeyRingInvalid("It has no key.")
    return KeyRing(keys)


def readable_by_others(file: Path) -> bool:
    """Returns whether users beside the owner may read the file. Raises OSError."""
    return bool(stat.S_IMODE(file.stat().st_mode) & (stat.S_IRGRP | stat.S_IROTH))


def _keys(text: str) -> Iterator[tuple[int, int, bytes]]:
    """Yields the keys with their lines and numbers. Blank lines and those that begin with # hold none."""
    for line, entry in enumerate(text.splitlines(), 1):
        if not entry.strip() or entry.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(entry.strip())
        if found is None or not 1 <= int(found[1]) <= _MAX_NUMBER:
            raise KeyRingInvalid(
                f"Line {line} is not a number from 1 to {_MAX_NUMBER} and {2 * KEY_BYTES} hexadecimal digits."
            )
        yield line, int(found[1]), bytes.fromhex(found[2])
