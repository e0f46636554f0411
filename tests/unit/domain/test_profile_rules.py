"""Tests the rules of profiles."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import Profile, profile_violations


def identity(number: int) -> Identity:
    return Identity(IdentityKey("crm", str(number)), str(number))


def violations(**changes: Any) -> list[tuple[str, str]]:
    values: dict[str, Any] = {"identities": (identity(1),), **changes}
    found = profile_violations(Profile("default", "p", create_time=0, update_time=0, **values))
    return [(violation.field, violation.reason) for violation in found]


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth > 1 else {"a": 1}


def test_a_profile_of_all_that_is_allowed_breaks_no_rule() -> None:
    attributes = {"first_name": "Jane", "Straße": "Am Zoo", "plan-2": None, **nested(16)}
    identities = tuple(map(identity, range(20)))
    assert violations(identities=identities, attributes=attributes, locale="pt-BR", time_zone="Europe/Berlin") == []


def test_a_profile_has_1_to_20_identities_each_of_them_once() -> None:
    assert violations(identities=()) == [("identities", "REQUIRED")]
    assert violations(identities=tuple(map(identity, range(21)))) == [("identities", "TOO_MANY")]
    written = Identity(IdentityKey("crm", "1"), "the same, written otherwise")
    assert violations(identities=(identity(1), identity(2), written)) == [("identities[2]", "DUPLICATE")]


@pytest.mark.parametrize("name", ["", "first name", "a.b", "a`b", "x" * 65])
def test_the_name_of_an_attribute_is_one_that_a_path_can_have(name: str) -> None:
    assert violations(attributes={name: 1}) == [(f"attributes.{name[:64]}", "MALFORMED")]


def test_attributes_have_at_most_32_kb_as_json_and_16_levels() -> None:
    assert violations(attributes={"a": "x" * (32 * 1024 - len('{"a":""}'))}) == []
    assert violations(attributes={"a": "x" * (32 * 1024 - len('{"a":""}') + 1)}) == [("attributes", "TOO_LONG")]
    assert violations(attributes={"a": "ü" * (16 * 1024)}) == [("attributes", "TOO_LONG")]
    assert violations(attributes=nested(17)) == [("attributes", "TOO_DEEP")]


def test_no_attribute_has_a_nul_which_no_mail_can_carry() -> None:
    assert violations(attributes={"a": [{"b": "x\0"}]}) == [("attributes", "MALFORMED")]
    assert violations(attributes={"a": [{"b\0": "x"}]}) == [("attributes", "MALFORMED")]
    assert violations(attributes={"a": "\\u0000"}) == []


@pytest.mark.parametrize("zone", ["Asia/Calcutta", "Etc/GMT-5", "UTC", "Europe/Kyiv"])
def test_old_and_new_names_of_the_iana_database_are_time_zones(zone: str) -> None:
    assert violations(time_zone=zone) == []


@pytest.mark.parametrize("zone", ["europe/berlin", "GMT+2", "+02:00", "../etc", "Europe", "Factory", "localtime"])
def test_other_texts_are_no_time_zones(zone: str) -> None:
    assert violations(time_zone=zone) == [("time_zone", "MALFORMED")]


def test_a_locale_is_a_language_tag() -> None:
    assert violations(locale="german please") == [("locale", "MALFORMED")]


def test_an_etag_belongs_to_one_state_of_one_profile() -> None:
    stored = Profile("default", "p", (identity(1),), create_time=0, update_time=0, key=7)
    stored.check_etag("")
    stored.check_etag(stored.etag)
    with pytest.raises(EtagMismatch):
        stored.changed({"locale": "de"}, 1).check_etag(stored.etag)
