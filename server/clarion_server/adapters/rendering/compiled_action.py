"""Holds the content of one action of a campaign version, compiled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from clarion_server.adapters.rendering.building.parts import built_source, part_builder
from clarion_server.adapters.rendering.content_kind import (
    ContentKind,
    ContentKinds,
    Part,
    PartBuilder,
    PartRefused,
    content_field,
    part_paths,
)
from clarion_server.adapters.rendering.evaluation.budget import Budget
from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.rendering.languages.locales import format_locale
from clarion_server.adapters.rendering.templates.environment import ENVIRONMENTS, GLOBALS
from clarion_server.adapters.rendering.templates.inline_images import INLINE_IMAGE, InlineImages
from clarion_server.adapters.rendering.templates.structure import PREFERENCES_URL, UNSUBSCRIBE_URL, URLS
from clarion_server.adapters.rendering.templates.template import CompiledTemplate
from clarion_server.adapters.rendering.templates.texts import TRANSLATE, texts_of
from clarion_server.application.ports.content import (
    NO_FRAGMENTS,
    Attachments,
    Fragments,
    Personalisation,
    RenderingFailed,
)
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.content_cells import ContentCell, content_cell
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content import Rendered
from clarion_server.domain.content.built_source import BuiltSource, BuiltSources
from clarion_server.domain.finding import Finding

#: Is the estimate of the memory of a compiled content, as for a whole version.
_BASE_BYTES, _BYTES_PER_CHARACTER = 4_000, 5


class CompiledAction:
    """Implements `CompiledContent`: rendering changes nothing here."""

    __slots__ = (
        "_campaign",
        "_field",
        "_functions",
        "_has_unsubscribe_field",
        "_kind",
        "_templates",
        "content",
        "locale",
        "needs_urls",
        "size",
    )

    def __init__(
        self,
        kinds: ContentKinds,
        definition: CampaignDefinition,
        action_index: int,
        campaign_id: str,
        attachments: Attachments,
        locale: str = "",
        rule: str = "",
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> None:
        """An empty `locale` stands for the default one, and an empty `rule` for none; `built` is what was stored of a
        version, and `fragments` are what its contents lead to. Raises ContentInvalid.
        """
        self.locale = locale or definition.default_locale
        cell = content_cell(locale_data(), definition, action_index, self.locale, rule)
        self.content = cell.content
        self._kind = kinds[type(cell.content)]
        self._field = content_field(definition, action_index)
        self._campaign = {"name": f"campaigns/{campaign_id}", "display_name": definition.display_name}
        texts = texts_of(definition, self.locale, fragments)
        self._functions = {
            **GLOBALS,
            INLINE_IMAGE: InlineImages(cell.content, attachments),
            TRANSLATE: texts,
        }
        parts = list(_built_parts(self._kind, cell, part_builder(built, fragments)))
        self._templates = {
            part.field: CompiledTemplate(path, source, ENVIRONMENTS[part.escaping]) for part, path, source in parts
        }
        self._has_unsubscribe_field = self._kind.has_unsubscribe_field and definition.offers_unsubscribing
        # A template cannot name a variable without its word.
        self.needs_urls = self._has_unsubscribe_field or any(
            name in source.text for _, _, source in parts for name in URLS
        )
        self.size = _BASE_BYTES + _BYTES_PER_CHARACTER * sum(len(source.text) for _, _, source in parts)
        self.size += texts.size

    def render(self, personalisation: Personalisation, urls: PersonalUrls | None = None) -> Rendered:
        """Raises RenderingFailed."""
        locale = format_locale(self.locale, personalisation.locale)
        variables = self._variables(personalisation)
        if urls is not None:
            variables[UNSUBSCRIBE_URL], variables[PREFERENCES_URL] = urls.unsubscribe, urls.preferences
        unsubscribe_url = urls.unsubscribe if urls is not None and self._has_unsubscribe_field else ""
        budget = Budget()
        texts = {field: template.render(variables, locale, budget) for field, template in self._templates.items()}
        try:
            return self._kind.assemble(self.content, texts, budget, unsubscribe_url, self.locale)
        except PartRefused as refused:
            template = self._templates.get(refused.field)
            field = f"{self._field}.{refused.field}" if template is None else template.field
            raise RenderingFailed(field, 0, refused.detail) from None

    def rendered_findings(self, rendered: Rendered, content_ids: frozenset[str]) -> list[Finding]:
        found = self._kind.rendered_findings(rendered, content_ids)
        return [replace(finding, field=f"{self._field}.{finding.field}") for finding in found]

    def _variables(self, personalisation: Personalisation) -> dict[str, Any]:
        return {
            **self._functions,
            "context": dict(personalisation.context),
            "profile": dict(personalisation.profile),
            "recipient": {
                "identity": personalisation.identity,
                "address": personalisation.address,
                "locale": personalisation.locale,
            },
            "campaign": self._campaign,
        }


def _built_parts(
    kind: ContentKind[Any], cell: ContentCell, build: PartBuilder
) -> Iterator[tuple[Part, str, BuiltSource]]:
    """Yields the parts of a content, each with its path in the campaign and what is sent. Raises ContentInvalid."""
    paths = part_paths(kind, cell)
    for part in kind.parts(cell.content):
        yield part, paths[part.field], built_source(part, paths[part.field], build)
