"""What a submission holds: the content that was reviewed, whatever changes meanwhile."""

from __future__ import annotations

import asyncio
from contextlib import closing

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.ports.content import NO_ATTACHMENTS, NO_FRAGMENTS, Attachments, Fragments
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.approvals.approval import hash_of_content
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.finding import Finding

from tests.unit.application.office import Office
from tests.unit.application.world import World


class Meddling(JinjaContentCompiler):
    """Has the draft changed by somebody else while it is reviewed."""

    world: World | None = None

    def review(
        self,
        definition: CampaignDefinition,
        attachments: Attachments = NO_ATTACHMENTS,
        built: BuiltSources | None = None,
        fragments: Fragments = NO_FRAGMENTS,
    ) -> list[Finding]:
        if self.world is not None:
            asyncio.run(self.world.update(description="Changed during review"))
        return super().review(definition, attachments, built, fragments)


async def test_a_draft_that_is_changed_while_it_is_reviewed_is_not_submitted() -> None:
    compiler = Meddling(CONTENT_KINDS)
    with closing(World(compiler=compiler)) as world:
        await world.channel()
        await world.draft()
        compiler.world = world
        office = Office(world)
        with pytest.raises(EtagMismatch):
            await office.submit()
        assert (await world.get()).approval_state is None
        assert await office.actions() == []


def test_the_hash_of_a_content_does_not_depend_on_the_order_of_its_fields() -> None:
    parts = [("attachments/logo", "1")]
    one, other = {"subject": "Hello", "tags": {"a": 1, "b": 2}}, {"tags": {"b": 2, "a": 1}, "subject": "Hello"}
    assert hash_of_content(one, parts) == hash_of_content(other, parts)
    assert hash_of_content(one, parts) != hash_of_content(one, [("attachments/logo", "2")])
