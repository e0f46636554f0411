"""To which audiences the recipients of a batch belong, whatever sandboxes its triggers are of."""

from __future__ import annotations

from dataclasses import replace

from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.triggering.memberships import MembershipReader

from tests.unit.application.audience_running import by_condition, listed
from tests.unit.application.recipients_with_profiles import stored
from tests.unit.application.world import START, World
from tests.unit.domain.test_acceptance import EXECUTION, trigger


async def test_each_trigger_of_a_batch_is_answered_from_the_audiences_of_its_own_sandbox(world: World) -> None:
    await by_condition(world, "true")
    await listed(world, "email:berta@example.com")
    people = {name: await stored(world, f"email:{name}@example.com") for name in ("anna", "berta")}
    stranger = await stored(world, "email:berta@example.com", sandbox="other")
    batch = [
        replace(
            trigger(),
            execution=replace(EXECUTION, id=execution_id, sandbox=sandbox, accept_time=START),
            profile_keys={0: key},
        )
        for execution_id, sandbox, key in (
            ("1", "default", people["anna"].key),
            ("2", "default", people["berta"].key),
            ("3", "other", stranger.key),
        )
    ]
    reader, names = MembershipReader(CelConditionCompiler()), {"gold", "listed"}
    found = await world.transactions.read(
        lambda unit: reader.read(unit, [(each, names) for each in batch], frozenset())
    )
    assert found == {"1": {0: {"gold"}}, "2": {0: {"gold", "listed"}}, "3": {}}
