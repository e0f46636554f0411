"""When two identities are the same, and which are refused."""

from __future__ import annotations

import pytest
from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.domain.people.identity import Identity, IdentityNamespace, Normalisation, lower_key
from clarion_server.domain.violation import Violation
from hypothesis import given
from hypothesis import strategies as st

READER = IdentityReader(read_phone_number)
STORED = {
    "login": IdentityNamespace("login", Normalisation.LOWER),
    "work": IdentityNamespace("work", Normalisation.EMAIL),
    "desk": IdentityNamespace("desk", Normalisation.PHONE, "GB"),
    "mobile": IdentityNamespace("mobile", Normalisation.PHONE),
}


def read(text: str) -> Identity:
    identity = READER.read(text, "identity", STORED)
    assert isinstance(identity, Identity), identity
    return identity


def refusal(text: str) -> tuple[str, str]:
    violation = READER.read(text, "identity", STORED)
    assert isinstance(violation, Violation), violation
    return violation.field, violation.reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email:Jane@EXAMPLE.com", "email:jane@example.com"),
        ("email:jane@bücher.example", "email:jane@xn--bcher-kva.example"),
        ("phone:+44 7911 123456", "phone:+447911123456"),
        ("phone:+5215562000000", "phone:+525562000000"),
        ("login:JÜRGEN", "login:jürgen"),
        ("login:Ju\u0308rgen", "login:JÜRGEN"),
        ("work:Jane@Bücher.example", "work:jane@xn--bcher-kva.example"),
        ("desk:07911 123456", "desk:+447911123456"),
        ("desk:00447911123456", "desk:+447911123456"),
    ],
)
def test_two_ways_of_writing_are_one_identity(one: str, other: str) -> None:
    assert read(one).key == read(other).key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("email:jane@example.com", "email:jane+x@example.com"),
        ("email:j.ane@example.com", "email:jane@example.com"),
        ("email:jane@example.com", "crm:jane@example.com"),
        ("push:Token", "push:token"),
        ("crm:A-1", "crm:a-1"),
        ("login:jane", "crm:jane"),
        ("phone:+447911123456", "phone:+447911123457"),
    ],
)
def test_different_identities_stay_different(one: str, other: str) -> None:
    assert read(one).key != read(other).key


def test_an_identity_keeps_the_form_in_which_it_was_written() -> None:
    assert str(read("email:Jane@Bücher.example")) == "email:Jane@Bücher.example"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "REQUIRED"),
        ("jane@example.com", "MALFORMED"),
        ("email:jane", "MALFORMED"),
        ("email:", "MALFORMED"),
        ("phone:07911 123456", "MALFORMED"),
        ("phone:+1-800-FLOWERS", "MALFORMED"),
        ("mobile:07911 123456", "MALFORMED"),
        ("desk:0", "MALFORMED"),
        ("work:jane", "MALFORMED"),
        ("Email:jane@example.com", "MALFORMED"),
        (f"crm:{'x' * 320}", "TOO_LONG"),
    ],
)
def test_what_is_no_identity_is_refused(text: str, reason: str) -> None:
    assert refusal(text) == ("identity", reason)


def test_those_that_cannot_be_read_keep_the_places_of_the_others() -> None:
    identities, violations = READER.read_all(
        ["email:a@example.com", "email:b", "email:c@example.com"], "identities", STORED
    )
    assert [str(identities[0]), str(identities[2])] == ["email:a@example.com", "email:c@example.com"]
    assert [violation.field for violation in violations] == ["identities[1]"]


@given(st.text())
def test_the_key_in_lower_case_of_a_key_is_the_key(text: str) -> None:
    assert lower_key(lower_key(text)) == lower_key(text)


def test_the_refusal_of_a_number_names_the_region_of_numbers_without_country_code() -> None:
    violation = READER.read("desk:0", "identity", STORED)
    assert isinstance(violation, Violation)
    assert "GB" in violation.description
