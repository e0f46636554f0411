"""Runs the steps of building, in their order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from jinja2 import TemplateSyntaxError

from clarion_server.adapters.rendering.building.flattening import flatten
from clarion_server.adapters.rendering.building.jinja_tags import JinjaTag, normalised, tags_of
from clarion_server.adapters.rendering.building.placing import placed, refused
from clarion_server.adapters.rendering.building.source import Source, error
from clarion_server.adapters.rendering.content_kind import BuiltPart, Part
from clarion_server.application.ports.content import NO_FRAGMENTS, Fragments
from clarion_server.domain.content.built_source import BuiltSource
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.finding import FindingCode


def build_part(part: Part, fragments: Fragments = NO_FRAGMENTS) -> BuiltPart:
    """Returns a part as it is built, before any value is written into it."""
    flattened = flatten(part.source, part.escaping, fragments.get)
    if flattened.refusals:
        return BuiltPart(BuiltSource(part.source), tuple(refused(flattened.refusals)), is_whole=False)
    source = Source(flattened.text)
    if part.transform is not Transform.NONE:
        source = _transformed(flattened.text, part.transform)
    findings = tuple(placed(source.findings, flattened.stretches))
    return BuiltPart(BuiltSource(source.text, source.lines, flattened.stretches), findings, flattened.sites)


def _transformed(text: str, transform: Transform) -> Source:
    """Returns the source as it was given where a transform changes nothing."""
    author = Source(normalised(text))
    try:
        source = _built(author, transform)
    except TemplateSyntaxError:
        # The review of the source says where.
        return Source(text)
    return replace(source, text=text) if source.text == author.text else source


def _built(source: Source, transform: Transform) -> Source:
    """Each step takes a source and returns the next one. A transform must leave the tags as they are.

    The libraries of a transform are loaded when the first one is built: they take 5 MB.
    """
    tags = tags_of(source.text)
    if transform is Transform.MJML:
        from clarion_server.adapters.rendering.building import mjml  # noqa: PLC0415 - see above

        return mjml.transformed(source, tags)
    from clarion_server.adapters.rendering.building.inlining import inlined  # noqa: PLC0415 - see above

    return _with_same_tags(source, tags, inlined(source, tags))


def _with_same_tags(before: Source, tags: Sequence[JinjaTag], after: Source) -> Source:
    """Returns the source after a transform, or the one before it if its tags are not what they were."""
    texts = [tag.text for tag in tags_of(after.text)]
    if [tag.text for tag in tags] == texts:
        return after
    changed = next((tag for tag, text in zip_longest(tags, texts) if tag is None or tag.text != text), None)
    line = 0 if changed is None else before.line_at(changed.start, tags)
    message = "The transform would change a tag, or leave one out, double it or move it."
    remedy = "Write the HTML around the tag in another way, or set `transform` to NONE."
    return before.with_findings(error(FindingCode.TRANSFORM_CHANGED_TEMPLATE, line, message, remedy))
