"""Stores profiles, triggers campaigns that complete their recipients from them, and reads what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.application.triggering.trigger import TriggerAnswer
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.profile import Profile

from tests.unit.application.running import Process, messages
from tests.unit.application.world import World

JANE = "email:jane@example.com"
#: Its content reads attributes, which DEFINITION's does not.
GREETING_ACTION = Action(
    "email",
    "orders",
    EmailContent("Hello {{ profile.first_name | default('you') }}", text="{{ profile.plan | default('-') }}"),
)
EVERYBODY = Caller("apiKeys/1", Visibility("default"), frozenset({Scope.ADMIN}))


async def stored(
    world: World,
    *identities: str,
    attributes: Mapping[str, Any] | None = None,
    locale: str = "",
    sandbox: str = "default",
) -> Profile:
    fields = ProfileFields(identities, attributes or {}, locale, "")
    return await world.profiles.create(CreateProfile(fields), Caller("apiKeys/1", Visibility(sandbox), frozenset()))


async def profiles(world: World) -> list[Profile]:
    return await world.profiles.page(None, 1_000, EVERYBODY)


async def trigger(process: Process, *to: RecipientInput, **fields: Any) -> TriggerAnswer:
    return await process.trigger(*to, campaign_id="welcome", **fields)


def only_message(world: World) -> Message:
    (message,) = messages(world).values()
    return message


def profile_of(message: Message) -> dict[str, Any]:
    profile: dict[str, Any] = orjson.loads(message.profile)
    return profile


async def refusals(process: Process, *to: RecipientInput, **fields: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidFields) as caught:
        await trigger(process, *to, **fields)
    return [(violation.field, violation.reason) for violation in caught.value.violations]
