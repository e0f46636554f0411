"""JSON bodies of webhooks: how values are written, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from clarion_server.application.ports.content import RenderingFailed
from clarion_server.domain.content.webhook import BodyFormat, RenderedWebhook, WebhookContent
from clarion_server.domain.finding import Finding
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rendering.contents import COMPILER, campaign, codes, object_schema, personalisation

SCHEMA = object_schema(
    required=("name", "count", "order"),
    name={"type": "string"},
    count={"type": "integer"},
    order={"type": "object"},
    note={"type": ["string", "null"]},
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner),
)


def webhook(content: WebhookContent, context: Mapping[str, Any] | None = None) -> RenderedWebhook:
    rendered = COMPILER.compile_content(campaign(content), 0, "any").render(personalisation(context))
    assert isinstance(rendered, RenderedWebhook)
    return rendered


def body_of(source: str, context: Mapping[str, Any] | None = None) -> str:
    return webhook(WebhookContent(source), context).body


def failure(content: WebhookContent, context: Mapping[str, Any] | None = None) -> RenderingFailed:
    with pytest.raises(RenderingFailed) as caught:
        webhook(content, context)
    return caught.value


def reviewed(source: str, schema: Mapping[str, Any] = SCHEMA) -> list[Finding]:
    return COMPILER.review(campaign(WebhookContent(source), schema=schema))


@given(value=VALUES)
def test_any_value_comes_out_as_it_went_in(value: Any) -> None:
    assert json.loads(body_of('{"x": [{{ context.x }}]}', {"x": value})) == {"x": [value]}


@given(text=TEXTS)
def test_no_text_can_end_the_string_that_it_is_written_in(text: str) -> None:
    assert json.loads(body_of('[{{ "Order " ~ context.x }}]', {"x": text})) == [f"Order {text}"]


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("{{ 2.0 }}", "2"),
        ("{{ [1, 2.5] }}", "[1,2.5]"),
        ("{{ 2 ** 70 }}", str(2**70)),
        ("{{ 'a\"b' }}", '"a\\"b"'),
        ("{{ context.missing | default(none) }}", "null"),
        ("{{ context.missing | default('-') }}", '"-"'),
        ("{{ true }}", "true"),
        ("[{% for x in [1, 2] %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}]", "[1,2]"),
    ],
)
def test_values_are_written_as_json(source: str, body: str) -> None:
    assert body_of(source) == body


def test_what_tojson_made_is_not_encoded_again() -> None:
    assert json.loads(body_of("[{{ context.x | tojson }}]", {"x": "a'b"})) == ["a'b"]


@pytest.mark.parametrize("name", ["e", "escape", "safe"])
def test_filters_that_speak_of_html_are_not_there(name: str) -> None:
    assert "E TEMPLATE_UNKNOWN_NAME" in codes(reviewed(f"{{{{ context.name | {name} }}}}"))


def test_a_value_that_is_missing_is_an_error() -> None:
    refused = failure(WebhookContent('{\n"x": {{ context.order.id }}}'), {"order": {}})
    assert (refused.field, refused.line, refused.detail) == (
        "actions[0].webhook.json",
        2,
        "`context.order.id` is missing",
    )


@pytest.mark.parametrize("source", ["{{ 1e308 * 10 }}", "{{ [1e308 * 10] }}"])
def test_numbers_that_json_cannot_hold_are_refused(source: str) -> None:
    assert "too large" in failure(WebhookContent(source)).detail


def test_lists_that_hold_each_other_a_million_times_are_refused_in_time() -> None:
    source = "{% set a = [1, 1] %}" + "{% set a = [a, a] %}" * 40 + "{{ a }}"
    assert "too much" in failure(WebhookContent(source)).detail


def test_what_is_no_json_is_refused_with_its_line_and_column() -> None:
    refused = failure(WebhookContent('{"a": 1,\n "b": {% if context.b %}{{ context.b }}{% endif %}}'))
    assert (refused.field, refused.line) == ("actions[0].webhook.json", 0)
    assert "not JSON" in refused.detail
    assert "line 2, column 7" in refused.detail


@pytest.mark.parametrize("source", ["{{ 1 }} {{ 2 }}", "{% if context.x %}1{% endif %}"])
def test_a_body_is_one_json_text(source: str) -> None:
    assert failure(WebhookContent(source)).field == "actions[0].webhook.json"


def test_a_text_body_writes_values_as_they_are() -> None:
    content = WebhookContent("Order {{ context.id }} <{{ 'ü' }}>", BodyFormat.TEXT)
    rendered = webhook(content, {"id": '"4711"'})
    assert rendered == RenderedWebhook('Order "4711" <ü>', {"content-type": "text/plain; charset=utf-8"})


def test_a_text_body_that_comes_out_empty_is_refused() -> None:
    refused = failure(WebhookContent("{% if context.x %}x{% endif %} \n", BodyFormat.TEXT))
    assert (refused.field, refused.detail) == ("actions[0].webhook.text", "the result is empty")


def test_a_body_beyond_a_mebibyte_is_refused() -> None:
    refused = failure(WebhookContent("{{ context.x }}", BodyFormat.TEXT), {"x": "ü" * (1 << 19) + "ü"})
    assert "longer than 1,048,576 octets" in refused.detail


def test_header_fields_are_templates_of_one_line() -> None:
    content = WebhookContent("{}", headers={"X-Order": " {{ context.id }} "})
    assert webhook(content, {"id": "4711"}).headers == {"content-type": "application/json", "X-Order": "4711"}
    for value in ("", "a\r\nX-Evil: b", "a\0b", "a" * 4001):
        assert failure(content, {"id": value}).field == "actions[0].webhook.headers.X-Order"


@pytest.mark.parametrize(
    "source",
    [
        '{"greeting": "Hello {{ context.name }}"}',
        '{"a": 1,\n"greeting": "{{ context.name }}"}',
        '["\\"{{ context.name }}"]',
        '["{{ context.order }}"]',
        '[{% if context.count %}"{{ context.name }}"{% else %}""{% endif %}]',
        '[{% for x in [1, 2] %}"{{ context.name }}",{% endfor %}0]',
        '["{{ context.name | tojson }}"]',
    ],
)
def test_a_value_between_quotes_is_an_error(source: str) -> None:
    found = reviewed(source)
    assert codes(found) == ["E JSON_INVALID"]
    assert found[0].field == "actions[0].webhook.json"
    assert found[0].line == 1 + source.partition("{{")[0].count("\n")


@pytest.mark.parametrize(
    "source",
    [
        '{"name": {{ context.name }}, "order": {{ context.order }}}',
        '{"text": "Number {{ context.count }}"}',
        "{ {{ context.name }}: 1 }",
        '{"note": {{ context.note | default(none) }}}',
        '{"text": "\\\\", "name": {{ context.name }}}',
        "[{% for x in [1, 2] %}{{ x }}{% if not loop.last %},{% endif %}{% endfor %}]",
        '{% set x = 1 %}{"x": {{ x }}}',
        "{{ context.order }}",
    ],
)
def test_a_body_in_order_has_no_findings(source: str) -> None:
    assert reviewed(source) == []


def test_null_is_a_value() -> None:
    assert reviewed('{"note": {{ context.note }}}', object_schema(required=("note",), note={})) == []


@pytest.mark.parametrize(
    ("source", "line"),
    [
        ('{"name": {{ context.name }},}', 1),
        ('{"name": {{ context.name }}\n "count": {{ context.count }}}', 2),
        ("{{ context.name }} {{ context.name }}", 1),
        ("{\n{# no more #}\n", 2),
        ('{"name": {{ context.name }}', 1),
        ("{'name': {{ context.name }}}", 1),
    ],
)
def test_a_text_around_the_values_that_is_no_json_is_an_error(source: str, line: int) -> None:
    found = reviewed(source)
    assert codes(found) == ["E JSON_INVALID"]
    assert found[0].line == line


def test_review_looks_at_every_action() -> None:
    first, second = WebhookContent("{{ context.x }}"), WebhookContent("{}", headers={"X-A": "{{ context.y }}"})
    found = COMPILER.review(campaign(first, second, schema=object_schema()))
    assert [finding.field for finding in found] == ["actions[0].webhook.json", "actions[1].webhook.headers.X-A"]
