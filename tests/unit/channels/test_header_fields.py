"""Header fields: where their lines end (RFC 5322 section 2.1.1, RFC 2047 section 2)."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise

import pytest
from clarion_server.adapters.channels.email.addresses import EmailInvalid
from clarion_server.adapters.channels.email.header_fields import mailbox_field, text_field
from clarion_server.domain.content.email import Mailbox
from hypothesis import example, given
from hypothesis import strategies as st

WORDS = st.lists(st.text("abc<>/:", min_size=1, max_size=90), min_size=1, max_size=20)


def lines_of(field: str) -> list[str]:
    assert field.endswith("\r\n")
    return field.removesuffix("\r\n").split("\r\n")


@pytest.mark.parametrize("name", ["Subject", "References"])
@given(words=WORDS)
@example(words=["a" * 68, "b"])
@example(words=["a" * 69, "b"])
@example(words=["a" * 70, "b"])
@example(words=["a", "b" * 77, "c"])
@example(words=["a", "b" * 78, "c"])
def test_a_field_of_words_has_as_few_lines_of_78_characters_as_it_can(name: str, words: list[str]) -> None:
    lines = lines_of(text_field(name, " ".join(words)))
    assert "".join(lines) == f"{name}: {' '.join(words)}"
    for line in lines:
        # A word that is longer by itself stays whole.
        assert len(line) <= 78 or " " not in line.removeprefix(f"{name}: ").removeprefix(" ")
    for line, following in pairwise(lines):
        assert len(line) + len(" " + following[1:].partition(" ")[0]) > 78


@pytest.mark.parametrize("length", [998, 999])
def test_a_word_that_no_line_can_carry_is_encoded_where_it_may_be(length: int) -> None:
    word = "a" * (length - len("Subject: "))
    assert (text_field("Subject", word) == f"Subject: {word}\r\n") == (length == 998)


@given(text=st.text("aüご😀", min_size=1, max_size=300).filter(lambda text: not text.isascii()))
def test_encoded_words_fill_their_lines_of_76_characters_with_whole_characters(text: str) -> None:
    lines = lines_of(text_field("Subject", text))
    starts = ["Subject: ", *[" "] * (len(lines) - 1)]
    words = [line.removeprefix(start) for start, line in zip(starts, lines, strict=True)]
    rest = text
    for start, word in zip(starts, words, strict=True):
        octets = (76 - len(start) - len("=?utf-8?b??=")) // 4 * 3
        fitting = next(count for count in range(len(rest), 0, -1) if len(rest[:count].encode()) <= octets)
        assert word == "=?utf-8?b?" + b64(rest[:fitting]) + "?="
        rest = rest[fitting:]
    assert rest == ""


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


@pytest.mark.parametrize("length", range(45, 65))
@pytest.mark.parametrize("name", ["The Shop", "Käse"])
def test_an_address_stands_behind_its_name_while_the_line_has_76_characters(name: str, length: int) -> None:
    address = "a" * (length - len("@b.example")) + "@b.example"
    field = mailbox_field("From", Mailbox(address, name))
    shown = field.partition("<")[0].rstrip("\r\n ")
    is_one_line = len(shown) + len(f" <{address}>") <= 76
    assert field == f"{shown}{' ' if is_one_line else f'{chr(13)}{chr(10)} '}<{address}>\r\n"


@pytest.mark.parametrize("name", ["X-Order", "List-Id", "List-Unsubscribe"])
@pytest.mark.parametrize("forbidden", ["\r", "\n", "\0", "\r\nBcc: eve@example.com", "\r\n folded"])
def test_no_value_can_begin_another_field(name: str, forbidden: str) -> None:
    with pytest.raises(EmailInvalid):
        text_field(name, f"<https://shop.example/>{forbidden}")
