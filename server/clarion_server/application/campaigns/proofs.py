"""Sends proofs: what a recipient would get, to the mailboxes of its authors."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from clarion_server.application.campaigns.preview import CampaignPreviewer, Preview, PreviewCampaign
from clarion_server.application.ports.channels import Channel, ChannelFactory, EncodedFile, Outbound
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign
from clarion_server.application.sending.attempt import hand_off
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.files import MessageFiles
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import count_violations, refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.proof import MAX_ADDRESSES, MAX_PER_HOUR, ProofResult, marked
from clarion_server.domain.category import Category
from clarion_server.domain.consent.choice import EMAIL
from clarion_server.domain.consent.consent import NOT_ASKED
from clarion_server.domain.content import Content
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.errors import InvalidFields, TooManyProofs
from clarion_server.domain.instant import HOUR, MILLISECOND, Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.messages.message import Message, MessageState, VersionAction, lane_of, message_id
from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.triggering.exclusion_rules import find_exclusions
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed


@dataclass(frozen=True, slots=True)
class SendProof:
    preview: PreviewCampaign
    addresses: Sequence[str]

    @property
    def violations(self) -> list[Violation]:
        found = count_violations("addresses", len(self.addresses), MAX_ADDRESSES)
        if found:
            return found
        broken = [
            malformed(f"addresses[{index}]", "Must be an e-mail address, such as 'jane@example.com'.")
            for index, address in enumerate(self.addresses)
            if not is_address(address)
        ]
        return [*broken, *repetition_violations([each.lower() for each in self.addresses], "addresses")]


class ProofSender:
    """Sends proofs. An instance belongs to one event loop. Proofs are no messages: they are in no queue, list, event or
    report.
    """

    def __init__(
        self,
        transactions: Transactions,
        previewer: CampaignPreviewer,
        exclusions: ExclusionReader,
        files: MessageFiles,
        open_channel: ChannelFactory,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._transactions = transactions
        self._previewer = previewer
        self._exclusions = exclusions
        self._files = files
        self._open_channel = open_channel
        self._clock = clock
        self._ids = ids
        self._sent: dict[str, deque[Instant]] = {}

    async def send(self, command: SendProof, caller: Caller) -> list[ProofResult]:
        """Returns what became of the proof to each address, in their order.

        Suppressions and allow lists are heeded; consent, caps and hours are not. Raises ResourceNotFound, InvalidFields
        or TooManyProofs.
        """
        refuse_invalid(command.violations, ())
        preview = await self._previewer.preview(command.preview, caller)
        email, configuration = preview.rendered, preview.configuration
        if not isinstance(email, RenderedEmail):
            raise InvalidFields((Violation("action", "NOT_ALLOWED", "Must be an action that sends e-mail."),))
        if configuration is None or configuration.disabled:
            raise InvalidFields(
                (Violation("action", "NOT_ALLOWED", "Its channel configuration is missing or disabled."),)
            )
        files = await self._files.encoded(preview.files)
        self._count(caller.name, len(command.addresses))
        unsent = await self._transactions.read(lambda unit: self._unsent(unit, command, preview, caller))
        proof = _Proof(self._open_channel(configuration), preview.content, marked(email), files, preview.rule.rule)
        try:
            return list(await asyncio.gather(*(self._send(proof, message, found) for message, found in unsent)))
        finally:
            await proof.channel.close()

    def _unsent(
        self, unit: UnitOfWork, command: SendProof, preview: Preview, caller: Caller
    ) -> list[tuple[Message, Sequence[Exclusion]]]:
        """Returns a message for each address, with why it must not be sent."""
        campaign = find_campaign(unit, caller.visibility, command.preview.campaign_id)
        addresses = {caller.sandbox: command.addresses}
        facts = self._exclusions.read(unit, {caller.sandbox: True}, addresses, (), ())
        now = self._clock.now()
        messages = [_message(campaign, preview, self._ids.new_id(), address, now) for address in command.addresses]
        return [(each, find_exclusions(each, now, ExclusionPhase.ACCEPT, facts, NOT_ASKED)) for each in messages]

    async def _send(self, proof: _Proof, message: Message, found: Sequence[Exclusion]) -> ProofResult:
        if found:
            return ProofResult(message.address, exclusion=found[0], rule=proof.rule)
        outbound = Outbound(
            message.id, message.address, proof.content, proof.email, message.release_time, files=proof.files
        )
        attempt, _ = await hand_off(proof.channel, outbound, self._clock.now(), self._clock)
        return ProofResult(message.address, attempt, rule=proof.rule)

    def _count(self, key: str, count: int) -> None:
        """Raises TooManyProofs."""
        now, sent = self._clock.now(), self._sent.setdefault(key, deque())
        while sent and sent[0] <= now - HOUR:
            sent.popleft()
        if len(sent) + count > MAX_PER_HOUR:
            raise TooManyProofs((sent[0] + HOUR - now) // MILLISECOND)
        sent.extend([now] * count)


@value
class _Proof:
    """Is the content that every address gets."""

    channel: Channel
    content: Content
    email: RenderedEmail
    files: Sequence[EncodedFile]
    rule: str


def _message(campaign: Campaign, preview: Preview, proof_id: str, address: str, now: Instant) -> Message:
    """Returns the message that is checked and sent in place of one that would be stored."""
    category = campaign.definition.category or Category.MARKETING
    return Message(
        id=message_id(proof_id, 0, 0),
        action=VersionAction(
            campaign.sandbox,
            campaign.key,
            version=0,
            id=preview.action.id,
            channel=preview.content.channel,
            channel_key=0,
            lane=lane_of(category),
        ),
        identity=f"{EMAIL}:{address}",
        address=address,
        locale=preview.locale.value,
        context=b"",
        profile=b"",
        state=MessageState.SENDING,
        accept_time=now,
        release_time=now,
        due_time=now,
    )
