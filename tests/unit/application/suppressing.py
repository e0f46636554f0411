"""Suppressions, for the tests of use cases."""

from __future__ import annotations

from typing import Any

from clarion_server.adapters.system import SystemIds
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.domain.suppressions.suppression import Suppression

from tests.unit.application.world import AUTHOR, World


async def suppress(world: World, target: str = "jane@example.com", **fields: Any) -> Suppression:
    suppressions = ManageSuppressions(world.transactions, world.clock, SystemIds())
    field = "address" if "@" in target else "domain"
    return await suppressions.create(CreateSuppression(target, field, **fields), AUTHOR)
