"""Chooses the addresses of a recipient."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarion_server.domain.addresses.magic import SENT_ADDRESS, simulated_outcome
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.choice import choose_email
from clarion_server.domain.violation import Violation


def choose_addresses(
    address: str, profile: Mapping[str, Any], identity: str, definition: CampaignDefinition
) -> tuple[list[str], list[Violation]]:
    """Returns the address for each action, and what is wrong with them, once a channel.

    `address` is that of the call, and empty if it has none. A missing address is empty. That is a violation only when
    no action can be sent without one; else the messages of the actions that need it are excluded.
    """
    if len(definition.actions) == 1:
        only = definition.actions[0].content.valid_address(address, profile, identity)
        if only is not None:
            # Nearly every recipient leaves here.
            return [only], []
    of_channel: dict[Channel, str] = {}
    violations: list[Violation] = []
    missing: list[Violation] = []
    for action in definition.actions:
        content = action.content
        if content.channel in of_channel:
            continue
        choice = content.address(address, profile, identity)
        if violation := content.address_violation(choice):
            (missing if choice is None else violations).append(violation)
        if choice is not None:
            of_channel[content.channel] = choice.value
        elif not content.channel.has_addresses and is_magic(address, profile, identity):
            # A magic recipient gets nothing, on a channel without addresses either.
            of_channel[content.channel] = SENT_ADDRESS
        else:
            of_channel[content.channel] = ""
    if missing and not any(chosen or not channel.has_addresses for channel, chosen in of_channel.items()):
        violations += missing
    if len(of_channel) == len(definition.actions):
        return list(of_channel.values()), violations
    return [of_channel[action.content.channel] for action in definition.actions], violations


def is_magic(address: str, profile: Mapping[str, Any], identity: str) -> bool:
    """Returns whether the recipient is a magic one."""
    email = choose_email(address, profile, identity)
    return email is not None and simulated_outcome(email.value) is not None
