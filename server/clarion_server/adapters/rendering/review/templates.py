"""Reviews the templates of a campaign, one after the other.

The contents of many languages and rules are often one template in other words. What review proves of a template depends
on its tags alone, except for the rules of HTML and of JSON. So it proves each shape once: where it found no fault, it
does not prove the same again for other words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from jinja2 import nodes

from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.adapters.rendering.html.source_reader import SourceReader
from clarion_server.adapters.rendering.inference.checker import initial_scope, review_variables
from clarion_server.adapters.rendering.inference.effort import ReviewTooLong
from clarion_server.adapters.rendering.inference.json_types import Schema
from clarion_server.adapters.rendering.inference.report import Report, TooManyFindings
from clarion_server.adapters.rendering.inference.text_use import TextUse
from clarion_server.adapters.rendering.review.html_rules import review_html, review_text
from clarion_server.adapters.rendering.review.json_report import JsonReport
from clarion_server.adapters.rendering.review.template_shape import shape_of
from clarion_server.adapters.rendering.templates.compilation import compile_tree
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.escaping import Escaping
from clarion_server.adapters.rendering.templates.structure import URLS, Refusal, names_in, parse_template
from clarion_server.application.background import check_cancelled
from clarion_server.domain.finding import Finding, FindingCode, Severity

_Shape = tuple[Escaping, str]


class TemplateReview:
    """Reviews the templates of a content. An instance belongs to one review."""

    def __init__(self, schema: Schema | None, reader: SourceReader, *, has_public_url: bool) -> None:
        """Without a `schema` nothing is said about variables."""
        self._scope = None if schema is None else initial_scope(schema)
        self._reader = reader
        self._unknown_urls = () if has_public_url else URLS
        self._faultless: set[_Shape] = set()
        self.used_texts: dict[str, Sequence[TextUse]] = {}
        """The texts of translations that templates write, by their paths."""

    def findings(self, part: Part, built: BuiltPart, readable: str, field: str) -> list[Finding]:
        """Returns the findings with the lines of the built source. `readable` is what the rules of HTML look at."""
        check_cancelled()
        shape = _shape_of(part, built)
        if shape in self._faultless:
            report = Report(field)
            self._review_html(part, readable, report)
            return report.findings
        environment, source = ENVIRONMENTS[part.escaping], built.source
        tree, refusals = parse_template(source.text, environment, source.lines)
        # A template with refusals has no meaning that could be followed.
        if tree is None or refusals:
            return [refused(each, field) for each in refusals]
        report = JsonReport(field, tree) if part.escaping is Escaping.JSON else Report(field)
        with suppress(TooManyFindings):
            self._follow_values(tree, built, report)
            if part.escaping is Escaping.NONE:
                review_text(tree, report)
        self.used_texts[field] = report.used_texts
        others = [*self._unknown_url_findings(tree, source.text, field)]
        code = compile_tree(tree, environment)
        if isinstance(code, Refusal):
            others.append(refused(code, field))
        if shape is not None and not (report.findings or report.used_texts or others):
            self._faultless.add(shape)
        self._review_html(part, readable, report)
        return [*report.findings, *others]

    def _follow_values(self, tree: nodes.Template, built: BuiltPart, report: Report) -> None:
        try:
            if self._scope is not None:
                review_variables(tree, self._scope, report, built.sites)
        except ReviewTooLong:
            message = "The template and the context schema are too complicated together to be reviewed."
            remedy = "Split loops and conditions up, or give the schema fewer alternatives."
            report.error(FindingCode.TEMPLATE_UNSAFE, 0, message, remedy)

    def _review_html(self, part: Part, readable: str, report: Report) -> None:
        if part.escaping is Escaping.HTML:
            with suppress(TooManyFindings):
                review_html(self._reader.html(readable), report)

    def _unknown_url_findings(self, tree: nodes.Template, text: str, field: str) -> Iterator[Finding]:
        for name in self._unknown_urls:
            # A template cannot name a variable without its word.
            if name in text and name in names_in(tree):
                message = f"`{name}` is a link to this service, which does not know its public URL."
                remedy = "Set CLARION_PUBLIC_URL and CLARION_LINK_KEYS, and start the service again."
                yield Finding(Severity.ERROR, FindingCode.PUBLIC_URL_MISSING, field, message, remedy)


def _shape_of(part: Part, built: BuiltPart) -> _Shape | None:
    """Returns the shape of a template that is reviewed by it, except for the rules of HTML."""
    if part.escaping is Escaping.JSON or built.sites:
        return None
    shape = shape_of(built.source.text)
    return None if shape is None else (part.escaping, shape)


def refused(refusal: Refusal, field: str) -> Finding:
    return Finding(Severity.ERROR, refusal.code, field, refusal.message, refusal.remedy, refusal.line)
