"""Shows what a recipient would get, and sends nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from clarion_server.application.campaigns.changes import find_campaign, find_version
from clarion_server.application.campaigns.review import errors_of
from clarion_server.application.ports.content import (
    ContentCompiler,
    ContentInvalid,
    Personalisation,
    RenderedEmail,
    RenderingFailed,
)
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access import Caller
from clarion_server.domain.address import is_address
from clarion_server.domain.campaign import CampaignDefinition, Mailbox
from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.finding import Finding
from clarion_server.domain.locales import is_locale
from clarion_server.domain.names import identity_violation, split_identity
from clarion_server.domain.violation import Violation, malformed

#: Who a preview is for, where nobody is named.
_NOBODY = "preview@clarion.test"


@dataclass(frozen=True, slots=True)
class PreviewCampaign:
    campaign_id: str
    version: int = 0
    """0: the draft."""
    context: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    locale: str = ""
    """Empty: the campaign's."""
    identity: str = ""
    flaws: tuple[Violation, ...] = ()
    """What was already wrong with it when it arrived."""


@dataclass(frozen=True, slots=True)
class Preview:
    email: RenderedEmail
    sender: Mailbox | None
    """None when neither the campaign nor an existing channel configuration names one."""
    reply_to: Mailbox | None


class CampaignPreviewer:
    def __init__(self, transactions: Transactions, compiler: ContentCompiler) -> None:
        self._transactions = transactions
        self._compiler = compiler

    async def preview(self, command: PreviewCampaign, caller: Caller) -> Preview:
        """Raises ResourceNotFound or InvalidFields."""

        def read(unit: UnitOfWork) -> tuple[CampaignDefinition, ChannelConfiguration | None]:
            campaign = find_campaign(unit, caller.sandbox, command.campaign_id)
            number = command.version
            definition = find_version(unit, campaign, number).definition if number else campaign.definition
            return definition, unit.channels.get(caller.sandbox, definition.action.channel_configuration)

        definition, channel = await self._transactions.read(read)
        # Compiling and rendering may take milliseconds that the event loop is not kept waiting for.
        email = await asyncio.to_thread(self._render, command, definition)
        content = definition.action.email
        return Preview(
            email,
            sender=content.sender or (channel.smtp.sender if channel else None),
            reply_to=content.reply_to or (channel.smtp.reply_to if channel else None),
        )

    def _render(self, command: PreviewCampaign, definition: CampaignDefinition) -> RenderedEmail:
        try:
            schema = self._compiler.compile_schema(definition.context_schema)
            content = self._compiler.compile_content(definition, command.campaign_id)
        except ContentInvalid:
            refuse_invalid([_as_violation(finding) for finding in errors_of(self._compiler.review(definition))], [])
            raise
        broken = [violation.under("context") for violation in schema.violations(command.context)]
        refuse_invalid(command.flaws, [*_recipient_violations(command, definition), *broken])
        try:
            return content.render(_personalisation(command, definition))
        except RenderingFailed as error:
            raise InvalidFields((Violation(error.field, "RENDERING_FAILED", str(error)),)) from error


def _recipient_violations(command: PreviewCampaign, definition: CampaignDefinition) -> list[Violation]:
    found = []
    if command.locale and not is_locale(command.locale):
        found.append(malformed("locale", "Must be a BCP 47 tag, such as 'pt-BR'."))
    if command.identity:
        flaw = identity_violation(command.identity, definition.identity_namespace, "identity")
        found += [flaw] if flaw else []
    return found


def _personalisation(command: PreviewCampaign, definition: CampaignDefinition) -> Personalisation:
    identity = command.identity or f"{definition.identity_namespace}:{_NOBODY}"
    return Personalisation(
        context=command.context,
        profile=command.profile,
        identity=identity,
        address=_address(command.profile, identity),
        locale=command.locale or definition.default_locale,
    )


def _address(profile: Mapping[str, Any], identity: str) -> str:
    """The first that is an e-mail address, in the order in which a trigger looks for one."""
    _, value = split_identity(identity) or ("", "")
    candidates = (profile.get("email"), value)
    return next((each for each in candidates if isinstance(each, str) and is_address(each)), _NOBODY)


def _as_violation(finding: Finding) -> Violation:
    at = f"Line {finding.line}: " if finding.line else ""
    return Violation(finding.field, finding.code.value, f"{at}{finding.message} {finding.remedy}")
