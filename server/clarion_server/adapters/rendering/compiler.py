"""The ports `ContentCompiler` and `ExampleFinder`, by Jinja2 and jsonschema-rs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.adapters.rendering.email_content import CompiledEmail
from clarion_server.adapters.rendering.examples import example_of
from clarion_server.adapters.rendering.review import review
from clarion_server.adapters.rendering.schema_check import EMPTY_OBJECT, JsonSchema
from clarion_server.application.ports.content import Example
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.finding import Finding


class JinjaContentCompiler:
    """Stateless: one serves a whole process."""

    def compile_content(self, definition: CampaignDefinition, campaign_id: str) -> CompiledEmail:
        """Raises ContentInvalid."""
        return CompiledEmail(definition, campaign_id)

    def compile_schema(self, schema: Mapping[str, Any] | None) -> JsonSchema:
        """Raises ContentInvalid."""
        return JsonSchema(EMPTY_OBJECT if schema is None else schema)

    def review(self, definition: CampaignDefinition) -> list[Finding]:
        return review(definition)

    def example(self, definition: CampaignDefinition, identity: str, address: str) -> Example | None:
        """Takes milliseconds to a second, for schemas with many alternatives."""
        return example_of(definition, identity, address)
