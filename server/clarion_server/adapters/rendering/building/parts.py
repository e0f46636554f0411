"""Builds the parts of contents, or takes the built ones that were stored when their campaign was activated."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.adapters.rendering.building.pipeline import build_part
from clarion_server.adapters.rendering.content_kind import BuiltPart, ContentKinds, Part, PartBuilder, content_field
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.application.ports.content import NO_FRAGMENTS, ContentInvalid, Fragments
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.content_cells import ContentCells, locales_of_rule, offered_locales
from clarion_server.domain.content.built_source import BuiltSource, BuiltSources, source_key
from clarion_server.domain.finding import Severity


def part_builder(built: BuiltSources | None, fragments: Fragments = NO_FRAGMENTS) -> PartBuilder:
    """Returns a function that builds a part, or takes it from `built`, which was stored when its campaign was
    activated.
    """
    if built is None:
        return lambda part: build_part(part, fragments)
    return lambda part: BuiltPart(built.get(source_key(part.source, part.transform)) or BuiltSource(part.source))


def built_source(part: Part, field: str, build: PartBuilder) -> BuiltSource:
    """Returns the built source of a part. `field` is its path in the campaign. Raises ContentInvalid."""
    built = build(part)
    for finding in built.findings:
        if finding.severity is Severity.ERROR:
            raise ContentInvalid(
                f"{field}, line {finding.line}: {''.join(f'{each}: ' for each in finding.way)}{finding.message}"
            )
    return built.source


def build_all(definition: CampaignDefinition, kinds: ContentKinds, fragments: Fragments = NO_FRAGMENTS) -> BuiltSources:
    """Returns the sources of those parts that building changes, for all rules and locales. Raises ContentInvalid."""
    build = part_builder(None, fragments)
    parts = {source_key(part.source, part.transform): (part, field) for field, part in _parts(definition, kinds)}
    built = {key: (part, built_source(part, field, build)) for key, (part, field) in parts.items()}
    return {key: source for key, (part, source) in built.items() if source.text != part.source}


def _parts(definition: CampaignDefinition, kinds: ContentKinds) -> Iterator[tuple[str, Part]]:
    for index, action in enumerate(definition.actions):
        cells = ContentCells(locale_data(), definition, index)
        for rule in dict.fromkeys(["", *(variant.rule for variant in action.variants)]):
            for locale in {*offered_locales(definition, action), *locales_of_rule(definition, action, rule)}:
                content = cells.cell(locale, rule).content
                for part in kinds[type(content)].parts(content):
                    yield f"{content_field(definition, index)}.{part.field}", part
