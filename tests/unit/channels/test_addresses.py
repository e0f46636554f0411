"""What is accepted as an address can be written into an envelope and a header."""

from __future__ import annotations

import sys
import unicodedata

import idna
import pytest
from clarion_server.adapters.channels.email.addresses import EmailInvalid, accepted_address, parse_address
from clarion_server.domain.addresses.address import is_address
from hypothesis import assume, given
from hypothesis import strategies as st

#: Scripts, digits, marks and the characters that have rules of their own.
LABEL_CHARACTERS = st.one_of(
    st.sampled_from("aAzlß-0·͵・ー٠۰١ςΣİıنابهيדا\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}क्षαбテ例ｅ"),
    st.characters(categories=["Ll", "Lu", "Lo", "Lm", "Mn", "Mc", "Nd"]),
)
LABELS = st.text(LABEL_CHARACTERS, min_size=1, max_size=8)

#: Alphabets of tens of thousands of characters that all have the same properties: every hundredth is enough.
HUGE = [range(0x3400, 0xA000), range(0xAC00, 0xD7A4), range(0x17000, 0x19000), range(0x20000, 0x40000)]


@given(
    st.one_of(st.emails(), LABELS.map(lambda label: f"info@{label}.example"), LABELS.map(lambda part: f"{part}@a.b"))
)
def test_an_address_that_was_accepted_is_written_as_if_it_were_checked_again(address: str) -> None:
    assume(is_address(address))
    assert accepted_address(address) == parse_address(address)


@pytest.mark.parametrize(
    "text", ["", "@", "jane", "a b@example.com", "a>@example.com", "a@b.c\r\nX: y", "a@b.c\n", "a@b>"]
)
def test_what_would_break_an_envelope_is_refused_although_it_was_accepted(text: str) -> None:
    with pytest.raises(EmailInvalid):
        accepted_address(text)


@given(LABELS)
def test_every_accepted_domain_has_a_form_in_ascii(label: str) -> None:
    address = f"info@{label}.example"
    assume(is_address(address))
    assert parse_address(address).text.isascii()


def test_every_accepted_character_of_a_domain_has_a_form_in_ascii() -> None:
    for code_point in range(0x80, sys.maxunicode + 1):
        character = chr(code_point)
        if unicodedata.category(character)[0] not in "LMN" or any(code_point in huge for huge in HUGE):
            continue
        for label in (character, f"a{character}b"):
            if is_address(f"info@{label}.example"):
                assert parse_address(f"info@{label}.example").text.isascii()


@pytest.mark.parametrize("step", range(0, 100, 7))
def test_every_accepted_ideograph_or_syllable_has_a_form_in_ascii(step: int) -> None:
    for code_point in (each for huge in HUGE for each in huge[step::100]):
        if is_address(f"info@{chr(code_point)}.example"):
            assert idna.encode(chr(code_point), uts46=True)


@pytest.mark.parametrize(
    ("domain", "in_ascii"),
    [
        ("col·legi.cat", "xn--collegi-xma.cat"),
        ("Straße.de", "xn--strae-oqa.de"),
        ("نامه\N{ZERO WIDTH NON-JOINER}ای.com", "xn--mgba3gch31f060k.com"),
        ("bücher.ab--cd.example", "xn--bcher-kva.ab--cd.example"),
    ],
)
def test_a_domain_is_written_in_a_labels(domain: str, in_ascii: str) -> None:
    assert parse_address(f"info@{domain}").text == f"info@{in_ascii}"
