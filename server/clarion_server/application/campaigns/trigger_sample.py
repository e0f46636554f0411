"""What a trigger of a live campaign may look like: a recipient that it would be accepted for."""

from __future__ import annotations

import asyncio

from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.ports.content import ExampleFinder
from clarion_server.application.triggering.admission import RecipientInput, admit
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import NoExample
from clarion_server.domain.magic import MAGIC_DOMAIN, Part

#: Whoever pastes a sample sends no mail with it.
ADDRESS = f"{Part.SENT}@{MAGIC_DOMAIN}"
_EMAIL = "email"


class TriggerSampler:
    def __init__(self, directory: CampaignCache, examples: ExampleFinder) -> None:
        self._directory = directory
        self._examples = examples

    async def sample(self, campaign_id: str, caller: Caller) -> RecipientInput:
        """Raises ResourceNotFound, CampaignNotLive, CampaignOutsideWindow or NoExample."""
        live = await self._directory.live(caller.sandbox, campaign_id)
        if not await self._directory.is_current(live):
            live = await self._directory.live(caller.sandbox, campaign_id)
        # The search takes processor time that the event loop is not kept waiting for.
        recipient = await asyncio.to_thread(self._recipient, live)
        if recipient is None or admit([recipient], live).violations:
            raise NoExample(live.campaign.name)
        return recipient

    def _recipient(self, live: LiveCampaign) -> RecipientInput | None:
        definition = live.version.definition
        namespace = definition.identity_namespace
        identity = f"{namespace}:{ADDRESS if namespace == _EMAIL else '4711'}"
        example = self._examples.example(definition, identity, ADDRESS)
        if example is None:
            return None
        address = "" if namespace == _EMAIL else ADDRESS
        return RecipientInput(identity, address, context=example.context, profile=example.profile)
