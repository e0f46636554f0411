"""Defines how templates and context schemas go from source to rendered message."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from clarion_server.domain.attachments.attachment import Attachment
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.schema_difference import SchemaDifference
from clarion_server.domain.campaigns.targeting import ActionRules
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content import Content, Rendered
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.finding import Finding
from clarion_server.domain.fragments.fragment import FragmentVersion
from clarion_server.domain.fragments.fragment_reference import FragmentReference
from clarion_server.domain.languages.content_locale import ContentLocales
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: Holds the stored attachments that a definition names, by id. Some may be missing.
Attachments = Mapping[str, Attachment]
NO_ATTACHMENTS: Attachments = {}
#: Versions of fragments, by each name that means one of them. Some may be missing.
Fragments = Mapping[FragmentReference, FragmentVersion]
NO_FRAGMENTS: Fragments = {}


@value
class Personalisation:
    """Is the data that a template sees as `context`, `profile` and `recipient`."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]
    identity: str
    address: str
    """Is empty on a channel that has no addresses."""
    locale: str
    """Is the BCP 47 tag that the recipient wants. Its region decides how dates, numbers and money are written."""


class RenderingFailed(Exception):
    """The content cannot be rendered with this recipient's data. The text holds none of the data."""

    def __init__(self, field: str, line: int, detail: str) -> None:
        super().__init__(f"{field}, line {line}: {detail}" if line else f"{field}: {detail}")
        self.field = field
        """Dotted path in the campaign, such as `actions[0].email.html`."""
        self.line = line
        """Counted from 1 in the template; 0 when the failure has no line."""
        self.detail = detail


class CompiledContent(Protocol):
    """Is the content of one action of a campaign version in one locale, ready to render. Tasks may share it."""

    @property
    def content(self) -> Content:
        """Returns what it was compiled from."""
        ...

    @property
    def locale(self) -> str:
        """Returns the locale that it is in."""
        ...

    @property
    def size(self) -> int:
        """Returns about how many bytes of memory it takes."""
        ...

    @property
    def needs_urls(self) -> bool:
        """Returns whether it may have links by which its recipient unsubscribes or chooses."""
        ...

    def render(self, personalisation: Personalisation, urls: PersonalUrls | None = None) -> Rendered:
        """Returns the content for one recipient. Raises RenderingFailed, also when it needs `urls` and has none."""
        ...

    def rendered_findings(self, rendered: Rendered, content_ids: frozenset[str]) -> list[Finding]:
        """Returns what is wrong with what `render` returned: links that lead nowhere, images that nobody hears of.

        `content_ids` are those of the images that the message carries.
        """
        ...


@dataclass(slots=True)
class ErrorBudget:
    """Counts the errors that may still be made of the contexts of one call: a schema makes all errors at once."""

    left: float = 4_000
    """Is about 20 ms at the beginning."""


class CompiledSchema(Protocol):
    """Is a context schema, ready to check contexts."""

    is_costly: bool
    """Says whether it may take long to check the contexts of a small call with several recipients."""

    def violations(self, context: Mapping[str, Any], budget: ErrorBudget | None = None) -> list[Violation]:
        """Returns the broken rules, by paths within the context such as `order.items[0].price`; `""` is the whole.

        There are at most a hundred. Of a context with more possible errors than are left in the budget, there is the
        first alone. Without a budget the context has one of its own.
        """
        ...


@dataclass(frozen=True, slots=True)
class Example:
    """Data that every content of a campaign can be rendered with."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]


class ContentInvalid(Exception):
    """The content or the schema does not compile. Review says why."""


class ContentCompiler(Protocol):
    """Compiles and reviews what an author wrote."""

    @property
    def format_data(self) -> str:
        """Returns the version of the data by which dates, numbers and money are written, such as `babel-2.18.0`."""
        ...

    def compile_content(
        self,
        definition: CampaignDefinition,
        action_index: int,
        campaign_id: str,
        attachments: Attachments = NO_ATTACHMENTS,
        locale: str = "",
        rule: str = "",
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> CompiledContent:
        """Compiles the content of the action at that position for the people of a rule, or of none, in one of its
        locales; empty stands for the default one.

        `built` is what `build` made of the definition; None: the content is built first. `fragments` are those that the
        definition leads to. Raises ContentInvalid when a template does not parse or cannot be built.
        """
        ...

    def build(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> BuiltSources:
        """Returns what is sent of those sources of which something else is sent than was written. Takes milliseconds.

        Raises ContentInvalid when a source cannot be built.
        """
        ...

    def locales(self, definition: CampaignDefinition, action_index: int) -> ContentLocales:
        """Returns the locales that the content of the action at that position is in which belongs to no rule."""
        ...

    def rules(self, definition: CampaignDefinition, action_index: int) -> ActionRules | None:
        """Returns the compiled rules of the action at that position; None when it has none. Raises ContentInvalid."""
        ...

    def rule_violations(self, definition: CampaignDefinition) -> list[Violation]:
        """Returns what is wrong with the texts of rules, by paths in the campaign: their syntax, names and types."""
        ...

    def reads_profile(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> bool:
        """Returns whether a rule or a content, in any locale, may depend on attributes of the profile."""
        ...

    def compile_schema(self, schema: Mapping[str, Any] | None) -> CompiledSchema:
        """Compiles a context schema; None stands for that of an empty object. Raises ContentInvalid."""
        ...

    def review(
        self,
        definition: CampaignDefinition,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> list[Finding]:
        """Returns everything that is wrong with the contents and the schema, found without rendering.

        `built` is as in `compile_content`.

        When it finds no error, then no context that passes the schema makes a variable of a template missing.
        """
        ...

    def review_fragment(self, fragment: FragmentVersion, fragments: Fragments) -> list[Finding]:
        """Returns what is wrong with a fragment, whatever includes it. `fragments` are those that it leads to."""
        ...

    def schema_differences(
        self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
    ) -> list[SchemaDifference]:
        """Returns what a change of a context schema means to callers; nothing when one of the schemas is not valid.

        A context that was taken and is refused now always shows as REFUSES_MORE or NAMES_MORE.
        """
        ...


class ExampleFinder(Protocol):
    """Finds example data for a campaign that nobody has triggered yet."""

    def example(
        self,
        definition: CampaignDefinition,
        identity: str,
        address: str,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> Example | None:
        """Returns data for a definition that compiles: a context that passes its schema, made of what the schema offers
        (`examples`, `default`, `const`, `enum`) and of the simplest values within its formats and bounds. Returns None
        when that does not pass, or an action cannot be rendered with it. `built` is as in `compile_content`.
        """
        ...
