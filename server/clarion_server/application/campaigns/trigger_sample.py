"""Makes an example of a trigger: a recipient for whom the live version of a campaign would accept it."""

from __future__ import annotations

from clarion_server.application.background import run_in_background
from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.ports.content import ExampleFinder
from clarion_server.application.triggering.admission import RecipientInput, TriggerCommand, admit
from clarion_server.domain.access import Caller
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.errors import NoExample
from clarion_server.domain.magic import MAGIC_DOMAIN, SimulatedOutcome

#: Whoever pastes a sample sends no mail with it.
ADDRESS = f"{SimulatedOutcome.SENT}@{MAGIC_DOMAIN}"
_EMAIL = "email"


class TriggerSampler:
    def __init__(self, campaigns: CampaignCache, examples: ExampleFinder) -> None:
        self._campaigns = campaigns
        self._examples = examples

    async def sample(self, campaign_id: str, caller: Caller) -> RecipientInput:
        """Returns a recipient. Raises ResourceNotFound, CampaignNotLive, CampaignOutsideWindow or NoExample."""
        live = await self._campaigns.live(caller.sandbox, campaign_id)
        if not await self._campaigns.is_current(live):
            live = await self._campaigns.live(caller.sandbox, campaign_id)
        # The search takes processor time, in which the event loop serves others.
        recipient = await run_in_background(self._recipient, live)
        if recipient is None or admit(TriggerCommand(campaign_id, (recipient,)), live).violations:
            raise NoExample(live.campaign.name)
        return recipient

    def _recipient(self, live: LiveCampaign) -> RecipientInput | None:
        definition = live.version.definition
        namespace = definition.identity_namespace
        identity = f"{namespace}:{ADDRESS if namespace == _EMAIL else '4711'}"
        example = self._examples.example(definition, identity, ADDRESS)
        if example is None:
            return None
        address = ADDRESS if _needs_address(definition, identity) else ""
        return RecipientInput(identity, address, context=example.context, profile=example.profile)


def _needs_address(definition: CampaignDefinition, identity: str) -> bool:
    """Returns whether an action has no address for a recipient of whom nothing but the identity is known."""
    contents = [action.content for action in definition.actions]
    return any(content.address_violation(content.address("", {}, identity)) for content in contents)
