"""Tests what is reviewed: everything that a definition names, in the state in which it was read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.conditions import CelConditionCompiler
from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.audiences.audiences import ManageAudiences
from clarion_server.application.campaigns.candidate import candidate_of
from clarion_server.application.channels.configurations import ChannelSettings, UpdateChannelConfiguration
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resources import ResourceInput, UpdateResource
from clarion_server.domain.audiences.audience import Audience

from tests.unit.application.audience_running import by_condition
from tests.unit.application.consenting import make_topic
from tests.unit.application.fragments import Pieces, mails
from tests.unit.application.sending_policies import Policies
from tests.unit.application.test_audience_rules import VIP
from tests.unit.application.world import AUTHOR, CHANNEL, World

GOLD = Audience(sandbox="", id="", display_name="Gold", condition="false", create_time=0, update_time=0)
NAMED: dict[str, Callable[[World], Awaitable[Any]]] = {
    "campaign": lambda world: world.update(display_name="Edited"),
    "channel": lambda world: world.channels.update(
        UpdateChannelConfiguration("orders", ChannelSettings(replace(CHANNEL, disabled=True)), frozenset({"disabled"})),
        AUTHOR,
    ),
    "topic": lambda world: ManageArchivableResources(TOPIC, world.transactions, world.clock).archive(
        "news", "", AUTHOR
    ),
    "policy": lambda world: Policies(world).change("nights", display_name="Edited"),
    "fragment": lambda world: Pieces(world).publish("footer", "<p>two</p>"),
    "audience": lambda world: ManageAudiences(world.transactions, CelConditionCompiler(), world.clock).update(
        UpdateResource("gold", ResourceInput(replace(GOLD, condition="true")), frozenset({"condition"})), AUTHOR
    ),
}


@pytest.mark.parametrize("named", [*NAMED, "nothing"])
async def test_whatever_a_definition_names_is_noticed_when_it_changes(world: World, named: str) -> None:
    await make_topic(world)
    await Policies(world).make("nights")
    await Pieces(world).publish("footer", "<p>one</p>")
    await by_condition(world)
    (action,) = mails('{% include "fragments/footer" %}')
    await world.live(actions=(replace(action, rules=(VIP,)),), topic="news", sending_policy="nights")

    def is_unchanged(unit: UnitOfWork) -> bool:
        campaign = unit.campaigns.get(AUTHOR.visibility, "order-confirmed")
        assert campaign is not None
        return candidate.is_unchanged(unit, campaign, AUTHOR.visibility)

    read = await world.get()
    candidate = await world.transactions.read(lambda unit: candidate_of(unit, read, AUTHOR.visibility))
    if named in NAMED:
        await NAMED[named](world)
    assert await world.transactions.write(is_unchanged) == (named == "nothing")
