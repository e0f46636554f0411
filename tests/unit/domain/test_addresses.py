"""E-mail addresses, by examples from RFC 5321, RFC 6531 and from life."""

from __future__ import annotations

import pytest
from clarion_server.domain.addresses import address
from clarion_server.domain.addresses.address import MAX_ADDRESS, MAX_LOCAL_PART, is_address
from clarion_server.domain.addresses.domain_label import MAX_LABEL
from hypothesis import given
from hypothesis import strategies as st

PLAIN = [
    "jane@example.com",
    "jane.doe+orders@mail.example.co.uk",
    "o'hara@example.com",
    "!#$%&'*+/=?^_`{|}~-@example.com",
    "a@b",
    "root@localhost",
    "1234@example.com",
    "jane@1and1.de",
    "jane@xn--bcher-kva.example",
    "jane@123.example",
]
RARE = [
    '"jane doe"@example.com',
    '"jane@home"@example.com',
    r'"jane\"doe"@example.com',
    '""@example.com',
    "jane@[192.0.2.1]",
    "jane@[IPv6:2001:db8::1]",
    "müller@example.com",
    "jane@bücher.example",
    "用户@例子.广告",
    "иван@пример.рф",
    "δοκιμή@παράδειγμα.ελ",
    "उदाहरण@उदाहरण.भारत",
    "ιωάννης.doe@bücher.example",
    "info@col·legi.cat",
    "info@COL·LEGI.cat",
    "info@نامه\N{ZERO WIDTH NON-JOINER}ای.com",
    "info@क्\N{ZERO WIDTH JOINER}ष.com",
    "info@straße.de",
    "info@Ünal.example",
    "info@テスト・テスト.jp",
    "info@א\N{HEBREW PUNCTUATION GERESH}.example",
    "info@bücher.ab--cd.example",
]
MALFORMED = [
    "",
    "jane",
    "@example.com",
    "jane@",
    "jane@@example.com",
    "jane@home@example.com",
    "jane doe@example.com",
    " jane@example.com",
    "jane@example.com ",
    ".jane@example.com",
    "jane.@example.com",
    "jane..doe@example.com",
    "jane@.example.com",
    "jane@example.com.",
    "jane@example..com",
    "jane@-example.com",
    "jane@example-.com",
    "jane@exa_mple.com",
    "jane@192.0.2.1",
    "jane@example.42",
    "jane@[192.0.2.256]",
    "jane@[192.0.2.1",
    "jane@[2001:db8::1]",
    "jane@[IPv6:fe80::1%eth0]",
    '"jane"doe"@example.com',
    '"jane@example.com',
    "Jane Doe <jane@example.com>",
    "jane@example.com,joe@example.com",
    "jane(comment)@example.com",
    "jane@bücher..example",
    "jane@-bücher.example",
    "jane@bu\N{COMBINING DIAERESIS}cher.example",
    "jane@\N{COMBINING DIAERESIS}x.example",
    "jane@exa mple\N{NO-BREAK SPACE}.com",
    "jane@☃.example",
    "müller\N{ZERO WIDTH SPACE}@example.com",
    "jane@exämple.42",
    "info@a·b.cat",
    "info@·legi.cat",
    "info@\N{ARABIC-INDIC DIGIT ZERO}a.com",
    "info@a\N{ARABIC-INDIC DIGIT ZERO}.com",
    "info@א\N{ARABIC-INDIC DIGIT ZERO}1.com",
    "info@ب\N{ARABIC-INDIC DIGIT ZERO}\N{EXTENDED ARABIC-INDIC DIGIT ZERO}.com",
    "info@ab--cdü.com",
    "info@a\N{ZERO WIDTH JOINER}ü.com",
    "info@a\N{ZERO WIDTH NON-JOINER}ü.com",
    "info@ü・a.jp",
    "info@ü͵.gr",
    "info@ü\N{HEBREW PUNCTUATION GERESH}.il",
    "j\N{ZERO WIDTH JOINER}ane@example.com",
]
INJECTIONS = ["jane@example.com\n", "jane@example.com\r\nBcc: all@example.com", "ja\x00ne@example.com", "ja\x7fne@a.de"]


@pytest.mark.parametrize("address", PLAIN + RARE)
def test_addresses_that_mail_can_reach_are_accepted(address: str) -> None:
    assert is_address(address)


@pytest.mark.parametrize("address", MALFORMED)
def test_what_no_server_would_take_is_refused(address: str) -> None:
    assert not is_address(address)


@pytest.mark.parametrize("address", [*INJECTIONS, *(f'"{text}"@example.com' for text in ("a\nb", "a\x00b", "ä\x85"))])
def test_nothing_that_could_end_a_line_is_accepted(address: str) -> None:
    assert not is_address(address)


@pytest.mark.parametrize("letter", ["a", "ä", "字"])
def test_a_local_part_has_at_most_64_octets(letter: str) -> None:
    fitting = letter * (MAX_LOCAL_PART // len(letter.encode()))
    assert is_address(f"{fitting}@example.com")
    assert not is_address(f"{fitting}{letter}@example.com")


def test_a_label_has_at_most_63_octets_as_the_domain_name_system_counts() -> None:
    assert is_address(f"jane@{'a' * MAX_LABEL}.example")
    assert not is_address(f"jane@{'a' * (MAX_LABEL + 1)}.example")
    # In Punycode a run of one letter is short, and letters that are far apart are long.
    assert is_address(f"jane@{'ü' * 40}.example")
    far_apart = "".join(chr(0x4E00 + 997 * step) for step in range(20))
    assert not is_address(f"jane@{far_apart}.example")


def test_an_address_has_at_most_254_octets() -> None:
    domain = ".".join(["a" * 61] * 3)
    local_part = "b" * (MAX_ADDRESS - len(domain) - 1)
    longer = "b" * (MAX_LOCAL_PART - 1) + f"@{domain}.{'c' * (MAX_ADDRESS - len(domain) - MAX_LOCAL_PART - 1)}"
    assert len(longer) == MAX_ADDRESS
    assert is_address(longer)
    assert not is_address(longer + "c")
    assert len(local_part) > MAX_LOCAL_PART
    assert not is_address(f"{local_part}@{domain}")


@given(st.text())
def test_any_text_is_judged_without_an_error(text: str) -> None:
    is_address(text)
    is_address(f"{text}@example.com")
    is_address(f"jane@{text}")


@given(st.from_regex(r"[a-z0-9]{1,20}(\.[a-z0-9]{1,20})?", fullmatch=True), st.sampled_from(["example.com", "b-c.de"]))
def test_every_dotted_name_of_letters_is_a_local_part(local_part: str, domain: str) -> None:
    assert is_address(f"{local_part}@{domain}")


@pytest.mark.parametrize(
    "text", ["a" * 200, "a." * 127, "a-" * 120, f"a@{'a-' * 120}", f"a@{'a.' * 120}!", '"' + "\\a" * 99]
)
def test_long_texts_that_nearly_match_are_judged_at_once(text: str) -> None:
    # A pattern that backtracks would take years, and the test would time out.
    assert not is_address(text)


@given(st.text('aZ0.@-_"[:', max_size=20))
def test_the_quick_look_at_short_addresses_takes_none_that_the_full_one_refuses(text: str) -> None:
    if address._SHORT_PLAIN.fullmatch(text):
        assert address._PLAIN.fullmatch(text), text


@pytest.mark.parametrize("label", ["a", "a-b", "a--b", "x" * 40, "0a-1"])
@pytest.mark.parametrize("last", ["com", "c0m", "c-m", "x9"])
def test_the_quick_look_suffices_for_usual_addresses(label: str, last: str) -> None:
    assert address._SHORT_PLAIN.fullmatch(f"jane.o'hara+1@{label}.{last}")
