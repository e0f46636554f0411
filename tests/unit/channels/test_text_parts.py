"""A text of ASCII leaves as it is while SMTP can carry its lines (RFC 5321 section 4.5.3.1.6)."""

from __future__ import annotations

from clarion_server.adapters.channels.email.text_parts import text_part
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
