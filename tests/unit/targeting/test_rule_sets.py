"""Rules in CEL: which one is true of somebody, and what is wrong with their texts."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.adapters.targeting.compiler import CelRules, RuleInvalid
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import Person, RuleFailure, TargetingRule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import FindingCode
from hypothesis import given
from hypothesis import strategies as st

RULES = CelRules()
VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 2.5, "x", "1", "True", "missing", {}, {"b": 1}, {"b": "missing"}, [1]]
)
PEOPLE = st.builds(
    Person,
    st.dictionaries(st.just("a"), st.sampled_from([1, True])),
    st.dictionaries(st.sampled_from("ab"), VALUES),
    st.sampled_from(["email:jane@example.com", "phone:1"]),
    st.sampled_from(["a@a.example", "b@a.example"]),
    st.sampled_from(["de", "en"]),
    st.sampled_from([frozenset[str](), frozenset({"vip"})]),
)
MISSING, WRONG_TYPE, OTHER = FailureCause.MISSING_VALUE, FailureCause.WRONG_TYPE, FailureCause.OTHER


def action(*conditions: str) -> Action:
    rules = tuple(TargetingRule(f"r{index}", condition) for index, condition in enumerate(conditions))
    return Action("email", "orders", EmailContent("x", text="y"), rules=rules)


def person(context: dict[str, Any] | None = None, locale: str = "de-AT", **profile: Any) -> Person:
    return Person(context or {}, profile, "email:jane@example.com", "jane@example.com", locale)


def found(conditions: list[str], whom: Person) -> tuple[str, list[FailureCause]]:
    rule, failures = RULES.rule_set(action(*conditions)).first_true(whom)
    return rule, [cause for _, cause in failures]


@pytest.mark.parametrize(
    ("conditions", "whom", "expected"),
    [
        (['profile.tier == "gold"'], person(tier="gold"), ("r0", [])),
        (['profile.tier == "gold"'], person(tier="silver"), ("", [])),
        (['profile.tier == "gold"'], person(), ("", [MISSING])),
        (["has(profile.a.b)"], person(), ("", [MISSING])),
        (["has(profile.a) && has(profile.a.b)"], person(), ("", [])),
        (["profile.x == 1", "true"], person(), ("r1", [MISSING])),
        (["profile.x == 1", "true"], person(x=1), ("r0", [])),
        (['!(profile.country in ["DE"])'], person(), ("", [MISSING])),
        (['!(profile.country in ["DE"])'], person(country="AT"), ("r0", [])),
        (["profile.x == 1 || profile.y == 2"], person(y=2), ("r0", [])),
        (["profile.x == 1 && profile.y == 2"], person(y=3), ("", [])),
        (["context.qty + 1 > 2"], person({"qty": 3}), ("", [WRONG_TYPE])),
        (["context.qty + 1.0 > 2.0"], person({"qty": 3}), ("r0", [])),
        (["context.qty == 3"], person({"qty": 3}), ("r0", [])),
        (["context.qty / 2.0 == 1.5"], person({"qty": 3}), ("r0", [])),
        (["context.a.b[0].c == 1"], person({"a": {"b": [{"c": 1}], "d": "x"}}), ("r0", [])),
        (["context.a.b[1].c == 1"], person({"a": {"b": []}}), ("", [MISSING])),
        (['context["a-b"] == "x"'], person({"a-b": "x"}), ("r0", [])),
        (["context.on == true"], person({"on": True}), ("r0", [])),
        (["context.none == null"], person({"none": None}), ("r0", [])),
        (["context.none > 3"], person({"none": None}), ("", [WRONG_TYPE])),
        (["profile == {}"], person(), ("r0", [])),
        (['recipient.locale.startsWith("de")'], person(), ("r0", [])),
        (['recipient.identity == "email:" + recipient.address'], person(), ("r0", [])),
        (['profile.a == "x" // comment', "false || true // and another"], person(a="y"), ("r1", [])),
        (["context.items.exists(i, i.sku == 'b')"], person({"items": [{"sku": "a"}, {"sku": "b"}]}), ("r0", [])),
        (["context.items.exists(i, i == 1)", "true"], person({"items": [2] * 1_001}), ("", [OTHER, OTHER])),
    ],
)
def test_the_first_true_rule_decides_and_one_that_fails_is_not_true(
    conditions: list[str], whom: Person, expected: tuple[str, list[FailureCause]]
) -> None:
    assert found(conditions, whom) == expected


@pytest.mark.parametrize("count", [1, 2, 7, 20])
def test_every_rule_is_found_however_many_there_are(count: int) -> None:
    rules = RULES.rule_set(action(*(f"profile.n == {index}" for index in range(count))))
    assert [rules.first_true(person(n=index)) for index in range(count)] == [(f"r{i}", ()) for i in range(count)]
    assert rules.first_true(person(n=count)) == ("", ())
    assert rules.first_true(person()) == ("", tuple(RuleFailure(f"r{index}", MISSING) for index in range(count)))


def test_nothing_is_handed_over_that_no_rule_reads() -> None:
    class Untouched(dict[str, Any]):
        def items(self) -> Any:
            raise AssertionError

        values = __iter__ = items

    whom = person({"large": Untouched(a=1), "total": 3}, tier="gold", large=Untouched(b=2))
    assert found(["context.total == 3 && profile.tier == 'gold'"], whom) == ("r0", [])


@pytest.mark.parametrize(
    ("condition", "code", "place", "said"),
    [
        ("profile.", FindingCode.RULE_SYNTAX, (1, 9), "No viable alternative"),
        ("true &&\n  context.a ==", FindingCode.RULE_SYNTAX, (2, 15), "at the end"),
        ("a\x01", FindingCode.RULE_SYNTAX, (1, 2), "control characters"),
        ("(" * 40 + "true" + ")" * 40, FindingCode.RULE_SYNTAX, (1, 1), "nested more than 32"),
        ("foo == 1", FindingCode.RULE_UNKNOWN_NAME, (1, 1), "A rule reads profile.NAME"),
        ("now > now", FindingCode.RULE_UNKNOWN_NAME, (1, 1), "'now'"),
        ('consent("EMAIL", "") == "GRANTED"', FindingCode.RULE_UNKNOWN_NAME, (1, 8), "'consent'"),
        ('recipient.name == "x"', FindingCode.RULE_UNKNOWN_NAME, (1, 10), "'recipient.name'"),
        ('"a"', FindingCode.RULE_WRONG_TYPE, (1, 1), "It is a string"),
        ("profile.vip", FindingCode.RULE_WRONG_TYPE, (1, 8), "profile.vip == true"),
        ('1 + "a" == 2', FindingCode.RULE_WRONG_TYPE, (1, 3), "no matching overload"),
        ("audience(profile.a)", FindingCode.RULE_SYNTAX, (1, 9), "the id of an audience as it is written in quotes"),
        ("audience('Vip')", FindingCode.RULE_SYNTAX, (1, 9), "lower-case letters"),
        ("audience('v' + 'ip')", FindingCode.RULE_SYNTAX, (1, 9), "in quotes"),
        ('audience("v\\x69p")', FindingCode.RULE_SYNTAX, (1, 9), "in quotes"),
        ("audience(r'vip')", FindingCode.RULE_SYNTAX, (1, 9), "in quotes"),
        ("audience(3) || true", FindingCode.RULE_WRONG_TYPE, (1, 9), "no matching overload"),
        ('profile.a.matches("a{1,100}")', FindingCode.RULE_SYNTAX, (1, 18), "without repetitions"),
        ("profile.a.exists(x, profile.b.exists(y, x == y))", FindingCode.RULE_SYNTAX, (1, 17), "too long"),
    ],
)
def test_a_text_that_is_no_rule_is_refused_with_its_place(
    condition: str, code: FindingCode, place: tuple[int, int], said: str
) -> None:
    with pytest.raises(RuleInvalid) as refused:
        RULES.compile(condition)
    position, message = refused.value.problems[0]
    assert (refused.value.code, tuple(position)) == (code, place)
    assert said in message


def test_each_problem_of_each_rule_is_a_violation_by_its_path() -> None:
    actions = (action("true", "profile."), action("foo == bar"))
    definition = CampaignDefinition("Orders", Category.TRANSACTIONAL, actions)
    violations = [(each.field, each.reason, each.description[:19]) for each in RULES.violations(definition)]
    assert violations == [
        ("actions[0].rules[1].condition", "CONDITION_INVALID", "Line 1, column 9: N"),
        ("actions[1].rules[0].condition", "CONDITION_INVALID", "Line 1, column 1: U"),
        ("actions[1].rules[0].condition", "CONDITION_INVALID", "Line 1, column 8: U"),
    ]


def test_people_who_are_alike_in_what_rules_read_get_the_same_answer_and_others_their_own() -> None:
    rules = RULES.rule_set(action("profile.a == true", "profile.a == 1", 'profile.a == "True"', "has(profile.a.b)"))
    people: list[tuple[dict[str, Any], str]] = [
        ({"a": True}, "r0"),
        ({"a": 1}, "r1"),
        ({"a": 1.0}, "r1"),
        ({"a": "True"}, "r2"),
        ({"a": {"b": None}}, "r3"),
        ({"a": {}}, ""),
        ({"a": None}, ""),
        ({}, ""),
        ({"a": ["true"]}, ""),
        ({"a": "x" * 100}, ""),
        ({"a": "1"}, ""),
        ({"a": "None"}, ""),
    ]
    for profile, rule in (*people, *reversed(people)):
        assert rules.first_true(person(**profile))[0] == rule
    failures = [rules.first_true(person(**profile))[1] for profile, _ in people]
    assert [len(each) for each in failures] == [0, 0, 0, 0, 0, 0, 1, 4, 1, 1, 1, 1]


def test_rules_ask_about_audiences_and_others_than_the_persons_are_false() -> None:
    rules = RULES.rule_set(
        action("audience('a') && audience('b')", "!audience('a')", "audience('a') && profile.x == 1")
    )
    assert rules.audiences == {"a", "b"}
    for _ in range(2):
        for audiences, rule in (({"a", "b"}, "r0"), ({"b"}, "r1"), ({"a"}, "r2"), (set[str](), "r1")):
            assert rules.first_true(person(x=1)._replace(audiences=frozenset(audiences))) == (rule, ())
    failed = rules.first_true(person()._replace(audiences=frozenset({"a"})))
    assert failed == ("", (RuleFailure("r2", MISSING),))


@given(
    st.sampled_from(
        [
            ("profile.a.b == 1", "profile.b == 'x' || profile.a == true", "has(profile.a) && profile.a > 1"),
            ("profile == {}", "context.a == profile.a"),
            ("recipient.identity == 'phone:1'", "profile.a == true"),
            ("recipient.address == 'b@a.example'", "profile.a == true"),
            ("recipient.locale == 'de' && profile.a == true", "recipient.locale == 'en'"),
            ("audience('vip') && profile.a == true", "!audience('vip')"),
        ]
    ),
    st.lists(PEOPLE, max_size=6),
)
def test_what_is_remembered_is_what_would_be_evaluated(conditions: tuple[str, ...], people: list[Person]) -> None:
    shared = RULES.rule_set(action(*conditions))
    for whom in people:
        assert shared.first_true(whom) == RULES.rule_set(action(*conditions)).first_true(whom)
