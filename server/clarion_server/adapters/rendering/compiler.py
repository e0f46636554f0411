"""The ports `ContentCompiler` and `ExampleFinder`, by Jinja2 and jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.adapters.rendering.compiled_action import CompiledAction
from clarion_server.adapters.rendering.content_kind import ContentKinds
from clarion_server.adapters.rendering.examples import example_of
from clarion_server.adapters.rendering.locale_data import locale_data
from clarion_server.adapters.rendering.review import review
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT, JsonSchema
from clarion_server.adapters.rendering.schema_comparison import schema_differences
from clarion_server.application.ports.content import NO_ATTACHMENTS, Attachments, Example
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.content_cells import offered_locales
from clarion_server.domain.content_locale import ContentLocales
from clarion_server.domain.finding import Finding
from clarion_server.domain.public_url import PublicUrl
from clarion_server.domain.schema_difference import SchemaDifference


class JinjaContentCompiler:
    """One serves a whole process, for it holds no state."""

    def __init__(self, kinds: ContentKinds, public_url: PublicUrl | None = None) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._kinds = kinds
        self._public_url = public_url

    def compile_content(
        self,
        definition: CampaignDefinition,
        action_index: int,
        campaign_id: str,
        attachments: Attachments = NO_ATTACHMENTS,
        locale: str = "",
    ) -> CompiledAction:
        """Raises ContentInvalid."""
        return CompiledAction(self._kinds, definition, action_index, campaign_id, attachments, locale)

    def locales(self, definition: CampaignDefinition, action_index: int) -> ContentLocales:
        offered = offered_locales(definition, definition.actions[action_index])
        return ContentLocales(locale_data(), offered, definition.locale_fallbacks)

    def reads_profile(self, definition: CampaignDefinition) -> bool:
        contents = [content for action in definition.actions for content in action.contents]
        # A template cannot name a variable without its word.
        return any("profile" in part.source for each in contents for part in self._kinds[type(each)].parts(each))

    def compile_schema(self, schema: Mapping[str, Any] | None) -> JsonSchema:
        """Raises ContentInvalid."""
        return JsonSchema(EMPTY_OBJECT if schema is None else schema)

    def review(self, definition: CampaignDefinition, attachments: Attachments = NO_ATTACHMENTS) -> list[Finding]:
        return review(definition, self._kinds, self._public_url, attachments)

    def schema_differences(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> list[SchemaDifference]:
        return schema_differences(before, after)

    def example(
        self, definition: CampaignDefinition, identity: str, address: str, attachments: Attachments = NO_ATTACHMENTS
    ) -> Example | None:
        """Takes milliseconds to a second, for schemas with many alternatives."""
        return example_of(definition, self._kinds, identity, address, attachments)
