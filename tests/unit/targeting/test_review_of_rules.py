"""Review of rules: what is wrong with them is found with its place, and what is sound gets no finding."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from clarion_server.adapters.rendering.schemas.check import JsonSchema
from clarion_server.adapters.targeting import ReviewedRules
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import Person, TargetingRule
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.finding import Finding, Severity
from hypothesis import given
from hypothesis import strategies as st

RULES = ReviewedRules()
SCHEMA = yaml.safe_load("""
type: object
required: [name, total, order, tags, rows]
additionalProperties: false
properties:
  name: { type: string }
  total: { type: number }
  gift: { type: boolean }
  tags: { type: array, items: { type: string } }
  pair: { type: array, items: { type: number }, minItems: 2 }
  rows:
    type: array
    items: { type: object, required: [sku], properties: { sku: { type: string }, price: { type: number } } }
  coupon: { type: object, required: [code], properties: { code: { type: string } } }
  order: { type: object, required: [id, note], properties: { id: { type: string }, note: { type: [string, "null"] } } }
  anything: {}
""")


def definition(*conditions: str, schema: Mapping[str, Any] | None = SCHEMA) -> CampaignDefinition:
    rules = tuple(TargetingRule(f"r{index}", condition) for index, condition in enumerate(conditions))
    action = Action("email", "orders", EmailContent("x", text="y"), rules=rules)
    return CampaignDefinition("Orders", Category.TRANSACTIONAL, (action,), context_schema=schema)


def reviewed(*conditions: str, schema: Mapping[str, Any] | None = SCHEMA) -> list[Finding]:
    return RULES.findings(definition(*conditions, schema=schema))


@pytest.mark.parametrize(
    "condition",
    [
        'has(profile.tier) && profile.tier == "gold"',
        'profile.tier == "gold" && has(profile.tier)',
        "has(profile.a) && has(profile.a.b) && profile.a.b > 3",
        "!has(profile.a) || profile.a == 1",
        '!(!has(profile.country) || profile.country in ["DE"])',
        '"tier" in profile && profile.tier == "gold"',
        'has(profile.tier) ? profile.tier == "x" : false',
        'has(profile.a) && profile["a"] == "x"',
        "context.total + 1.0 > 20.0",
        "context.total > 3",
        "context.total in [1.0, 2.0]",
        "-context.total < -3.0",
        'context.order.id == "A" && context.name.startsWith("J")',
        'context.order.note != null && context.order.note.startsWith("x")',
        '!(context.order.note == null || !context.order.note.startsWith("x"))',
        'has(context.coupon) && context.coupon.code == "x"',
        "has(context.gift) && context.gift",
        'context.tags.exists(t, t == "x")',
        "context.rows.all(r, !has(r.price) || r.price > 3.0)",
        'context.rows.exists_one(r, r.sku == "x")',
        'size(context.rows) > 1 && context.rows[1].sku == "x"',
        "has(context.pair) && context.pair[1] == 2",
        "size(context.tags) + 1 > 2",
        '"x" in context.tags',
        'timestamp(context.name) > timestamp("2020-01-01T00:00:00Z")',
        "int(context.total) % 2 == 0",
        'recipient.locale.startsWith("de") && recipient.identity != recipient.address',
        "has(context.anything) && context.anything == 3",
        'context.name in ["a"] || true',
        "audience('vip') && !audience('old') || context.name == 'a'",
    ],
)
def test_a_sound_rule_has_no_finding(condition: str) -> None:
    assert reviewed(condition) == []


@pytest.mark.parametrize(
    ("condition", "code", "said"),
    [
        ('profile.tier == "gold"', "RULE_MAY_FAIL", "Column 8: profile.tier may be missing."),
        ("has(profile.a.b)", "RULE_MAY_FAIL", "profile.a may be missing"),
        ('!(profile.country in ["DE"])', "RULE_MAY_FAIL", "profile.country may be missing"),
        ('has(profile.a) || profile.a == "x"', "RULE_MAY_FAIL", "profile.a may be missing"),
        ('has(profile.a) && profile.b == "x"', "RULE_MAY_FAIL", "profile.b may be missing"),
        ('context.coupon.code == "x"', "RULE_MAY_FAIL", "context.coupon may be missing"),
        ("context.rows.exists(r, r.price > 3.0)", "RULE_MAY_FAIL", "r.price may be missing"),
        ('context.rows[0].sku == "x"', "RULE_MAY_FAIL", "context.rows[0] may be missing"),
        ('size(context.rows) > 0 && context.rows[1].sku == "x"', "RULE_MAY_FAIL", "context.rows[1] may be missing"),
        ('context.order.note.startsWith("x")', "RULE_MAY_FAIL", "context.order.note may be null"),
        ("has(context.anything) && context.anything > 3", "RULE_MAY_FAIL", "context.anything may be"),
        ("context.oder.id == 'A'", "RULE_UNKNOWN_NAME", "Did you mean `order`?"),
        ("has(context.oder)", "RULE_UNKNOWN_NAME", "no context.oder"),
        ("context.total + 1 > 20", "RULE_WRONG_TYPE", "are doubles"),
        ("size(context.tags) + context.total == 20", "RULE_WRONG_TYPE", "are doubles"),
        ("has(profile.n) && profile.n + 1 > 2", "RULE_WRONG_TYPE", "are doubles"),
        ("context.total % 2 == 0", "RULE_WRONG_TYPE", "takes a whole number"),
        ("context.name > 3", "RULE_WRONG_TYPE", "`>` is between a text and a whole number"),
        ("context.name == 3.0", "RULE_WRONG_TYPE", "`==` is between a text and a number"),
        ("context.name + 1.0 > context.total", "RULE_WRONG_TYPE", "`+` is between"),
        ("context.name.foo == 1", "RULE_WRONG_TYPE", "has no members such as 'foo'"),
        ("!context.name", "RULE_WRONG_TYPE", "`!` takes true or false"),
        ("audience('vip') == 'yes'", "RULE_WRONG_TYPE", "no matching overload"),
        ("context.total && true", "RULE_WRONG_TYPE", "a condition takes true or false"),
        ('"x" in context.name', "RULE_WRONG_TYPE", "`in` takes a list or an object"),
        ("context.name.exists(x, true)", "RULE_WRONG_TYPE", "a loop takes"),
        ("false && context.name == 'x'", "RULE_NEVER", "always false"),
        ("!(true || context.name == 'x')", "RULE_NEVER", "always false"),
        ("profile.", "RULE_SYNTAX", "Column 9"),
    ],
)
def test_what_is_wrong_is_found_with_its_place(condition: str, code: str, said: str) -> None:
    (finding,) = reviewed(condition)
    assert (finding.code.value, finding.field) == (code, "actions[0].rules[0].condition")
    assert said in finding.message
    assert finding.remedy
    warns = code in {"RULE_MAY_FAIL", "RULE_NEVER"}
    assert finding.severity is (Severity.WARNING if warns else Severity.ERROR)


@pytest.mark.parametrize(
    ("condition", "remedy"),
    [
        ('!(profile.country in ["DE"])', "`has(profile.country) && …`"),
        ("context.total + 1 > 2", "as in 1.0"),
        ("has(profile.n) && profile.n + 1 > 2", "as in 1.0"),
        ("context.total + size(context.tags) > 2", "`double(…)`"),
    ],
)
def test_the_remedy_is_what_to_write_instead(condition: str, remedy: str) -> None:
    (finding,) = reviewed(condition)
    assert remedy in finding.remedy


def test_the_line_is_told() -> None:
    (finding,) = reviewed('true &&\n  profile.tier == "gold"')
    assert (finding.line, finding.message) == (2, "Column 10: profile.tier may be missing.")


def test_a_rule_behind_one_that_is_always_true_is_never_reached() -> None:
    findings = reviewed("context.total > 3", "true", "context.total > 4", "context.total > 5")
    assert [(each.code.value, each.field) for each in findings] == [
        ("RULE_NEVER", "actions[0].rules[2]"),
        ("RULE_NEVER", "actions[0].rules[3]"),
    ]


def test_without_a_schema_the_context_is_empty_and_with_an_unsound_one_nothing_is_known_of_it() -> None:
    (finding,) = reviewed("context.a == 1", schema=None)
    assert finding.code.value == "RULE_UNKNOWN_NAME"
    assert RULES.findings(definition("has(context.a) && context.a == 1"), is_sound=False) == []


def paths() -> st.SearchStrategy[str]:
    names = ["context.name", "context.total", "context.gift", "context.coupon", "context.coupon.code", "context.tags"]
    names += [
        "context.order.note",
        "profile.a",
        "profile.a.b",
        "profile['c']",
        "context.rows[0].price",
        "context.pair[1]",
    ]
    return st.sampled_from(names)


def atoms() -> st.SearchStrategy[str]:
    path = paths()
    return st.one_of(
        st.builds("has({})".format, path.filter(lambda each: "[" not in each)),
        st.builds("{} == 'x'".format, path),
        st.builds("{} != null".format, path),
        st.builds("{} == null".format, path),
        st.builds("{} > 3.0".format, path),
        st.builds("{}.startsWith('x')".format, path),
        st.builds("size({}) > 1".format, st.sampled_from(["context.tags", "context.rows", "context.pair"])),
        st.builds(
            "context.rows.exists(r, {})".format, st.sampled_from(["r.price > 1.0", "has(r.price) && r.price > 1.0"])
        ),
        st.sampled_from(["true", "false", "'a' in profile", "'x' in context.tags"]),
    )


CONDITIONS = st.recursive(
    atoms(),
    lambda inner: st.one_of(
        st.builds("({} && {})".format, inner, inner),
        st.builds("({} || {})".format, inner, inner),
        st.builds("!({})".format, inner),
        st.builds("({} ? {} : {})".format, inner, inner, inner),
    ),
    max_leaves=6,
)
VALUES: st.SearchStrategy[Any] = st.sampled_from(["x", "y", 1.0, 5, True, None, {}, {"b": "x"}, []])
CONTEXTS = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["x", "y"]),
        "total": st.sampled_from([1, 2.5, 5]),
        "tags": st.lists(st.sampled_from(["x", "y"]), max_size=3),
        "rows": st.lists(st.sampled_from([{"sku": "x"}, {"sku": "y", "price": 2}]), max_size=2),
        "order": st.fixed_dictionaries({"id": st.just("x"), "note": st.sampled_from(["x", None])}),
    },
    optional={
        "gift": st.booleans(),
        "pair": st.just([1, 2]),
        "coupon": st.fixed_dictionaries({"code": st.just("x")}),
    },
)
PROFILES = st.dictionaries(st.sampled_from(["a", "c"]), VALUES)
CHECK = JsonSchema(SCHEMA)


@given(CONDITIONS, CONTEXTS, PROFILES)
def test_no_rule_without_findings_lacks_a_value(
    condition: str, context: dict[str, Any], profile: dict[str, Any]
) -> None:
    assert not CHECK.violations(context)
    if any(finding.code.value != "RULE_NEVER" for finding in reviewed(condition)):
        return
    person = Person(context, profile, "email:jane@example.com", "jane@example.com", "en")
    _, failures = RULES.rule_set(definition(condition).actions[0]).first_true(person)
    assert FailureCause.MISSING_VALUE not in [cause for _, cause in failures]
    if "profile" not in condition:
        assert failures == ()
