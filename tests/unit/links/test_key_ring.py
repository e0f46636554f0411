"""Tests the file of link keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from clarion_server.adapters.key_ring import KEY_BYTES, KeyRing, KeyRingInvalid, read_key_ring

FIRST, SECOND = "0f" * KEY_BYTES, "AB" * KEY_BYTES


def ring(folder: Path, text: str) -> KeyRing:
    file = folder / "link-keys"
    file.write_text(text, encoding="utf-8")
    return read_key_ring(file)


def test_the_first_line_seals(tmp_path: Path) -> None:
    read = ring(tmp_path, f"# keys of the links\n\n 2  {SECOND}\r\n1\t{FIRST}\n")
    assert read.current_key == 2
    assert read.keys == {2: bytes.fromhex(SECOND), 1: bytes.fromhex(FIRST)}


def test_a_byte_order_mark_is_no_part_of_the_first_line(tmp_path: Path) -> None:
    assert ring(tmp_path, f"\ufeff1 {FIRST}\n2 {SECOND}\n").current_key == 1


def test_fingerprints_distinguish_keys_and_hide_them(tmp_path: Path) -> None:
    read = ring(tmp_path, f"1 {FIRST}\n7 {SECOND}\n")
    assert read.fingerprints.keys() == {1, 7}
    assert read.fingerprints[1] != read.fingerprints[7]
    assert all(read.fingerprints[number] not in key for number, key in read.keys.items())


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "It has no key."),
        ("# none yet\n", "It has no key."),
        (f"0 {FIRST}\n", "Line 1 is not a number from 1 to 255"),
        (f"256 {FIRST}\n", "Line 1 is not a number from 1 to 255"),
        (f"1 {FIRST}\n2 {SECOND[:-1]}\n", "Line 2 is not a number"),
        (f"1 {FIRST}00\n", "Line 1 is not a number"),
        (f"{FIRST}\n", "Line 1 is not a number"),
        (f"1 {FIRST}\n1 {SECOND}\n", "Line 2 has the number 1 of an earlier line."),
        (f"1 {FIRST}\n2 {FIRST}\n", "Line 2 has the key of an earlier line."),
    ],
)
def test_a_malformed_file_is_refused_by_its_line_without_a_key(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(KeyRingInvalid, match=fault) as raised:
        ring(tmp_path, text)
    assert FIRST[:8] not in str(raised.value)
    assert SECOND[:8] not in str(raised.value)
