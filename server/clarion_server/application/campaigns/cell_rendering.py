"""Renders the cells of test cases."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TypeVar

from clarion_server.application.background import check_cancelled
from clarion_server.application.campaigns.preview import PreviewCampaign, personalisation_of, recipient_of
from clarion_server.application.personal_links.urls import preview_urls
from clarion_server.application.ports.content import (
    Attachments,
    CompiledContent,
    CompiledSchema,
    ContentCompiler,
    ContentInvalid,
    Fragments,
    RenderingFailed,
)
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.attachments.carried_file import CarriedFile, files_of_content, is_shown
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.rendering_document import document_of
from clarion_server.domain.campaigns.targeting import Person
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.campaigns.test_cells import ActionContents, LocaleOrigin, TestCell, cells_of
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.consent.personal_link import PersonalUrls
from clarion_server.domain.content import Content, Rendered
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.finding import Finding
from clarion_server.domain.names import FRAGMENTS
from clarion_server.domain.violation import Violation

T = TypeVar("T")

#: Is the reason of the violation of a content that does not compile.
NOT_COMPILED = "NOT_COMPILED"


@dataclass(frozen=True, slots=True)
class RenderedCell:
    """Is what the recipient of a cell would get."""

    content: Content
    rendered: Rendered
    configuration: ChannelConfiguration | None
    """Is None when there is no such channel configuration, or it serves another channel."""
    files: Sequence[CarriedFile]
    document: str
    findings: Sequence[Finding]


@dataclass(frozen=True, slots=True)
class TriedCell:
    cell: TestCell
    result: RenderedCell | None
    """Is None when it cannot be rendered, and when the recipient gets nothing."""
    violations: Sequence[Violation] = ()
    """Says why it cannot be rendered, by paths in the test case or in the campaign."""
    line: int = 0
    """Is the line of the template, when one fails."""


class CpuBudget:
    """Limits the processor time of some work."""

    def __init__(self, seconds: float, cpu_clock: Callable[[], float] = time.thread_time) -> None:
        self._clock = cpu_clock
        self._left = seconds

    @property
    def is_spent(self) -> bool:
        return self._left <= 0

    def spent_on(self, work: Iterator[T]) -> Iterator[T]:
        """Yields what `work` yields, until the budget is spent."""
        while not self.is_spent:
            begin = self._clock()
            try:
                item = next(work)
            except StopIteration:
                return
            self._left -= self._clock() - begin
            yield item


@dataclass
class CellRenderer:
    """Renders cells of one definition. It keeps what it has compiled. Belongs to one thread at a time."""

    compiler: ContentCompiler
    public_url: PublicUrl | None
    campaign_id: str
    definition: CampaignDefinition
    channels: Sequence[ChannelConfiguration | None]
    """Holds the channel configuration of each action, in their order; None for one that does not exist."""
    attachments: Attachments
    built: BuiltSources | None = None
    """Holds the built sources that are stored with the version; None when contents are built as they are compiled."""
    fragments: Fragments = field(default_factory=dict)
    """Holds those that the definition leads to."""
    _contents: dict[tuple[int, str, str], CompiledContent | None] = field(default_factory=dict)
    _schema: CompiledSchema | None = None
    _broken: dict[str, Sequence[Violation]] = field(default_factory=dict)

    @cached_property
    def contents(self) -> list[ActionContents]:
        """Returns the contents of each action. Takes milliseconds."""
        return [self._contents_of(index) for index in range(len(self.definition.actions))]

    def _contents_of(self, action_index: int) -> ActionContents:
        try:
            rules = self.compiler.rules(self.definition, action_index)
        except ContentInvalid:
            # Review tells of it.
            rules = None
        return ActionContents(self.compiler.locales(self.definition, action_index), rules)

    def cells(self, cases: Sequence[TestCase]) -> list[TestCell]:
        """Returns the cells of the cases. Takes milliseconds."""
        return list(cells_of(cases, self.definition, self.contents, self._person))

    def _person(self, case: TestCase, action_index: int, locale: str) -> Person:
        command = PreviewCampaign(case.campaign_id, context=case.context, profile=case.profile, locale=locale)
        recipient = recipient_of(command, self.definition, action_index)
        address = "" if recipient.address is None else recipient.address.value
        return Person(case.context, case.profile, recipient.identity, address, locale, frozenset(case.audiences))

    def try_all(self, cells: Sequence[TestCell]) -> Iterator[TriedCell]:
        """Yields the result of each cell. Raises WorkCancelled."""
        for cell in cells:
            check_cancelled()
            yield self._try(cell)

    def _try(self, cell: TestCell) -> TriedCell:
        if cell.is_excluded:
            return TriedCell(cell, None)
        command = _command(cell)
        recipient = recipient_of(command, self.definition, cell.action_index)
        try:
            violations = [*self._violations_of(cell.case), *recipient.violations, *self._rule_violations(cell.case)]
            content = self._content(cell)
        except ContentInvalid:
            return TriedCell(cell, None, (_not_compiled("context_schema"),))
        if violations or content is None:
            return TriedCell(cell, None, violations or (_not_compiled(f"actions[{cell.action_index}]"),))
        urls = _urls(self.public_url, cell.choice.locale)
        try:
            rendered = content.render(personalisation_of(command, recipient), urls)
        except RenderingFailed as error:
            violation = Violation(error.field, "RENDERING_FAILED", _sentence(error.detail))
            return TriedCell(cell, None, (violation,), error.line)
        return TriedCell(cell, self._shown(cell, content, rendered, urls))

    def _shown(self, cell: TestCell, content: CompiledContent, rendered: Rendered, urls: PersonalUrls) -> RenderedCell:
        configuration = self.channels[cell.action_index]
        if configuration is not None and configuration.channel is not content.content.channel:
            configuration = None
        html = rendered.html if isinstance(rendered, RenderedEmail) else ""
        carried = files_of_content(content.content, self.attachments)
        files = [each for each in carried if is_shown(each.content_id, html)]
        provider = None if configuration is None else configuration.provider
        return RenderedCell(
            content.content,
            rendered,
            configuration,
            files,
            document_of(rendered, content.content, provider, files, urls),
            content.rendered_findings(rendered, frozenset(each.content_id for each in files if each.content_id)),
        )

    def _violations_of(self, case: TestCase) -> Sequence[Violation]:
        """Returns why the context of a case breaks the schema. Raises ContentInvalid."""
        if self._schema is None:
            self._schema = self.compiler.compile_schema(self.definition.context_schema)
        if case.id not in self._broken:
            self._broken[case.id] = [each.under("context") for each in self._schema.violations(case.context)]
        return self._broken[case.id]

    def _rule_violations(self, case: TestCase) -> Iterator[Violation]:
        known = {rule.id for action in self.definition.actions for rule in action.rules}
        if case.rule and case.rule not in known:
            yield Violation("rule", "UNKNOWN_VALUE", "Must be the id of a rule of the campaign.")

    def _content(self, cell: TestCell) -> CompiledContent | None:
        """Returns the content of a cell; None when it does not compile, for which review has an error."""
        key = (cell.action_index, cell.key.rule, cell.key.locale)
        if key not in self._contents:
            self._contents[key] = self._compiled(*key)
        return self._contents[key]

    def _compiled(self, action_index: int, rule: str, locale: str) -> CompiledContent | None:
        try:
            return self.compiler.compile_content(
                self.definition,
                action_index,
                self.campaign_id,
                self.attachments,
                locale,
                rule,
                built=self.built,
                fragments=self.fragments,
            )
        except ContentInvalid:
            return None


def _command(cell: TestCell) -> PreviewCampaign:
    locale = "" if cell.origin is LocaleOrigin.PROFILE else cell.wanted
    return PreviewCampaign(cell.case.campaign_id, context=cell.case.context, profile=cell.case.profile, locale=locale)


def _urls(public_url: PublicUrl | None, locale: str) -> PersonalUrls:
    """Returns links of which the one to unsubscribe and the one to choose differ, so that a swap shows."""
    urls = preview_urls(public_url, locale)
    return replace(urls, preferences=f"{urls.preferences}#preferences")


def _not_compiled(field: str) -> Violation:
    text = "It does not compile. The review says why: `clarion review`, of files `clarion lint`."
    return Violation(field, "NOT_COMPILED", text)


def _sentence(detail: str) -> str:
    # The way to a fragment begins with its name, which stays as it is.
    is_name = detail.startswith(f"{FRAGMENTS.name}/")
    return f"{detail if is_name else detail[:1].upper() + detail[1:]}."
