"""Review: finds, without rendering, what is wrong with a campaign's contents and its context schema.

It proves this: when `review` returns no error, every template compiles, every filter and test gets arguments that it
takes, and no context that the schema accepts, with any profile, makes a value missing that a template uses. It does so
by abstract interpretation: it follows each value of the schema through the tags and expressions of a template. Where it
cannot follow, it assumes less than it could know, so that it may report too much but never too little.

It does not prove what only data decides: that a text is a currency or a time, that a number is not zero, or that a
render stays within its budget. Its own work is bounded (`effort.py`).

- `schema_dnf.py`, `json_types.py`: what a schema says about a value.
- `abstract_values.py`, `missing.py`, `scopes.py`: what is known of a value, and at a point of a template.
- `checker.py`, `expressions.py`, `conditions.py` and the rules of filters and tests: the interpretation.
- `html_source.py`, `html_scanner.py`, `html_rules.py`, `links.py`: the HTML around the values.
- `rendered_html.py`: the HTML of one recipient.
- `json_skeleton.py`: the JSON around the values.
- `report.py`, `json_report.py`: the findings, in words.

Other packages use `review` and, for the rules of a channel, `links` and `rendered_html_findings`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from jinja2 import nodes

from clarion_server.adapters.rendering.building.flattening import flatten
from clarion_server.adapters.rendering.building.mjml_elements import as_html
from clarion_server.adapters.rendering.building.placing import placed
from clarion_server.adapters.rendering.compilation import compile_tree
from clarion_server.adapters.rendering.content_kind import (
    BuiltPart,
    ContentKinds,
    Escaping,
    Part,
    PartBuilder,
    ReviewFacts,
)
from clarion_server.adapters.rendering.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.locale_data import locale_data
from clarion_server.adapters.rendering.review.checker import review_variables
from clarion_server.adapters.rendering.review.effort import ReviewTooLong, limited_effort
from clarion_server.adapters.rendering.review.html_rules import review_html, review_text
from clarion_server.adapters.rendering.review.json_report import JsonReport
from clarion_server.adapters.rendering.review.json_types import Schema
from clarion_server.adapters.rendering.review.languages import language_findings, variant_findings
from clarion_server.adapters.rendering.review.links import links
from clarion_server.adapters.rendering.review.rendered_html import rendered_html_findings
from clarion_server.adapters.rendering.review.report import Report, TooManyFindings
from clarion_server.adapters.rendering.review.text_use import TextUse
from clarion_server.adapters.rendering.review.translations import translation_findings
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schema_rules import schema_findings
from clarion_server.adapters.rendering.schema_tree import inline_references
from clarion_server.adapters.rendering.structure import URLS, Refusal, names_in, parse_template
from clarion_server.application.ports.content import Fragments
from clarion_server.domain.built_source import source_key
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.content_cells import ContentCells, content_sources
from clarion_server.domain.finding import Finding, FindingCode, Severity

__all__ = ["links", "rendered_html_findings", "review"]


def review(
    definition: CampaignDefinition,
    kinds: ContentKinds,
    build: PartBuilder,
    facts: ReviewFacts,
) -> list[Finding]:
    """Returns the findings of the context schema and of every action. Raises WorkCancelled.

    It looks at what `build` makes of each part, and returns what that finds, too.
    """
    with limited_effort():
        return _findings(definition, kinds, build, facts)


def _findings(
    definition: CampaignDefinition, kinds: ContentKinds, build: PartBuilder, facts: ReviewFacts
) -> list[Finding]:
    schema = definition.context_schema if definition.context_schema is not None else EMPTY_OBJECT
    findings = list(schema_findings(schema))
    is_sound = all(finding.severity is not Severity.ERROR for finding in findings)
    findings += language_findings(definition)
    # Without a sound schema nothing is known of any variable, and each would be reported.
    known_schema = inline_references(schema, schema) if is_sound else None
    uses: dict[str, list[TextUse]] = {}
    for index in range(len(definition.actions)):
        findings += _action_findings(definition, index, kinds, build, known_schema, facts, uses)
        findings += variant_findings(definition, index)
    # Without the templates' meaning nobody knows which texts they write.
    if known_schema is not None and not any(finding.code in _UNREAD for finding in findings):
        findings += translation_findings(definition, kinds, uses, facts.fragments)
    return findings


def _action_findings(
    definition: CampaignDefinition,
    index: int,
    kinds: ContentKinds,
    build: PartBuilder,
    schema: Schema | None,
    facts: ReviewFacts,
    uses: dict[str, list[TextUse]],
) -> Iterator[Finding]:
    reviewed, cells = set[bytes](), ContentCells(locale_data(), definition, index)
    for source in content_sources(definition, index):
        kind = kinds[type(source.content)]
        cell = cells.cell(source.locale, source.rule)
        own = {part.field for part in kind.parts(source.content) if part.source}
        sources = {}
        for part in kind.parts(cell.content):
            built, key, path = build(part), source_key(part.source, part.transform), f"{source.path}.{part.field}"
            sources[part.field] = _readable(part, built, facts.fragments)
            # A variant may say how what it takes from another content is built.
            if part.field in own or key not in reviewed:
                reviewed.add(key)
                yield from (replace(finding, field=path) for finding in built.findings)
            if not built.is_whole and part.field in own:
                yield from _own_refusals(part, path)
            elif part.field in own:
                is_public = facts.public_url is not None
                found = _part_findings(part, built, sources[part.field], path, schema, uses, has_public_url=is_public)
                yield from placed(found, built.source.stretches)
        for finding in kind.findings(kind.with_sources(cell.content, sources), definition, facts):
            # What a variant takes from another content is reported there.
            if (
                finding.field in own
                or source is cell.sources[-1]
                or getattr(source.content, _root(finding.field), None)
            ):
                yield replace(finding, field=f"{source.path}.{finding.field}")


#: Findings of templates that have no meaning, or not all of it.
_UNREAD = frozenset(
    {FindingCode.TEMPLATE_SYNTAX, FindingCode.TEMPLATE_UNSAFE, FindingCode.TRANSLATION_KEY_DYNAMIC}
    | {FindingCode.FRAGMENT_MISSING, FindingCode.FRAGMENT_CIRCLE, FindingCode.FRAGMENT_KIND}
)


def _root(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]


def _part_findings(
    part: Part,
    built: BuiltPart,
    readable: str,
    field: str,
    schema: Schema | None,
    uses: dict[str, list[TextUse]],
    *,
    has_public_url: bool,
) -> Iterator[Finding]:
    """Yields the findings with the lines of the built source, before transforms. `readable` is that of `_readable`."""
    environment, source = ENVIRONMENTS[part.escaping], built.source
    tree, refusals = parse_template(source.text, environment, source.lines)
    yield from (_refused(refusal, field) for refusal in refusals)
    # A template with refusals has no meaning that could be followed.
    if tree is None or refusals:
        return
    yield from _reviewed(part, built, readable, tree, field, schema, uses)
    if not has_public_url:
        yield from (_without_public_url(name, field) for name in URLS if name in names_in(tree))
    code = compile_tree(tree, environment)
    if isinstance(code, Refusal):
        yield _refused(code, field)


def _own_refusals(part: Part, field: str) -> Iterator[Finding]:
    """Yields why the source itself is refused, when the fragments that it names could not be written into it."""
    tree, refusals = parse_template(part.source, ENVIRONMENTS[part.escaping])
    for refusal in refusals if tree is not None else ():
        if not refusal.message.startswith(_OF_FRAGMENTS):
            yield _refused(refusal, field)


#: The beginnings of what the parser says about the tags that fragments need.
_OF_FRAGMENTS = ("`include` is", "`extends` is", "`block` is", "There is no function `super()`")


def _reviewed(
    part: Part,
    built: BuiltPart,
    readable: str,
    tree: nodes.Template,
    field: str,
    schema: Schema | None,
    uses: dict[str, list[TextUse]],
) -> list[Finding]:
    report = JsonReport(field, tree) if part.escaping is Escaping.JSON else Report(field)
    with suppress(TooManyFindings):
        try:
            if schema is not None:
                review_variables(tree, schema, report, built.sites)
        except ReviewTooLong:
            message = "The template and the context schema are too complicated together to be reviewed."
            remedy = "Split loops and conditions up, or give the schema fewer alternatives."
            report.error(FindingCode.TEMPLATE_UNSAFE, 0, message, remedy)
        if part.escaping is Escaping.HTML:
            review_html(readable, report)
        elif part.escaping is Escaping.NONE:
            review_text(tree, report)
    uses[field] = report.used_texts
    return report.findings


def _readable(part: Part, built: BuiltPart, fragments: Fragments) -> str:
    """Returns what the rules of HTML look at: of MJML the source, with its fragments, as its lines are the authors'."""
    if part.transform is not Transform.MJML:
        return built.source.text
    has_fragments = built.is_whole and built.source.stretches
    return as_html(flatten(part.source, part.escaping, fragments.get).text if has_fragments else part.source)


def _refused(refusal: Refusal, field: str) -> Finding:
    return Finding(Severity.ERROR, refusal.code, field, refusal.message, refusal.remedy, refusal.line)


def _without_public_url(name: str, field: str) -> Finding:
    message = f"`{name}` is a link to this service, which does not know its public URL."
    remedy = "Set CLARION_PUBLIC_URL and CLARION_LINK_KEYS, and start the service again."
    return Finding(Severity.ERROR, FindingCode.PUBLIC_URL_MISSING, field, message, remedy)
