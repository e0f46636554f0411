"""The rules of templates that write HTML: where values may stand, and what the addresses lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import unescape

from jinja2 import nodes

from clarion_server.adapters.rendering.html.links import resources_of
from clarion_server.adapters.rendering.html.scanner import Tag, Text
from clarion_server.adapters.rendering.html.source import COMMENT, VALUE, without_blocks, writes_json
from clarion_server.adapters.rendering.inference.report import Report
from clarion_server.adapters.rendering.review.contrast import ContrastReview
from clarion_server.adapters.rendering.templates.structure import COMMENT_REMEDY
from clarion_server.domain.finding import FindingCode

_VISIBLE = frozenset({"audio", "button", "hr", "iframe", "img", "input", "object", "select", "svg", "video"})
_INVISIBLE_TEXTS = frozenset({"script", "style", "title"})
_QUOTES = frozenset({'"', "'"})
_VALUE = re.compile(f"{VALUE}([^{VALUE}]*){VALUE}")
_COMMENT_IN_CSS = re.compile(f"{COMMENT}[\\w-]{COMMENT}")


def review_html(tokens: Iterable[Tag | Text], report: Report) -> None:
    """Reports where a value could be taken for markup or code, and which addresses lead nowhere from a mail."""
    shows_something, contrast = False, ContrastReview(report)
    for token in tokens:
        contrast.look_at(token)
        shows_something = shows_something or _shows(token)
        if isinstance(token, Tag):
            _review_tag(token, report)
            _review_resources(token, report)
            _review_image(token, report)
        elif token.element == "script":
            _review_script(token, report)
        elif token.element == "style":
            _review_style(token, report)
    if not shows_something:
        _report_empty(report)


def _shows(token: Tag | Text) -> bool:
    """Returns whether a reader may see something of the token."""
    if isinstance(token, Tag):
        return token.name in _VISIBLE or any(each.name == "background" for each in token.attributes)
    return token.element not in _INVISIBLE_TEXTS and bool(unescape(without_blocks(token.text)).strip())


def review_text(tree: nodes.Template, report: Report) -> None:
    """Reports a template that writes no HTML, and nothing else, whatever the data."""
    parts = [part for output in tree.find_all(nodes.Output) for part in output.nodes]
    if all(isinstance(part, nodes.TemplateData) and not part.data.strip() for part in parts):
        _report_empty(report)


def _report_empty(report: Report) -> None:
    message = "The template writes nothing that a reader could see, whatever the data."
    report.error(FindingCode.CONTENT_EMPTY, 1, message, "Write the content, or remove the part.")


def _review_resources(tag: Tag, report: Report) -> None:
    for resource in resources_of(tag):
        if resource.fault:
            message = f"The address `{resource.shown}` {resource.fault}."
            remedy = "Use an address that begins with https: or http:."
            report.error(FindingCode.LINK_INVALID, resource.line, message, remedy)


def _review_image(tag: Tag, report: Report) -> None:
    if tag.name == "img" and not tag.is_end and tag.value_of("alt") is None:
        message = "The image has no `alt`: who does not see it hears or reads its address."
        remedy = 'Say in `alt="…"` what it shows, or write `alt=""` when it only decorates.'
        report.warning(FindingCode.IMAGE_WITHOUT_ALT, tag.line, message, remedy)


def _review_tag(tag: Tag, report: Report) -> None:
    if VALUE in tag.name or any(VALUE in each.name for each in tag.attributes):
        message = f"A value stands in the tag `<{_VALUE.sub('…', tag.name)}>` outside of an attribute's value."
        report.error(
            FindingCode.TEMPLATE_UNSAFE, tag.line, message, "Write the attribute out, and its value in quotes."
        )
    for attribute in tag.attributes:
        if VALUE in attribute.value and not attribute.is_quoted:
            name = attribute.name
            message = f"The value of the attribute `{name}` has no quotes: a space in it would begin another attribute."
            report.error(FindingCode.TEMPLATE_UNSAFE, tag.line, message, f'Write `{name}="{{{{ … }}}}"`.')


def _review_script(script: Text, report: Report) -> None:
    for line, value in _matches(_VALUE, script):
        is_quoted = script.text[value.start() - 1 : value.start()] in _QUOTES
        if not writes_json(value[1]):
            message = "A value in `<script>` is escaped for HTML, which scripts and JSON do not understand."
            remedy = "Write `{{ … | tojson }}`, without quotes around it."
            report.error(FindingCode.TEMPLATE_UNSAFE, line, message, remedy)
        elif is_quoted:
            message = "A value that `tojson` writes has its own quotes."
            report.error(FindingCode.TEMPLATE_UNSAFE, line, message, "Remove the quotes around it.")


def _review_style(style: Text, report: Report) -> None:
    for line, _ in _matches(_COMMENT_IN_CSS, style):
        message = "`{#` begins a comment of the template, and all up to the next `#}` is left out."
        report.error(FindingCode.TEMPLATE_SYNTAX, line, message, COMMENT_REMEDY)


def _matches(pattern: re.Pattern[str], text: Text) -> Iterator[tuple[int, re.Match[str]]]:
    """Yields the matches with their lines."""
    line, position = text.line, 0
    for match in pattern.finditer(text.text):
        line += text.text.count("\n", position, match.start())
        position = match.start()
        yield line, match
