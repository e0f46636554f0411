"""Sending policies, for the tests of use cases."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from clarion_server.application.resources import CreateResource, ManageResources, ResourceInput, UpdateResource
from clarion_server.application.sending_policies.policies import SENDING_POLICY
from clarion_server.domain.instant import Instant, from_datetime
from clarion_server.domain.sending_policies.quiet_hours import WallInterval
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy

from tests.unit.application.world import AUTHOR, World

#: From 22:00 to 08:00.
NIGHT = WallInterval(22 * 60, 8 * 60)
POLICY = SendingPolicy(
    sandbox="",
    id="",
    display_name="Nights",
    time_zone="Europe/Berlin",
    create_time=0,
    update_time=0,
    quiet_hours=(NIGHT,),
)


def utc(text: str) -> Instant:
    """Returns the instant of a time in May 2027, such as `10T21:30`, when Berlin is two hours ahead."""
    return from_datetime(datetime.fromisoformat(f"2027-05-{text}:00").replace(tzinfo=UTC))


class Policies(ManageResources[SendingPolicy]):
    """Is the use case over the world's store, with shorter calls."""

    def __init__(self, world: World) -> None:
        super().__init__(SENDING_POLICY, world.transactions, world.clock)

    async def make(self, policy_id: str = "default", **changes: Any) -> SendingPolicy:
        return await self.create(CreateResource(policy_id, ResourceInput(replace(POLICY, **changes))), AUTHOR)

    async def change(self, policy_id: str = "default", etag: str = "", **changes: Any) -> SendingPolicy:
        sent = ResourceInput(replace(POLICY, **changes))
        return await self.update(UpdateResource(policy_id, sent, frozenset(changes), etag), AUTHOR)
