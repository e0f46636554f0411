"""Rendering a content with the data of one recipient."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pytest
from clarion_server.application.ports.content import ContentInvalid, RenderingFailed
from clarion_server.domain.content.email import RenderedEmail

from tests.unit.rendering.contents import COMPILER, definition, personalisation, rendered, text_of

JANE = "O'Hara <jane@example.com>"


def failure(context: Mapping[str, Any], **parts: Any) -> RenderingFailed:
    with pytest.raises(RenderingFailed) as caught:
        rendered(context, **parts)
    return caught.value


def test_every_part_sees_the_same_variables() -> None:
    email = rendered(
        {"id": "4711"},
        {"first_name": "Jane"},
        subject="Order {{ context.id }} for {{ profile.first_name }}",
        html="<b>{{ campaign.display_name }}</b>",
        text="{{ recipient.identity }} {{ recipient.address }} {{ recipient.locale }}",
        headers={"X-Campaign": "{{ campaign.name }}"},
    )
    assert email.subject == "Order 4711 for Jane"
    assert email.html == "<b>Order confirmed</b>"
    assert email.text == "email:jane@example.com jane@example.com en"
    assert email.headers == {"X-Campaign": "campaigns/order-confirmed"}


def test_html_escapes_values_and_the_other_parts_leave_them() -> None:
    email = rendered({"name": JANE}, subject="{{ context.name }}", html="{{ context.name }}", text="{{ context.name }}")
    assert email.html == "O&#39;Hara &lt;jane@example.com&gt;"
    assert email.subject == email.text == JANE


def test_safe_is_the_only_way_to_write_markup_of_a_value() -> None:
    assert rendered({"x": "<i>"}, html="{{ context.x | safe }}{{ context.x | upper }}").html == "<i>&lt;I&gt;"


def test_joining_escapes_each_value_once() -> None:
    template = "{{ 'a&' ~ context.x }} {{ [context.x, 'b'] | join('<br>') }} {{ ('<b>' | safe) ~ context.x }}"
    assert rendered({"x": "<"}, html=template).html == "a&amp;&lt; &lt;&lt;br&gt;b <b>&lt;"


def test_a_template_that_a_child_process_compiles_writes_the_same() -> None:
    piece = "<p>{{ context.x.a | default('none') }}</p>\n"
    many = 1_000
    assert rendered({"x": {"a": "<1>"}}, html=piece * many).html == ("<p>&lt;1&gt;</p>\n" * many).strip()


def test_a_line_of_a_template_that_a_child_process_compiled_is_named() -> None:
    template = "{{ context.x }}\n" * 2_000 + "{{ context.y.z }}"
    assert str(failure({"x": 1}, html=template)) == "actions[0].email.html, line 2001: `context.y` is missing"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (5e-05, "0.00005"),
        (-1.25e-10, "-0.000000000125"),
        (1e22, "10000000000000000000000"),
        (0.1, "0.1"),
        (2.0, "2"),
        (-0.0, "0"),
        (1234567.125, "1234567.125"),
    ],
)
@pytest.mark.parametrize(
    "template",
    [
        "{{ context.x }}",
        "{{ context.x ~ '' }}",
        "{{ context.x | string }}",
        "{{ context.x | replace('e', '') }}",
        "{{ context.x | e }}",
        "{{ [context.x] | join }}",
        "{{ [context.x] | map('string') | first }}",
    ],
)
def test_numbers_are_written_without_an_exponent(template: str, number: float, text: str) -> None:
    assert text_of(template, {"x": number}) == text


def test_a_number_that_grew_beyond_all_numbers_is_refused() -> None:
    assert failure({"x": 1e308}, text="{{ context.x * 10 }}").detail == "a number is too large"


@pytest.mark.parametrize("part", ["html", "text", "subject"])
def test_tojson_writes_json_that_can_stand_anywhere(part: str) -> None:
    parts: dict[str, Any] = {part: "{{ context.x | tojson }}"}
    written = getattr(rendered({"x": {"a": ["</script>", "é'&", None, 1.5]}}, **parts), part)
    assert written == '{"a": ["\\u003c/script\\u003e", "\\u00e9\\u0027\\u0026", null, 1.5]}'


@pytest.mark.parametrize(
    "template",
    [
        "{{ context.coupon }}",
        "{{ context.coupon.code }}",
        "{{ context['coupon'] }}",
        "{{ context.tags[0] }}",
        "{{ context.tags | first }}",
        "{{ context.coupon ~ '' }}",
        "{{ context.coupon | upper }}",
        "{{ context.coupon == 1 }}",
        "{{ context.coupon + 1 }}",
        "{% for x in context.coupon %}{% endfor %}",
        "{{ 'x' in context.coupon }}",
        "{{ context.nothing }}",
        "{{ context.nothing.code }}",
        "{{ context.nothing | money('EUR') }}",
        "{{ [context.coupon] | join }}",
        "{{ unheard_of }}",
    ],
)
def test_a_missing_or_null_value_is_an_error_wherever_it_is_used(template: str) -> None:
    assert "missing" in failure({"tags": [], "nothing": None}, text=template).detail


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("{{ context.coupon | default('none') }}", "none"),
        ("{{ context.coupon.code.part | default('none') }}", "none"),
        ("{{ context.nothing | default('none') }}", "none"),
        ("{{ context.nothing.code | d('none') }}", "none"),
        ("{{ context.coupon or 'none' }}", "none"),
        ("{% if context.coupon %}yes{% else %}no{% endif %}", "no"),
        ("{% if context.coupon.code is defined %}yes{% else %}no{% endif %}", "no"),
        ("{{ 'yes' if context.coupon else 'no' }}", "no"),
        ("{% if not context.coupon and not context.nothing %}no{% endif %}", "no"),
        ("{% set c = context.coupon %}{{ c | default('none') }}", "none"),
    ],
)
def test_a_template_can_allow_for_a_missing_value(template: str, text: str) -> None:
    assert text_of(template, {"nothing": None}) == text


def test_a_failure_names_the_field_the_line_and_the_variable_but_no_value() -> None:
    error = failure({"name": "Jane", "order": {"id": 1}}, html="<p>\n{{ context.name }}\n{{ context.order.total }}</p>")
    assert (error.field, error.line, error.detail) == ("actions[0].email.html", 3, "`context.order.total` is missing")


def test_a_computed_key_is_not_shown_since_it_may_be_personal() -> None:
    error = failure({"by_name": {}, "name": "jane@example.com"}, text="{{ context.by_name[context.name] }}")
    assert error.detail == "a value is missing"
    assert "jane" not in str(error)


@pytest.mark.parametrize(
    "template", ["{{ context.name | int / 0 }}", "{{ context.name - 1 }}", "{{ context.name | money('EUR') }}"]
)
def test_messages_of_python_about_a_value_are_not_shown(template: str) -> None:
    error = failure({"name": "jane@example.com"}, text=template)
    assert error.line == 1
    assert "jane" not in str(error)


def test_failures_of_other_parts_name_those_parts() -> None:
    assert failure({}, subject="{{ context.x }}", text="x").field == "actions[0].email.subject"
    assert failure({}, text="{{ context.x }}").field == "actions[0].email.text"
    assert failure({}, text="x", headers={"X-A": "{{ context.x }}"}).field == "actions[0].email.headers.X-A"


@pytest.mark.parametrize(
    "injected", ["a\r\nBcc: all@example.com", "a\nb", "a\rb", "a\x00b", "a\x0bb", "a\u2028b", "a\x85b"]
)
def test_no_value_brings_a_line_break_or_control_character_into_a_header(injected: str) -> None:
    assert "line break" in failure({"x": injected}, subject="{{ context.x }}!", text="x").detail
    assert "line break" in failure({"x": injected}, text="x", headers={"X-A": "{{ context.x }}!"}).detail


def test_a_subject_fits_on_one_line_of_a_mail() -> None:
    assert len(rendered({"x": "é" * 998}, subject="{{ context.x }}", text="x").subject) == 998
    assert "998" in failure({"x": "é" * 999}, subject="{{ context.x }}", text="x").detail


def test_an_empty_subject_is_an_error_not_a_silent_blank() -> None:
    assert failure({"x": "  "}, subject="{{ context.x }}", text="x").detail == "the result is empty"


@pytest.mark.parametrize(
    "parts",
    [
        {"text": "{{ context.x }}"},
        {"html": "{{ context.x }}"},
        {"html": "<p>Hello</p>", "text": "{% if context.x == 'y' %}Hello{% endif %}"},
    ],
)
def test_a_body_that_renders_to_nothing_is_an_error(parts: dict[str, str]) -> None:
    assert failure({"x": " \n"}, subject="Hello", **parts).detail == "the result is empty"


def test_html_that_shows_nothing_is_an_error_and_a_picture_is_something() -> None:
    assert failure({"x": " "}, subject="Hello", html="<p>{{ context.x }}</p>").detail == "the result shows nothing"
    assert rendered({}, subject="Hello", html='<img src="https://shop.example/a.png">').text.strip() == ""


@pytest.mark.parametrize("value", ["Größe", "=?utf-8?q?a?="])
def test_a_structured_header_must_be_ascii(value: str) -> None:
    problem = failure({"x": value}, subject="Hello", text="x", headers={"List-Id": "{{ context.x }}"})
    assert (problem.field, "ASCII" in problem.detail) == ("actions[0].email.headers.List-Id", True)


def test_a_structured_header_fits_into_lines_of_a_mail_with_its_name() -> None:
    longest = 998 - len("List-Id: ")
    headers = {"List-Id": "{{ context.x }}"}
    assert (
        rendered({"x": "a" * longest}, subject="Hello", text="x", headers=headers).headers["List-Id"] == "a" * longest
    )
    problem = failure({"x": "a" * (longest + 1)}, subject="Hello", text="x", headers=headers)
    assert (problem.field, "998" in problem.detail) == ("actions[0].email.headers.List-Id", True)
    words = "a" * 500 + " " + "b" * 490
    assert rendered({"x": words}, subject="Hello", text="x", headers=headers).headers["List-Id"] == words


def test_the_urls_of_a_structured_header_are_percent_encoded() -> None:
    headers = {"List-Unsubscribe": "<https://shop.example/?name={{ context.x }}>"}
    email = rendered({"x": "Jürgen"}, subject="Hello", text="x", headers=headers)
    assert email.headers == {"List-Unsubscribe": "<https://shop.example/?name=J%C3%BCrgen>"}


def test_keys_come_before_methods_of_objects() -> None:
    context = {"items": [{"values": 1}], "keys": "k", "get": "g"}
    template = "{% for item in context.items %}{{ item.values }}{% endfor %}{{ context.keys }}{{ context.get }}"
    assert text_of(template, context) == "1kg"


def test_the_methods_of_objects_work_whatever_their_keys_are() -> None:
    template = "{% for k, v in context.items() %}{{ k }}={{ v }};{% endfor %}{{ context.values() | list | length }}"
    assert text_of(template, {"items": 1, "values": 2}) == "items=1;values=2;2"


@pytest.mark.parametrize(("value", "text"), [(2.0, "2"), (2.5, "2.5"), (-0.0, "0"), (1e20, "100000000000000000000")])
def test_whole_numbers_are_written_without_a_point_however_they_were_sent(value: float, text: str) -> None:
    assert text_of("{{ context.x }}", {"x": value}) == text


@pytest.mark.parametrize("value", [[], {}, [1]])
def test_lists_and_objects_are_not_printed_as_source_code(value: object) -> None:
    assert "cannot be printed" in failure({"x": value}, text="{{ context.x }}").detail


def test_the_text_part_is_derived_from_the_html_when_there_is_none() -> None:
    email = rendered({"x": "<b>"}, html="<p>Hi {{ context.x }}</p><p><a href='https://a.example'>Look</a></p>")
    assert email.text == "Hi <b>\n\nLook (https://a.example)\n"


def test_a_content_without_html_has_none() -> None:
    assert rendered(text="Hi").html == ""


def test_a_render_leaves_nothing_for_the_next_one() -> None:
    source = "{% if context.x %}{% set y = 1 %}{% endif %}{{ y or 2 }}"
    content = COMPILER.compile_content(definition(text=source), 0, "a")
    emails = [content.render(personalisation({"x": x})) for x in (True, False)]
    assert emails == [RenderedEmail("Subject", "", text, locale="en") for text in ("1", "2")]


def test_contexts_may_be_any_mapping() -> None:
    assert text_of("{{ context.x }}", MappingProxyType({"x": 1})) == "1"


@pytest.mark.parametrize("source", ["{{ context.x", "{% if %}", "{% include 'x' %}", "{{ x | uper }}"])
def test_a_faulty_template_does_not_compile(source: str) -> None:
    with pytest.raises(ContentInvalid, match=r"actions\[0\]\.email\.html, line 2: "):
        COMPILER.compile_content(definition(html=f"\n{source}"), 0, "a")
