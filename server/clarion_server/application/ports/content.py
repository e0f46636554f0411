"""Templates and context schemas, from source to rendered message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.finding import Finding
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation


@value
class Personalisation:
    """What a template sees: `context`, `profile`, `recipient` and `campaign`."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]
    identity: str
    address: str
    locale: str
    """BCP 47; decides how dates, numbers and money are written."""


@value
class RenderedEmail:
    subject: str
    html: str
    """Empty when the content has no HTML part."""
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)


class RenderingFailed(Exception):
    """The content cannot be rendered with this recipient's data. Carries where and why, without any of the data."""

    def __init__(self, field: str, line: int, detail: str) -> None:
        super().__init__(f"{field}, line {line}: {detail}" if line else f"{field}: {detail}")
        self.field = field
        """Dotted path in the campaign, such as `actions[0].email.html`."""
        self.line = line
        self.detail = detail


class CompiledContent(Protocol):
    """The content of one campaign version, ready to render. Safe to share between tasks."""

    def render(self, personalisation: Personalisation) -> RenderedEmail:
        """Raises RenderingFailed."""
        ...


class CompiledSchema(Protocol):
    """A context schema, ready to check contexts."""

    def violations(self, context: Mapping[str, Any]) -> list[Violation]:
        """Every broken rule, by paths within the context such as `order.items[0].price`; `""` for the whole."""
        ...


@dataclass(frozen=True, slots=True)
class Example:
    """Data that a content can be rendered with. It has everything that the templates use."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]


class ContentInvalid(Exception):
    """The content or the schema does not compile: review tells why."""


class ContentCompiler(Protocol):
    def compile_content(self, definition: CampaignDefinition, campaign_id: str) -> CompiledContent:
        """Raises ContentInvalid when a template does not parse."""
        ...

    def compile_schema(self, schema: Mapping[str, Any] | None) -> CompiledSchema:
        """None stands for the schema of an empty object. Raises ContentInvalid."""
        ...

    def review(self, definition: CampaignDefinition) -> list[Finding]:
        """Everything that is wrong with templates and schema, found without rendering.

        When it finds no error, then no context that passes the schema makes a variable of a template missing.
        """
        ...


class ExampleFinder(Protocol):
    def example(self, definition: CampaignDefinition, identity: str, address: str) -> Example | None:
        """Data for a definition that compiles: a context that passes its schema, made of what the schema offers
        (`examples`, `default`, `const`, `enum`) and else made up. None when none is found.
        """
        ...
