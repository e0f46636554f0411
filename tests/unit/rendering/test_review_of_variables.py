"""Review of variables: which uses pass, and which do not."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.finding import Finding

from tests.unit.rendering import contents
from tests.unit.rendering.contents import codes, object_schema


def reviewed(template: str, schema: Any = None) -> list[Finding]:
    """Returns the findings of a template that writes something besides."""
    return contents.reviewed(f"{template}x", schema)


TEXT = {"type": "string"}
NUMBER = {"type": "number"}
COUPON = object_schema(required=("code",), code=TEXT, note=TEXT, amount=NUMBER)
ITEM = object_schema(
    required=("name", "price"), name=TEXT, price=NUMBER, discount=NUMBER, options={"type": "array", "items": TEXT}
)
CARD = object_schema(required=("kind", "card"), kind={"const": "card"}, card=TEXT)
BANK = object_schema(required=("kind", "iban"), kind={"const": "bank"}, iban=TEXT)

SCHEMA: dict[str, Any] = {
    **object_schema(
        required=("name", "order", "tags", "full", "pair", "nullable", "any", "gift", "pay", "prices", "rows"),
        name=TEXT,
        coupon=COUPON,
        order={"$ref": "#/$defs/order"},
        tags={"type": "array", "items": TEXT},
        full={"type": "array", "items": TEXT, "minItems": 2},
        pair={"type": "array", "prefixItems": [TEXT, NUMBER], "items": False, "minItems": 2},
        nullable={"type": ["string", "null"]},
        any={},
        gift={"type": "boolean"},
        pay={"oneOf": [CARD, BANK]},
        prices={"type": "object", "additionalProperties": NUMBER},
        by_code={"type": "object", "patternProperties": {"^[a-z]{2}$": TEXT}, "additionalProperties": False},
        rows={"type": "array", "items": {"type": "array", "items": ITEM, "minItems": 1}},
        loose={"properties": {"x": TEXT}, "required": ["x"]},
        state={"enum": ["new", "paid"]},
        both={"allOf": [{"type": "object", "required": ["x"]}, {"properties": {"x": TEXT}}]},
        cond={
            "type": "object",
            "if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]},
            "then": {"required": ["x"], "properties": {"x": TEXT}},
            "else": {"required": ["x", "y"], "properties": {"x": TEXT, "y": TEXT}},
        },
    ),
    "$defs": {
        "order": object_schema(required=("id", "items"), id=TEXT, items={"type": "array", "items": ITEM}, note=TEXT),
    },
}
SCHEMA["required"] += ["loose", "state", "both", "cond"]

SOUND = [
    "{{ context.name }} {{ context.order.id }} {{ context['order']['id'] }} {{ context.state }}",
    "{{ recipient.identity }} {{ recipient.address }} {{ recipient.locale }} {{ campaign.name }}",
    "{{ context.coupon.code | default('-') }}",
    "{{ context.coupon.note | d('-') | upper }}",
    "{% if context.coupon %}{{ context.coupon.code }}{% endif %}",
    "{% if context.coupon is defined %}{{ context.coupon.code }}{% endif %}",
    "{% if context.coupon is not defined %}-{% else %}{{ context.coupon.code }}{% endif %}",
    "{% if not context.coupon %}-{% else %}{{ context.coupon.code }}{% endif %}",
    "{% if context.name == 'x' %}-{% elif context.coupon %}{{ context.coupon.code }}{% endif %}",
    "{% if not context.coupon %}-{% elif context.coupon.code == 'x' %}x{% endif %}",
    "{% if context.coupon and context.coupon.note %}{{ context.coupon.note }}{% endif %}",
    "{% if context.coupon.note %}{{ context.coupon.code }} {{ context.coupon.note }}{% endif %}",
    "{% if context.coupon.note is defined %}{{ context.coupon.code }}{% endif %}",
    "{% if context.coupon.note is undefined or context.gift %}-{% else %}{{ context.coupon.note }}{% endif %}",
    "{% if context.gift and (context.coupon and context.coupon.note) %}{{ context.coupon.note }}{% endif %}",
    "{% if not (context.gift or not context.coupon) %}{{ context.coupon.code }}{% endif %}",
    "{{ context.coupon.code if context.coupon else '-' }}",
    "{{ context.coupon.code if context.coupon is defined and context.gift else '-' }}",
    "{{ context.coupon.note or context.name }}",
    "{% if context.coupon | default(none) %}{{ context.coupon.code }}{% endif %}",
    "{% if context.coupon.amount is number and context.coupon.amount > 3 %}{{ context.coupon.amount }}{% endif %}",
    "{% for item in context.order.items %}{{ loop.index }} {{ item.name }} {{ item.price | money('EUR') }}{% endfor %}",
    "{% for item in context.order['items'] if item.discount %}{{ item.discount | percent }}{% endfor %}",
    "{% for item in context.order.items %}{% for o in item.options | default([]) %}{{ o }}{% endfor %}{% endfor %}",
    "{% for item in context.order.items %}{% if item.options %}{{ item.options[0] }}{% endif %}{% endfor %}",
    "{% for row in context.rows %}{{ row[0].name }}{% for item in row %}{{ item.price }}{% endfor %}{% endfor %}",
    "{% for tag in context.tags %}{{ tag }}{% else %}{{ context.name }}{% endfor %}",
    "{% for x in context.tags %}{% if loop.previtem is defined %}{{ loop.previtem }}{% endif %}{% endfor %}",
    "{% for x in context.tags %}{{ loop.cycle('odd', 'even') }}{% endfor %}",
    "{% for k, v in context.prices.items() %}{{ k }} {{ v | number }}{% endfor %}",
    "{% for k, v in context.prices | dictsort %}{{ k }} {{ v }}{% endfor %}",
    "{% for k in context.prices %}{{ k }} {{ context.prices[k] }}{% endfor %}",
    "{% for v in context.prices.values() %}{{ v }}{% endfor %}{% for k in context.prices.keys() %}{{ k }}{% endfor %}",
    "{% for city, items in context.order.items | groupby('name') %}{{ city }}{{ items[0].price }}{% endfor %}",
    "{{ context.full[0] }} {{ context.full[1] }} {{ context.full[-2] }} {{ context.full | first }}",
    "{% if context.tags %}{{ context.tags[0] }} {{ context.tags | first }} {{ context.tags | last }}{% endif %}",
    "{% if context.tags | length > 0 %}{{ context.tags[0] }}{% endif %}",
    "{% if context.tags | length == 0 %}-{% else %}{{ context.tags[-1] }}{% endif %}",
    "{{ context.tags | first | default('-') }} {{ context.tags[7] | default('-') }}",
    "{{ context.pair[0] | upper }} {{ context.pair[1] | round }}",
    "{% set name, count = context.pair %}{{ name }}{{ count + 1 }}",
    "{{ context.nullable | default('-') }} {{ context.nullable or '-' }}",
    "{% if context.nullable is not none %}{{ context.nullable }}{% endif %}",
    "{% if context.nullable != none %}{{ context.nullable }}{% endif %}",
    "{% if context.nullable == 'x' %}{{ context.nullable }}{% endif %}",
    "{% if context.nullable is string %}{{ context.nullable }}{% endif %}",
    "{% if context.any is string %}{{ context.any }}{% endif %}",
    "{% if context.any is mapping %}{{ 'y' if context.any.x else 'n' }}{% endif %}",
    "{{ context.pay.kind }} {{ context.pay.card | default('-') }} {{ context.pay.iban | default('-') }}",
    "{% if context.pay.card is defined %}{{ context.pay.card }}{% else %}bank{% endif %}",
    "{{ context.both.x }} {{ context.cond.x }}",
    "{{ context.by_code.de | default('-') }}",
    "{{ context.loose.x | default('-') }}",
    "{{ profile.first_name | default('you') }} {{ profile.address.city | default('-') }}",
    "{% if profile.first_name %}Hi {{ profile.first_name }}{% endif %}",
    "{% for hobby in profile.hobbies or [] %}{{ hobby | default('-') }}{% endfor %}",
    "{% set o = context.order %}{{ o.id }}{% for i in o.items %}{{ i.name }}{% endfor %}",
    "{% set c = context.coupon %}{% if c %}{{ c.code }} {{ context.coupon.code }}{% endif %}",
    "{% set c = context.coupon %}{% if context.coupon %}{{ c.code }}{% endif %}",
    "{% if context.gift %}{% set x = 1 %}{% else %}{% set x = 'a' %}{% endif %}{{ x }}",
    "{% set x = 1 %}{% for t in context.tags %}{% set x = t %}{{ x }}{% endfor %}{{ x + 1 }}",
    "{% with o = context.order, n = context.name %}{{ o.id }}{{ n }}{% endwith %}",
    "{{ context.order.items | map(attribute='name') | join(', ') }}",
    "{{ context.order.items | map(attribute='discount', default=0) | sum }}",
    "{{ context.order.items | sum(attribute='price') | money('EUR') }}",
    "{% for i in context.order.items | selectattr('discount') %}{{ i.discount }}{% endfor %}",
    "{% for i in context.order.items | sort(attribute='price,name', reverse=true) %}{{ i.name }}{% endfor %}",
    "{{ context.tags | map('upper') | sort | unique | join }} {{ context.tags[1:] | join }}",
    "{{ (context.full | max) ~ ' ' ~ (context.full | map('lower') | first) }}",
    "{{ {'a': context.name, 'b': 1}.a }} {{ [context.name, 1][0] }} {{ ('x', 1)[1] }}",
    "{{ 1 + 2 * context.pair[1] - 3 / 2 // 1 % 2 ** 2 }} {{ -context.pair[1] }} {{ 'a' + context.name }}",
    "{% for n in range(3) %}{{ n }}{% endfor %}",
    "{% raw %}{{ context.nobody }}{% endraw %}{# {{ context.nobody }} #}",
    "{{ 'yes' if context.gift else 'no' }} {{ 'yes' if 'x' in context.tags else 'no' }}",
]


@pytest.mark.parametrize("template", SOUND)
def test_a_use_that_no_context_makes_fail_has_no_finding(template: str) -> None:
    assert reviewed(template, SCHEMA) == []


MAY_BE_MISSING = [
    ("{{ context.coupon.code }}", "context.coupon"),
    ("{% if context.coupon %}{{ context.coupon.note }}{% endif %}", "context.coupon.note"),
    ("{% if context.coupon %}-{% endif %}{{ context.coupon.code }}", "context.coupon"),
    ("{% if context.coupon %}-{% else %}{{ context.coupon.code }}{% endif %}", "context.coupon"),
    ("{% if context.coupon or context.gift %}{{ context.coupon.code }}{% endif %}", "context.coupon"),
    ("{% if not (context.coupon and context.gift) %}{{ context.coupon.code }}{% endif %}", "context.coupon"),
    ("{% if context.coupon.code == 'x' %}{% endif %}", "context.coupon"),
    ("{% if context.coupon.amount > 3 %}{% endif %}", "context.coupon"),
    ("{% if context.coupon is none %}{% endif %}", "context.coupon"),
    ("{{ context.coupon and context.coupon.code }}", "context.coupon"),
    ("{{ context.order.note }}", "context.order.note"),
    ("{{ context.order.note | upper }}", "context.order.note"),
    ("{{ context.order.note ~ '!' }}", "context.order.note"),
    ("{{ context.name | replace('a', context.order.note) }}", "context.order.note"),
    ("{{ context.order.note | default(context.coupon) }}", "context.coupon"),
    ("{% for i in context.order.items %}{{ i.discount }}{% endfor %}", "i.discount"),
    ("{% for i in context.order.items %}{% for o in i.options %}{% endfor %}{% endfor %}", "i.options"),
    ("{% for i in context.order.items if i.discount > 1 %}{% endfor %}", "i.discount"),
    ("{{ context.order.items | map(attribute='discount') | sum }}", "context.order.items[…].discount"),
    ("{{ context.order.items | sum(attribute='discount') }}", "context.order.items[…].discount"),
    ("{{ context.order.items | sort(attribute='discount') | length }}", "context.order.items[…].discount"),
    ("{{ context.order.items | rejectattr('discount', 'gt', 1) | list | length }}", "context.order.items[…].discount"),
    ("{{ context.tags[0] }}", "context.tags[0]"),
    ("{{ context.full[2] }}", "context.full[2]"),
    ("{{ context.full[-3] }}", "context.full[-3]"),
    ("{{ context.tags | first }}", ""),
    ("{{ context.tags | max }}", ""),
    ("{{ (context.order.items | first).name }}", ""),
    ("{{ context.nullable }}", "context.nullable"),
    ("{{ context.nullable | upper }}", "context.nullable"),
    ("{% if context.nullable is defined %}{{ context.nullable }}{% endif %}", "context.nullable"),
    ("{{ context.pay.card }}", "context.pay.card"),
    ("{{ context.cond.y }}", "context.cond.y"),
    ("{{ context.prices.tea }}", "context.prices.tea"),
    ("{{ context.prices[context.name] }}", "context.prices[…]"),
    ("{{ context.by_code.de }}", "context.by_code"),
    ("{{ context.loose.x }}", "context.loose"),
    ("{{ context.any.x }}", "context.any"),
    ("{{ profile.first_name }}", "profile.first_name"),
    ("{% for x in profile.hobbies %}{% endfor %}", "profile.hobbies"),
    ("{% if profile.name is defined %}{{ profile.name }}{% endif %}", "profile.name"),
    ("{% if context.gift %}{% set x = 1 %}{% endif %}{{ x }}", "x"),
    ("{% for t in context.tags %}{{ loop.previtem }}{% endfor %}", "loop.previtem"),
    ("{% with c = context.coupon %}{{ c.code }}{% endwith %}", "context.coupon"),
]


@pytest.mark.parametrize(("template", "path"), MAY_BE_MISSING)
def test_a_use_that_some_context_makes_fail_is_an_error_that_names_the_variable(template: str, path: str) -> None:
    (finding,) = reviewed(template, SCHEMA)
    assert codes([finding]) == ["E VARIABLE_MAY_BE_MISSING"]
    assert finding.message.startswith(f"`{path}` may be missing: " if path else "This value may be missing: ")
    assert finding.remedy


@pytest.mark.parametrize(
    ("template", "expected", "meant"),
    [
        ("{{ context.nmae }}", "E VARIABLE_NOT_IN_SCHEMA", "name"),
        ("{{ context.order.Id }}", "E VARIABLE_NOT_IN_SCHEMA", "id"),
        ("{% for i in context.order.items %}{{ i.prize }}{% endfor %}", "E VARIABLE_NOT_IN_SCHEMA", "price"),
        ("{% if context.coupn %}{% endif %}", "E VARIABLE_NOT_IN_SCHEMA", "coupon"),
        ("{{ 'a' if context.coupn else 'b' }}", "E VARIABLE_NOT_IN_SCHEMA", "coupon"),
        ("{{ context.coupn.code | default('-') }}", "W VARIABLE_NOT_IN_SCHEMA", "coupon"),
        ("{% if context.coupn is defined %}{% endif %}", "W VARIABLE_NOT_IN_SCHEMA", "coupon"),
        ("{{ recipient.adress }}", "E VARIABLE_NOT_IN_SCHEMA", "address"),
        ("{{ campaign.nmae }}", "E VARIABLE_NOT_IN_SCHEMA", "name"),
        ("{{ context.name.first }}", "E VARIABLE_NOT_IN_SCHEMA", ""),
        ("{{ context.order.items | map(attribute='nme') | join }}", "E VARIABLE_NOT_IN_SCHEMA", "name"),
        ("{{ contxt.name }}", "E TEMPLATE_UNKNOWN_NAME", "context"),
        ("{{ context.name | uper }}", "E TEMPLATE_UNKNOWN_NAME", "upper"),
        ("{{ context.name is strin }}", "E TEMPLATE_UNKNOWN_NAME", "string"),
        ("{{ context.tags | map('uper') | join }}", "E TEMPLATE_UNKNOWN_NAME", "upper"),
        ("{{ context.tags | select('strin') | join }}", "E TEMPLATE_UNKNOWN_NAME", "string"),
        ("{% for t in context.tags %}{% endfor %}{{ t }}", "E TEMPLATE_UNKNOWN_NAME", ""),
        ("{% for t in context.tags %}{% set x = 1 %}{% endfor %}{{ x }}", "E TEMPLATE_UNKNOWN_NAME", ""),
        ("{{ loop.index }}", "E TEMPLATE_UNKNOWN_NAME", ""),
    ],
)
def test_an_unknown_name_is_found_with_the_name_that_was_meant(template: str, expected: str, meant: str) -> None:
    (finding,) = reviewed(template, SCHEMA)
    assert codes([finding]) == [expected]
    assert finding.remedy.endswith(f" Did you mean `{meant}`?" if meant else ".")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ context.order }}", "E VARIABLE_NOT_PRINTABLE"),
        ("{{ context.tags }}", "E VARIABLE_NOT_PRINTABLE"),
        ("{{ context.any }}", "E VARIABLE_NOT_PRINTABLE"),
        ("{{ context.name ~ context.tags }}", "E VARIABLE_NOT_PRINTABLE"),
        ("{{ context.rows | join }}", "E VARIABLE_NOT_PRINTABLE"),
        ("{{ context.gift }}", "W VARIABLE_NOT_PRINTABLE"),
        ("{{ context.name == 'x' }}", "W VARIABLE_NOT_PRINTABLE"),
        ("{% for x in context.name %}{% endfor %}", "E VARIABLE_WRONG_TYPE"),
        ("{% for x in context.pair[1] %}{% endfor %}", "E VARIABLE_WRONG_TYPE"),
        ("{% for a, b in context.tags %}{% endfor %}", "E VARIABLE_WRONG_TYPE"),
        ("{% set a, b, c = context.pair %}", "E VARIABLE_WRONG_TYPE"),
        ("{% for a, b in context.rows %}{% endfor %}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.tags | money('EUR') }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.name + 1 }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.name * 3 }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.name | round }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ 'y' if context.name > 3 else 'n' }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ 'y' if 3 in context.name else 'n' }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.tags.items() | length }}", "E VARIABLE_WRONG_TYPE"),
        ("{{ context.rows | unique | length }}", "E VARIABLE_WRONG_TYPE"),
    ],
)
def test_a_use_that_does_not_fit_the_kind_of_value_is_found(template: str, expected: str) -> None:
    assert codes(reviewed(template, SCHEMA)) == [expected]


def test_findings_name_field_and_line_and_each_is_reported_once() -> None:
    findings = reviewed("<p>\n{{ context.nobody }}\n\n{{ context.nobody }}{{ context.nobody }}</p>", SCHEMA)
    assert [(finding.field, finding.line) for finding in findings] == [
        ("actions[0].email.html", 2),
        ("actions[0].email.html", 4),
    ]


def test_one_mistake_leads_to_one_finding() -> None:
    assert len(reviewed("{% for x in context.nobody.items %}{{ x.name | money(x.y) }}{% endfor %}", SCHEMA)) == 1


def test_without_a_schema_no_variable_of_the_context_is_known() -> None:
    assert codes(reviewed("{{ context.name }}")) == ["E VARIABLE_NOT_IN_SCHEMA"]


def test_long_chains_of_conditions_are_followed() -> None:
    chain = " and ".join(f"(context.coupon or context.tags | length > {number})" for number in range(40))
    nested = "context.gift"
    for _ in range(25):
        nested = f"(not {nested} or context.coupon is defined)"
    assert reviewed(f"{{% if {chain} %}}{{% endif %}}{{% if {nested} %}}{{% endif %}}", SCHEMA) == []


def test_schemas_with_very_many_alternatives_are_followed() -> None:
    choice = {"anyOf": [{"type": "object", "required": [f"x{n}"]} for n in range(30)]}
    schema = object_schema(required=("a",), a={"allOf": [choice] * 12})
    assert codes(reviewed("{{ context.a.x1 }}", schema)) == ["E VARIABLE_MAY_BE_MISSING"]
