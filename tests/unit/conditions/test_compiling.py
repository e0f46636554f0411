"""Conditions are compiled, or refused with the place of what is wrong."""

from __future__ import annotations

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.domain.audiences.condition import MAX_CONDITION, ConditionInvalid
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentScope

COMPILER = CelConditionCompiler()


def places(text: str) -> list[tuple[int, int]]:
    """Returns the lines and columns of what is wrong."""
    with pytest.raises(ConditionInvalid) as refused:
        COMPILER.compile(text)
    return [tuple(problem.position) for problem in refused.value.problems]  # type: ignore[misc] # of two numbers


def messages(text: str) -> str:
    with pytest.raises(ConditionInvalid) as refused:
        COMPILER.compile(text)
    return " ".join(problem.message for problem in refused.value.problems)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [(1, 1)]),
        ("profile.attributes.age >", [(1, 25)]),
        ("true ||\n  nobody", [(2, 3)]),
        ('profile.locale.contains("ü") && ü', [(1, 33), (1, 34)]),
        ("true &&\n(1 + 'a' == 2)\n|| unknown(3)", [(2, 4), (3, 11)]),
        ("profile.locale == 1", [(1, 16)]),
        ("profile.attributes.n == 99999999999999999999", [(1, 25)]),
        ("(" * 40 + "true" + ")" * 40, [(1, 1)]),
        ("true\x00", [(1, 5)]),
        ("true ||\n\t'a\x00' == 'b'", [(2, 4)]),
        ("'\x1b' == '\x7f'", [(1, 2)]),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line_and_column(text: str, expected: list[tuple[int, int]]) -> None:
    assert places(text) == expected


def test_an_unknown_member_of_the_profile_is_told_how_attributes_are_written() -> None:
    assert messages('profile.plan == "gold"') == (
        "Undeclared reference to 'profile.plan'. Attributes are written as profile.attributes.NAME."
    )


def test_one_equals_sign_is_told_that_values_are_compared_by_two() -> None:
    assert "Values are compared by ==." in messages("profile.locale = 'de'")


@pytest.mark.parametrize("text", ["profile.locale", "1", "profile.attributes.vip", "true ? 1 : 2"])
def test_a_condition_must_be_true_or_false(text: str) -> None:
    assert "must be true or false" in messages(text)


@pytest.mark.parametrize("arguments", ["'EMAIL', profile.locale", "'email', 'news'", "'FAX', ''"])
def test_consent_takes_constants_and_the_name_of_a_channel(arguments: str) -> None:
    assert places(f"consent({arguments}) == 'DENIED'") == [(1, 8)]


def test_the_functions_of_a_time_open_no_file() -> None:
    assert "UTC" in messages('now.getHours("/etc/passwd") == 1')


def test_a_condition_has_a_greatest_length() -> None:
    longest = "true" + " " * (MAX_CONDITION - 4)
    COMPILER.compile(longest)
    assert places(longest + " ") == [(1, 1)]


def test_the_same_text_is_compiled_once() -> None:
    assert COMPILER.compile("now < now") is COMPILER.compile("now < now")


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("profile.attributes.age > 18", {("age",)}),
        ("has(profile.attributes.a.b) && profile.attributes.a.b == 1", {("a", "b")}),
        ('profile.attributes["x-y"].z == profile.attributes.q', {("x-y", "z"), ("q",)}),
        ("size(profile.attributes) > 1", {()}),
        ('"plan" in profile.attributes', {()}),
        ("profile.attributes[profile.locale] == 1", {()}),
        ("profile.attributes.l[0] == 1", {("l",)}),
        ("profile.attributes.l.exists(x, x.y == profile.attributes.z)", {("l",), ("z",)}),
        ("[profile.attributes.a, {'k': profile.attributes.b}].size() == 2", {("a",), ("b",)}),
        ("profile.locale == 'de'", set()),
    ],
)
def test_the_attributes_that_a_condition_reads_are_known(text: str, paths: set[tuple[str, ...]]) -> None:
    assert COMPILER.compile(text).reads.attributes == paths


def test_the_names_and_the_choices_that_a_condition_reads_are_known() -> None:
    text = "profile.create_time < now &&\n consent('EMAIL', 'news') == consent('EMAIL', '')"
    reads = COMPILER.compile(text).reads
    assert reads.names == {"profile.create_time", "now"}
    news, everything = ConsentScope(Channel.EMAIL, "news"), ConsentScope(Channel.EMAIL)
    assert {scope: tuple(position) for scope, position in reads.consents.items()} == {
        news: (2, 9),
        everything: (2, 37),
    }


@pytest.mark.parametrize(
    "pattern", ["profile.locale", "'('", "'a{3}'", f"'{'a' * 65}'", "profile.attributes.pattern", "string(1)"]
)
def test_a_pattern_is_a_short_constant_without_counted_repetitions(pattern: str) -> None:
    assert "regular expression" in messages(f"profile.locale.matches({pattern})")


_TAGS, _OTHERS = "profile.attributes.tags", "profile.attributes.others"


@pytest.mark.parametrize(
    "text",
    [
        f"{_TAGS}.exists(t, t == 'vip')",
        f"{_TAGS}.exists(t, t.contains('vip') || t in ['a', 'b'])",
        f"{_TAGS}.filter(t, t.size() > 3).size() > 2",
        f"{_TAGS}.filter(t, t > 3).size() > 2 && {_OTHERS}.map(t, t + 1).exists(t, t == 3)",
        f"{_TAGS}.exists(t, {_OTHERS}.exists(o, o == 1))",
        f"{_TAGS}.all(t, t == profile.attributes.favourite)",
        f"{_TAGS} == {_OTHERS} && 'a' in {_TAGS}",
        "profile.attributes.text.matches('^vip-[0-9]+$')",
        "profile.attributes.text.contains(profile.attributes.word)",
        " && ".join(f"profile.attributes.a{index} == {index}" for index in range(100)),
    ],
)
def test_usual_conditions_are_cheap_enough(text: str) -> None:
    COMPILER.compile(text)


@pytest.mark.parametrize(
    "text",
    [
        f"{_TAGS}.exists(t, t in {_OTHERS})",
        f"{_TAGS}.exists(t, profile.attributes.text.contains('x') || profile.attributes.text.contains('y'))",
        f"{_TAGS}.exists(t, {_OTHERS}.exists(o, o + t == 'ab'))",
        f"{_TAGS}.exists(t, {_OTHERS}.exists(o, t.contains('a') || t.contains('b')))",
        f"{_TAGS}.exists(t, t.matches('^(vip|gold)-[a-z]+[0-9]+$'))",
        "[profile.attributes.text]" + ".map(x, x + x)" * 3 + ".size() == 1",
        "['a']" + ".map(x, x + x)" * 9 + ".size() == 1",
        f"({_TAGS} + {_OTHERS}).filter(t, t == 'a').size() > 2",
        f"{_TAGS}.map(t, t).map(t, t).size() > 2",
        f"{_TAGS}.exists(t, {_OTHERS}.filter(o, o == t).size() > 2)",
    ],
)
def test_a_condition_that_may_take_too_long_for_one_profile_is_refused(text: str) -> None:
    assert "too long" in messages(text)
