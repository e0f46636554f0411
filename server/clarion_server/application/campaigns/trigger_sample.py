"""Makes an example of a trigger: a recipient for whom the live version of a campaign would accept it."""

from __future__ import annotations

from clarion_server.application.background import run_in_background
from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.content import ExampleFinder
from clarion_server.application.triggering.admission import RecipientInput, TriggerCommand, admit
from clarion_server.domain.access.access import Caller
from clarion_server.domain.addresses.magic import SENT_ADDRESS
from clarion_server.domain.consent.choice import EMAIL
from clarion_server.domain.errors import NoExample
from clarion_server.domain.people.identity import Normalisation

#: Holds the values of identities in the namespaces that do not take every text. The number is reserved for examples.
_VALUES = {Normalisation.EMAIL: SENT_ADDRESS, Normalisation.PHONE: "+12025550123"}


class TriggerSampler:
    def __init__(self, campaigns: CampaignCache, examples: ExampleFinder, identities: IdentityReader) -> None:
        self._campaigns = campaigns
        self._examples = examples
        self._identities = identities

    async def sample(self, campaign_id: str, caller: Caller) -> RecipientInput:
        """Returns a recipient. Raises ResourceNotFound, CampaignNotLive, CampaignOutsideWindow, CampaignOutdated or
        NoExample.
        """
        live = await self._campaigns.live(caller.visibility, campaign_id)
        if not await self._campaigns.is_current(live):
            live = await self._campaigns.live(caller.visibility, campaign_id)
        # The search takes processor time, in which the event loop serves others.
        recipient = await run_in_background(self._recipient, live)
        if recipient is None or admit(TriggerCommand(campaign_id, (recipient,)), live, self._identities).violations:
            raise NoExample(live.campaign.name)
        return recipient

    def _recipient(self, live: LiveCampaign) -> RecipientInput | None:
        """Returns a magic recipient: whoever pastes a sample sends nothing with it."""
        definition = live.version.definition
        namespace = definition.identity_namespace
        identity = f"{namespace}:{_VALUES.get(live.namespace.normalisation, '4711')}"
        address = "" if namespace == EMAIL else SENT_ADDRESS
        version = live.version
        example = self._examples.example(
            definition, identity, SENT_ADDRESS, version.attachments, version.built, version.fragments
        )
        if example is None:
            return None
        return RecipientInput(identity, address, context=example.context, profile=example.profile)
