"""Conditions are true, false, or fail, and a failure is never true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentScope
from clarion_server.domain.instant import DAY

COMPILER = CelConditionCompiler()
MISSING, WRONG_TYPE, OTHER = FailureCause
NEWS = ConsentScope(Channel.EMAIL, "news")


def evaluate(text: str, attributes: Mapping[str, Any] | None = None, **values: Any) -> bool | FailureCause:
    return COMPILER.compile(text).evaluate(attributes or {}, values, {})


@pytest.mark.parametrize(
    ("text", "attributes", "expected"),
    [
        ("profile.attributes.age > 18", {"age": 19}, True),
        ("profile.attributes.age > 18", {"age": 18.5}, True),
        ("profile.attributes.age > 18", {"age": 18}, False),
        ("profile.attributes.age == 18", {"age": 18.0}, True),
        ("profile.attributes.age > 18", {}, MISSING),
        ("profile.attributes.age > 18", {"age": "19"}, WRONG_TYPE),
        ("profile.attributes.age + 1 > 18", {"age": 18.5}, WRONG_TYPE),
        ("!(profile.attributes.country in ['DE'])", {}, MISSING),
        ("has(profile.attributes.a.b)", {}, MISSING),
        ("has(profile.attributes.a) && has(profile.attributes.a.b)", {}, False),
        ("has(profile.attributes.a.b)", {"a": {"b": 1, "c": 2}}, True),
        ("profile.attributes.a.b == 1", {"a": 1}, WRONG_TYPE),
        ("profile.attributes.l[0] == 1", {"l": []}, MISSING),
        ("profile.attributes.l['a'] == 1", {"l": [1]}, WRONG_TYPE),
        ("profile.attributes.a.b == null", {"a": {"b": None}}, True),
        ("profile.attributes.gone == 1 || profile.attributes.plan == 'gold'", {"plan": "gold"}, True),
        ("profile.attributes.tags.exists(t, t == 'vip')", {"tags": ["new", "vip"]}, True),
        ("profile.attributes.tags.exists(t, t == 'vip')", {"tags": "vip"}, WRONG_TYPE),
        ("size(profile.attributes) == 2", {"a": 1, "b": 2}, True),
        ("profile.attributes['x-y'] == 'ü😀'", {"x-y": "ü😀"}, True),
        ("1 / profile.attributes.zero == 1", {"zero": 0}, OTHER),
        ("profile.attributes.big == 1", {"big": 10**30}, OTHER),
        ("timestamp(profile.attributes.since) < now", {"since": "yesterday"}, OTHER),
        ("profile.attributes.many.all(each, each == 1)", {"many": [1] * 10_001}, OTHER),
        ("profile.attributes.many.filter(each, each == 1).size() == 500", {"many": [1] * 500}, True),
        ("profile.attributes.many.filter(each, each == 1).size() == 501", {"many": [1] * 501}, OTHER),
        ("profile.attributes.a.many.map(each, each).size() == 501", {"a": {"many": [1] * 501}}, OTHER),
        ("profile.attributes.filter(each, true).size() == 501", {str(index): 1 for index in range(501)}, OTHER),
        ("profile.attributes.few.map(each, each).size() == 1", {"few": [1], "many": [1] * 501}, True),
    ],
)
def test_a_condition_over_attributes(text: str, attributes: Mapping[str, Any], expected: bool | FailureCause) -> None:
    assert evaluate(text, attributes, now=COMPILER.time(0)) is expected


def test_other_fields_of_a_profile_are_read_by_their_names() -> None:
    text = "profile.locale.startsWith('de') && profile.time_zone == '' && now - profile.create_time > duration('24h')"
    values = {"profile.locale": "de-AT", "profile.time_zone": "", "now": COMPILER.time(2 * DAY)}
    assert evaluate(text, **values, **{"profile.create_time": COMPILER.time(0)}) is True
    assert evaluate(text, **values, **{"profile.create_time": COMPILER.time(DAY)}) is False


def test_a_choice_is_read_by_its_scope_and_by_that_of_each_evaluation() -> None:
    condition = COMPILER.compile("consent('EMAIL', 'news') == 'GRANTED'")
    assert [condition.evaluate({}, {}, {NEWS: choice}) for choice in ("GRANTED", "DENIED", "NONE")] == [
        True,
        False,
        False,
    ]


def test_what_a_condition_does_not_read_is_not_handed_over() -> None:
    unreadable = object()
    attributes = {"a": {"b": 1, "other": unreadable}, "other": unreadable}
    assert evaluate("profile.attributes.a.b == 1", attributes) is True
    assert evaluate("size(profile.attributes.a) == 2", {"a": {"b": 1, "c": 2}, "other": unreadable}) is True
    assert evaluate("profile.attributes.a.b == 1 && size(profile.attributes.a) == 2", {"a": {"b": 1, "c": 2}}) is True
