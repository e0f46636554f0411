"""Review: finds, without rendering, what is wrong with a campaign's contents and its context schema.

It proves this: when `review` returns no error, every template compiles, every filter and test gets arguments that it
takes, and no context that the schema accepts, with any profile, makes a value missing that a template uses. It does so
by abstract interpretation: it follows each value of the schema through the tags and expressions of a template. Where it
cannot follow, it assumes less than it could know, so that it may report too much but never too little.

It does not prove what only data decides: that a text is a currency or a time, that a number is not zero, or that a
render stays within its budget. Its own work is bounded (`inference/effort.py`).

- `inference` is the interpretation.
- `templates.py`, `template_shape.py`: one template after the other, where each shape is proven once.
- `html_rules.py`, `contrast.py`, `colours.py`, `rendered_html.py`: the HTML around the values, and of one mail.
- `json_skeleton.py`, `json_report.py`: the JSON around the values.
- `fragments.py`, `languages.py`, `translations.py`: what is shared, and what is written in several languages.

Other packages use `review` and, for the rules of a channel, `ReviewFacts` and `rendered_html_findings`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

from clarion_server.adapters.rendering.building.flattening import flatten
from clarion_server.adapters.rendering.building.mjml_elements import as_html
from clarion_server.adapters.rendering.building.placing import placed
from clarion_server.adapters.rendering.content_kind import BuiltPart, ContentKinds, Part, PartBuilder
from clarion_server.adapters.rendering.html.links import Link
from clarion_server.adapters.rendering.html.source_reader import REMEMBERED
from clarion_server.adapters.rendering.inference.effort import limited_effort
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.rendering.review.languages import language_findings, variant_findings
from clarion_server.adapters.rendering.review.rendered_html import rendered_html_findings
from clarion_server.adapters.rendering.review.templates import TemplateReview, refused
from clarion_server.adapters.rendering.review.translations import translation_findings
from clarion_server.adapters.rendering.review_facts import ReviewFacts
from clarion_server.adapters.rendering.schemas.check import EMPTY_OBJECT
from clarion_server.adapters.rendering.schemas.rules import schema_findings
from clarion_server.adapters.rendering.schemas.tree import inline_references
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS
from clarion_server.adapters.rendering.templates.structure import parse_template
from clarion_server.application.ports.content import Fragments
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.content_cells import (
    ContentCell,
    ContentCells,
    ContentSource,
    content_sources,
    locales_of_rule,
    offered_locales,
)
from clarion_server.domain.content import Content
from clarion_server.domain.content.built_source import source_key
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import Finding, FindingCode, Severity

__all__ = ["Link", "ReviewFacts", "rendered_html_findings", "review"]


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
    templates = TemplateReview(known_schema, facts.reader, has_public_url=facts.public_url is not None)
    read = _part_reader(build, facts.fragments)
    cells = [ContentCells(locale_data(), definition, index) for index in range(len(definition.actions))]
    for index in range(len(definition.actions)):
        findings += _action_findings(definition, index, kinds, read, cells[index], templates, facts)
        findings += variant_findings(definition, index, cells[index])
    # Without the templates' meaning nobody knows which texts they write.
    if known_schema is not None and not any(finding.code in _UNREAD for finding in findings):
        findings += translation_findings(definition, kinds, cells, templates.used_texts, facts.fragments)
    return findings


def _action_findings(
    definition: CampaignDefinition,
    index: int,
    kinds: ContentKinds,
    read: Callable[[Part], _ReadPart],
    cells: ContentCells,
    templates: TemplateReview,
    facts: ReviewFacts,
) -> Iterator[Finding]:
    reviewed = set[bytes]()

    def found_in(content: Content) -> Iterable[Finding]:
        kind = kinds[type(content)]
        readable = {part.field: read(part).readable for part in kind.parts(content)}
        return kind.findings(kind.with_sources(content, readable), definition, facts)

    for source in content_sources(definition, index):
        kind = kinds[type(source.content)]
        cell = cells.cell(source.locale, source.rule)
        own = {part.field for part in kind.parts(source.content) if part.source}
        for part in kind.parts(cell.content):
            (built, readable, key), path = read(part), f"{source.path}.{part.field}"
            # A variant may say how what it takes from another content is built.
            if part.field in own or key not in reviewed:
                reviewed.add(key)
                yield from (replace(finding, field=path) for finding in built.findings)
            if not built.is_whole and part.field in own:
                yield from _own_refusals(part, path)
            elif part.field in own:
                yield from placed(templates.findings(part, built, readable, path), built.source.stretches)
        for finding in found_in(cell.content):
            # What a variant takes from another content is reported there.
            if (
                finding.field in own
                or source is cell.sources[-1]
                or getattr(source.content, _root(finding.field), None)
            ):
                yield replace(finding, field=f"{source.path}.{finding.field}")
        if not own.intersection(_SHOWN):
            got = (cell, *_further_cells(definition, index, source, cells))
            yield from _missing_images(source, filter(_is_mixed, got), found_in)


#: Names what shows images, and what has them.
_SHOWN = ("html", "attachments")
#: Findings of templates that have no meaning, or not all of it.
_UNREAD = frozenset(
    {FindingCode.TEMPLATE_SYNTAX, FindingCode.TEMPLATE_UNSAFE, FindingCode.TRANSLATION_KEY_DYNAMIC}
    | {FindingCode.FRAGMENT_MISSING, FindingCode.FRAGMENT_CIRCLE, FindingCode.FRAGMENT_KIND}
)


def _further_cells(
    definition: CampaignDefinition, index: int, source: ContentSource, cells: ContentCells
) -> Iterator[ContentCell]:
    """Yields what the people of a rule without words get in other languages: the words that belong to no rule."""
    action = definition.actions[index]
    if source.rule and not locales_of_rule(definition, action, source.rule):
        for locale in offered_locales(definition, action):
            if locale != source.locale:
                yield cells.cell(locale, source.rule)


def _is_mixed(cell: ContentCell) -> bool:
    """Returns whether the HTML of a content comes from one source, and its files from another one."""
    sources = [next((each for each in cell.sources if getattr(each.content, field, None)), None) for field in _SHOWN]
    return None not in sources and sources[0] is not sources[1]


def _missing_images(
    source: ContentSource, cells: Iterable[ContentCell], found_in: Callable[[Content], Iterable[Finding]]
) -> Iterable[Finding]:
    """Returns which images the HTML of one source shows that are not among the files of the other."""
    missing = {
        finding.message: replace(finding, field=f"{source.path}.attachments", line=0)
        for cell in cells
        for finding in found_in(cell.content)
        if finding.code is FindingCode.ATTACHMENT_MISSING and finding.field == "html"
    }
    return missing.values()


def _root(field: str) -> str:
    return field.partition("[")[0].partition(".")[0]


def _own_refusals(part: Part, path: str) -> Iterator[Finding]:
    """Yields why the source itself is refused, when the fragments that it names could not be written into it."""
    tree, refusals = parse_template(part.source, ENVIRONMENTS[part.escaping])
    for refusal in refusals if tree is not None else ():
        if not refusal.message.startswith(_OF_FRAGMENTS):
            yield refused(refusal, path)


#: Holds the beginnings of what the parser says about the tags that fragments need.
_OF_FRAGMENTS = ("`include` is", "`extends` is", "`block` is", "There is no function `super()`")


class _ReadPart(NamedTuple):
    built: BuiltPart
    readable: str
    """The rules of HTML look at this text."""
    key: bytes
    """It is the key of the source."""


def _part_reader(build: PartBuilder, fragments: Fragments) -> Callable[[Part], _ReadPart]:
    """Returns what reads a part, and remembers the last ones: many contents take theirs from the default content."""

    @lru_cache(maxsize=REMEMBERED)
    def read(part: Part) -> _ReadPart:
        built = build(part)
        return _ReadPart(built, _readable(part, built, fragments), source_key(part.source, part.transform))

    return read


def _readable(part: Part, built: BuiltPart, fragments: Fragments) -> str:
    """Returns what the rules of HTML look at: of MJML the source, with its fragments, as its lines are the authors'."""
    if part.transform is not Transform.MJML:
        return built.source.text
    has_fragments = built.is_whole and built.source.stretches
    return as_html(flatten(part.source, part.escaping, fragments.get).text if has_fragments else part.source)
