"""Erases people, for the tests of use cases."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from clarion_server.application.erasure.beginning import EraseProfile
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.domain.access.access import Caller, Scope, Visibility
from clarion_server.domain.events.event import EventType, ProfileErasure
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.profile import Profile

from tests.unit.application.running import events
from tests.unit.application.world import World

T = TypeVar("T")

JANE = "email:jane@example.com"
CALLER = Caller("apiKeys/admin", Visibility("default"), frozenset({Scope.ADMIN}))
LABELS = {"order": "A-1"}


async def stored(world: World, *identities: str, **attributes: Any) -> Profile:
    return await world.profiles.create(CreateProfile(ProfileFields(identities, attributes, "de", "")), CALLER)


async def erase(world: World, profile: Profile, *, keep: bool | None = None) -> Any:
    return await world.erasures.erase(EraseProfile(profile.id, keeps_suppression=keep), CALLER)


async def sweep(world: World) -> None:
    def write(step: Callable[[UnitOfWork], T]) -> Awaitable[T | None]:
        return world.transactions.write(step, bulk=True)

    await world.sweeper.sweep(write)


def is_blank(message: Message) -> bool:
    told = (message.identity, message.address, message.context, message.profile, message.labels, message.profile_key)
    return told == ("", "", b"{}", b"{}", {}, None) and not message.fallbacks


def erased_events(world: World) -> list[ProfileErasure]:
    found = [event.detail for event in events(world) if event.type is EventType.PROFILE_ERASED]
    return [detail for detail in found if isinstance(detail, ProfileErasure)]
