"""Callers who hold access labels, and campaigns that have some."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.application.campaigns.drafts import Draft, UpdateCampaign
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels, access_labels
from clarion_server.domain.campaigns.campaign import Campaign

from tests.unit.application.world import AUTHOR, DEFINITION, World

EU, VIP, BOTH = access_labels({"eu": 0}), access_labels({"vip": 63}), access_labels({"eu": 0, "vip": 63})


def holder(labels: AccessLabels = NO_ACCESS_LABELS) -> Caller:
    """Returns an administrator of the author's sandbox whose key holds these labels."""
    return Caller("apiKeys/holder", Visibility(AUTHOR.sandbox, labels), frozenset({Scope.ADMIN}))


#: Holds every label that the tests use.
MIGHTY = holder(BOTH)


async def label(world: World, labels: AccessLabels, campaign_id: str = "order-confirmed") -> Campaign:
    """Gives a campaign these labels in place of its own."""
    return await relabel(world, labels.names, MIGHTY, campaign_id)


async def relabel(
    world: World,
    names: tuple[str, ...],
    caller: Caller,
    campaign_id: str = "order-confirmed",
    *,
    validate_only: bool = False,
) -> Campaign:
    draft = Draft(replace(DEFINITION, display_name="not changed"), access_labels=names)
    fields = frozenset({"access_labels"})
    command = UpdateCampaign(campaign_id, draft, fields, validate_only=validate_only)
    # The labels are those of the sandbox, so that a change of them is counted.
    await world.transactions.write(lambda unit: unit.access_labels.hand_out(AUTHOR.sandbox, ("eu",)))
    return await world.authoring.update(command, caller)
