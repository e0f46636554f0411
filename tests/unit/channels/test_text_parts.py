"""The lines of texts: ASCII leaves as it is while SMTP can carry them (RFC 5321 section 4.5.3.1.6)."""

from __future__ import annotations

from base64 import b64decode

import pytest
from clarion_server.adapters.channels.email.text_parts import base64_lines, text_part
from hypothesis import example, given
from hypothesis import strategies as st

LENGTHS = st.lists(st.integers(0, 20) | st.integers(960, 1040), min_size=1, max_size=6)


@given(lengths=LENGTHS, ends=st.booleans())
@example(lengths=[998], ends=False)
@example(lengths=[998], ends=True)
@example(lengths=[999], ends=False)
@example(lengths=[999], ends=True)
@example(lengths=[400, 400, 998, 998, 10], ends=True)
@example(lengths=[400, 400, 999, 998, 10], ends=True)
def test_a_text_is_encoded_exactly_where_a_line_is_too_long(lengths: list[int], ends: bool) -> None:
    text = "\n".join("a" * length for length in lengths) + ("\n" if ends else "")
    is_plain = b"Content-Transfer-Encoding: 7bit\r\n" in text_part("plain", text)
    assert is_plain == (max(lengths) <= 998)


@pytest.mark.parametrize("length", [0, 1, 56, 57, 58, 114, 115, 1000])
def test_base64_has_lines_of_76_characters(length: int) -> None:
    lines = base64_lines(bytes(length)).split(b"\r\n")
    assert [len(line) for line in lines[:-1]] == [76] * (len(lines) - 1)
    assert len(lines[-1]) <= 76
    assert b64decode(b"".join(lines)) == bytes(length)
