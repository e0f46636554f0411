"""Shows what a recipient would get, and sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion_server.application.background import run_in_background
from clarion_server.application.fragment_lookup import fragments_to_show
from clarion_server.application.personal_links.urls import preview_urls
from clarion_server.application.ports.content import (
    Attachments,
    ContentCompiler,
    ContentInvalid,
    Fragments,
    Personalisation,
    RenderingFailed,
)
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.attachments.carried_file import CarriedFile, files_of_content, is_shown
from clarion_server.domain.audiences.audience_reference import given_audience_violations
from clarion_server.domain.campaigns.campaign_definition import Action, CampaignDefinition
from clarion_server.domain.campaigns.targeting import Person, RuleEvaluation, choose_content, evaluations
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.consent.choice import LOCALE_FIELDS, Choice, Source, choose_locale
from clarion_server.domain.content import Content, Provider, Rendered
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.finding import Finding, errors_of
from clarion_server.domain.languages.content_locale import LocaleChoice
from clarion_server.domain.languages.language_tags import read_locale
from clarion_server.domain.names import identity_violation
from clarion_server.domain.violation import Violation, malformed

#: Is the recipient of a preview that names none.
_NOBODY = "preview@clarion.test"


@dataclass(frozen=True, slots=True)
class PreviewCampaign:
    campaign_id: str
    version: int = 0
    """Is 0 for the draft."""
    context: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    locale: str = ""
    """Is empty for the campaign's."""
    identity: str = ""
    action: str = ""
    """Is the id of the action to render, and empty for the first."""
    rule: str = ""
    """Is the id of the rule whose content to render; empty: the first one that is true."""
    audiences: tuple[str, ...] = ()
    """Holds the ids of those that the recipient belongs to."""
    violations: tuple[Violation, ...] = ()
    """Is what was already wrong with it when it arrived."""


@dataclass(frozen=True, slots=True)
class RuleChoice:
    """Is the rule whose content is shown, and why."""

    rule: str
    """Empty means that the content belongs to none."""
    evaluations: Sequence[RuleEvaluation] = ()
    excludes: bool = False
    """Says whether the recipient would get nothing, as no rule is true."""


NO_RULE = RuleChoice("")


@dataclass(frozen=True, slots=True)
class Preview:
    """Is what a recipient would get, and how it was chosen."""

    action: Action
    content: Content
    """Is the content of the action that was rendered."""
    rendered: Rendered
    address: Choice | None
    """None on a channel that has no addresses."""
    locale: Choice
    """Is what the recipient wants."""
    content_locale: LocaleChoice
    """Is what the content is in."""
    configuration: ChannelConfiguration | None
    """Is None when there is no such channel configuration, or it serves another channel."""
    files: Sequence[CarriedFile] = ()
    """Holds the files that the message carries, without those of the recipient."""
    rule: RuleChoice = NO_RULE

    @property
    def provider(self) -> Provider | None:
        return None if self.configuration is None else self.configuration.provider


@dataclass(frozen=True, slots=True)
class _Stored:
    """Is what the store has of what is shown."""

    definition: CampaignDefinition
    configuration: ChannelConfiguration | None
    attachments: Attachments
    built: BuiltSources | None
    """None means that it is of a draft, which is built when it is shown."""
    fragments: Fragments


@dataclass(frozen=True, slots=True)
class _Shown:
    """Is what was chosen for a recipient, and what it renders to."""

    content: Content
    locale: LocaleChoice
    rule: RuleChoice
    rendered: Rendered


class CampaignPreviewer:
    def __init__(
        self, transactions: Transactions, compiler: ContentCompiler, public_url: PublicUrl | None = None
    ) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._transactions = transactions
        self._compiler = compiler
        self._public_url = public_url

    async def preview(self, command: PreviewCampaign, caller: Caller) -> Preview:
        """Raises ResourceNotFound or InvalidFields."""

        def read(unit: UnitOfWork) -> tuple[_Stored, int]:
            campaign = find_campaign(unit, caller.visibility, command.campaign_id)
            number = command.version
            version = find_version(unit, campaign, number) if number else None
            definition = version.definition if version else campaign.definition
            index = _action_index(command, definition)
            _check_rule(command, definition.actions[index])
            name = definition.actions[index].channel_configuration
            built = unit.campaigns.built_sources(campaign.key, number) if number else None
            attachments = unit.attachments.by_ids(caller.visibility, definition.attachment_ids)
            channel = unit.channels.get(caller.visibility, name)
            fragments = fragments_to_show(unit, caller.visibility, definition, version)
            return _Stored(definition, channel, attachments, built, fragments), index

        stored, index = await self._transactions.read(read)
        definition, configuration = stored.definition, stored.configuration
        action, recipient = definition.actions[index], recipient_of(command, definition, index)
        # Compiling and rendering may take milliseconds, in which the event loop serves others.
        shown = await run_in_background(self._render, command, stored, index, recipient)
        if configuration is not None and configuration.channel is not action.content.channel:
            configuration = None
        html = shown.rendered.html if isinstance(shown.rendered, RenderedEmail) else ""
        files = [
            each for each in files_of_content(shown.content, stored.attachments) if is_shown(each.content_id, html)
        ]
        return Preview(
            action,
            shown.content,
            shown.rendered,
            recipient.address,
            recipient.locale,
            shown.locale,
            configuration,
            files,
            shown.rule,
        )

    def _render(
        self,
        command: PreviewCampaign,
        stored: _Stored,
        index: int,
        recipient: PreviewedRecipient,
    ) -> _Shown:
        definition, attachments = stored.definition, stored.attachments
        try:
            schema = self._compiler.compile_schema(definition.context_schema)
            rule, locale = self._choose(command, definition, index, recipient)
            content = self._compiler.compile_content(
                definition,
                index,
                command.campaign_id,
                attachments,
                locale.locale,
                rule.rule,
                stored.built,
                stored.fragments,
            )
        except ContentInvalid:
            findings = errors_of(self._compiler.review(definition, attachments, stored.built, stored.fragments))
            refuse_invalid([_as_violation(finding) for finding in findings], [])
            raise
        broken = [violation.under("context") for violation in schema.violations(command.context)]
        refuse_invalid(command.violations, [*recipient.violations, *broken])
        try:
            urls = preview_urls(self._public_url, locale.locale)
            rendered = content.render(personalisation_of(command, recipient), urls)
        except RenderingFailed as error:
            raise InvalidFields((Violation(error.field, "RENDERING_FAILED", str(error)),)) from error
        return _Shown(content.content, locale, rule, rendered)

    def _choose(
        self, command: PreviewCampaign, definition: CampaignDefinition, index: int, recipient: PreviewedRecipient
    ) -> tuple[RuleChoice, LocaleChoice]:
        """Returns the rule and the locale, as an accepted trigger would get them. Raises ContentInvalid."""
        rules, others = self._compiler.rules(definition, index), self._compiler.locales(definition, index)
        wanted = recipient.locale.value
        if rules is None:
            return NO_RULE, others.choose(wanted)
        if command.rule:
            return RuleChoice(command.rule), rules.locale(command.rule, wanted, others)
        address = "" if recipient.address is None else recipient.address.value
        audiences = frozenset(command.audiences)
        person = Person(command.context, command.profile, recipient.identity, address, wanted, audiences)
        choice = choose_content(rules, others, person)
        told = evaluations(rules.ids, choice.rule or "", choice.failures)
        return RuleChoice(choice.rule or "", told, choice.rule is None), choice.locale


def _action_index(command: PreviewCampaign, definition: CampaignDefinition) -> int:
    """Raises InvalidFields when the version has no action of that id."""
    ids = [action.id for action in definition.actions]
    if not command.action:
        return 0
    if command.action in ids:
        return ids.index(command.action)
    what = f"Must be the id of one of the campaign's actions: {', '.join(ids)}."
    raise InvalidFields((Violation("action", "UNKNOWN_VALUE", what),))


def _check_rule(command: PreviewCampaign, action: Action) -> None:
    """Raises InvalidFields when the action has no rule of that id."""
    ids = [rule.id for rule in action.rules]
    if command.rule and command.rule not in ids:
        what = f"Must be the id of one of the action's rules: {', '.join(ids)}." if ids else "The action has no rules."
        raise InvalidFields((Violation("rule", "UNKNOWN_VALUE", what),))


@dataclass(frozen=True, slots=True)
class PreviewedRecipient:
    """Is whom the preview is for."""

    identity: str
    address: Choice | None
    locale: Choice
    violations: list[Violation]


def recipient_of(command: PreviewCampaign, definition: CampaignDefinition, index: int) -> PreviewedRecipient:
    """Chooses address and locale as a trigger does; a recipient of whom nothing is said is nobody."""
    content = definition.actions[index].content
    identity = command.identity or f"{definition.identity_namespace}:{_NOBODY}"
    address = content.address("", command.profile, identity)
    wanted = choose_locale(command.locale, command.profile, definition.default_locale)
    read = read_locale(wanted.value)
    locale = Choice(read or definition.default_locale, wanted.source)
    found = [
        identity_violation(identity, definition.identity_namespace, "identity"),
        content.address_violation(address) if address is not None else None,
        None if read is not None else malformed(LOCALE_FIELDS[locale.source], "Must be a BCP 47 tag."),
        *given_audience_violations(command.audiences),
    ]
    if address is None and content.address_violation(address):
        address = Choice(_NOBODY, Source.CAMPAIGN)
    return PreviewedRecipient(identity, address, locale, [violation for violation in found if violation is not None])


def personalisation_of(command: PreviewCampaign, recipient: PreviewedRecipient) -> Personalisation:
    address = "" if recipient.address is None else recipient.address.value
    return Personalisation(command.context, command.profile, recipient.identity, address, recipient.locale.value)


def _as_violation(finding: Finding) -> Violation:
    return Violation(finding.field, finding.code.value, f"{finding.place}{finding.message} {finding.remedy}")
