"""Tests which e-mail addresses and domains compare as the same."""

from __future__ import annotations

import idna
import pytest
from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.addresses.address_key import domain_key, email_key
from hypothesis import assume, given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("jane@example.com", "jane@example.com"),
        ("Jane.Doe@EXAMPLE.com", "jane.doe@example.com"),
        ("jane@example.com.", "jane@example.com"),
        ('"Jane Doe"@Example.com', '"jane doe"@example.com'),
        ("jane@bücher.example", "jane@xn--bcher-kva.example"),
        ("jane@BÜCHER.example.", "jane@xn--bcher-kva.example"),
        ("jane@XN--BCHER-KVA.Example", "jane@xn--bcher-kva.example"),
        ("jane@bu\N{COMBINING DIAERESIS}cher.example", "jane@xn--bcher-kva.example"),
        ("jane@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com", "jane@example.com"),
        ("info@straße.de", "info@xn--strae-oqa.de"),
        ("jane@[IPv6:2001:DB8::1]", "jane@[ipv6:2001:db8::1]"),
        ("mu\N{COMBINING DIAERESIS}ller@example.com", "müller@example.com"),
        ("\N{KELVIN SIGN}@example.com", "k@example.com"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
    ],
)
def test_addresses_of_one_mailbox_have_one_key(written: str, key: str) -> None:
    assert email_key(written) == key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("jane@example.com", "jane+news@example.com"),
        ("jane@example.com", "j.ane@example.com"),
        ("jane@example.com", "jane@mail.example.com"),
        ("Ünal@example.com", "ünal@example.com"),
        ("info@strasse.de", "info@straße.de"),
    ],
)
def test_addresses_that_may_be_two_mailboxes_have_two_keys(one: str, other: str) -> None:
    assert email_key(one) != email_key(other)


@pytest.mark.parametrize("domain", ["Example.COM.", "bücher.example", "пример.рф", "info.col·legi.cat", "क्\u200dष.com"])
def test_a_domain_has_the_key_of_the_addresses_in_it(domain: str) -> None:
    assert email_key(f"jane@{domain}") == f"jane@{domain_key(domain)}"
    ascii_form = idna.encode(domain, uts46=True).decode().lower()
    assert domain_key(domain) == ascii_form.removesuffix(".")


@given(st.text(), st.text())
def test_the_key_of_a_key_is_itself(local_part: str, domain: str) -> None:
    key = email_key(f"{local_part}@{domain}")
    assert email_key(key) == key


@given(st.text("aZ1-äÖüßéÇñабЖγΔς例子한국\N{FULLWIDTH LATIN SMALL LETTER E}ﬁ", min_size=1, max_size=8))
def test_a_domain_that_an_address_can_have_is_turned_into_ascii_as_idna_does(label: str) -> None:
    assume(is_address(f"jane@{label}.example"))
    by_idna = idna.encode(label, uts46=True).decode() if not label.isascii() else label.lower()
    assert domain_key(f"{label}.example") == f"{by_idna}.example"
