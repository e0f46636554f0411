"""Sources are built once, when a campaign is activated, and what was built is what is sent."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.adapters.rendering import JinjaContentCompiler
from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.campaigns.preview import PreviewCampaign
from clarion_server.application.ports.content import NO_FRAGMENTS, Fragments, Personalisation
from clarion_server.bootstrap.channels import CONTENT_KINDS
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.content.built_source import BuiltSource, BuiltSources
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.content.transform import Transform

from tests.memory_store import MemoryStore
from tests.unit.application.world import AUTHOR, DEFINITION, World

HTML = "<style>p { color: red }</style><p>{{ context.order.id }}</p>"
INLINED = '<p style="color: red">A1</p>'
ACTIONS = (replace(DEFINITION.actions[0], content=EmailContent("Order", html=HTML, transform=Transform.INLINE_CSS)),)
CONTEXT = {"order": {"id": "A1"}}


class LaterCompiler(JinjaContentCompiler):
    """Is a later release, which builds otherwise."""

    def __init__(self) -> None:
        super().__init__(CONTENT_KINDS)

    def build(self, definition: CampaignDefinition, fragments: Fragments = NO_FRAGMENTS) -> BuiltSources:
        return {key: BuiltSource("later") for key in super().build(definition, fragments)}


async def sent(world: World, campaign_key: int, number: int) -> str:
    """Returns the HTML that a message of a version gets from whoever compiles it now."""
    cache = CampaignCache(world.transactions, LaterCompiler())
    (content,) = (await cache.version(campaign_key, number)).contents
    email = content.render(Personalisation(CONTEXT, {}, "email:a@b.example", "a@b.example", "en"))
    assert isinstance(email, RenderedEmail)
    return email.html


async def shown(world: World, version: int = 0) -> str:
    preview = await world.previewing.preview(PreviewCampaign("order-confirmed", version, CONTEXT), AUTHOR)
    assert isinstance(preview.rendered, RenderedEmail)
    return preview.rendered.html


async def test_a_draft_is_shown_as_it_would_be_sent(world: World) -> None:
    await world.channel()
    draft = await world.draft(actions=ACTIONS)
    assert await shown(world) == INLINED
    assert draft.definition.actions == ACTIONS


async def test_a_version_keeps_what_its_author_wrote_and_sends_what_was_built(world: World) -> None:
    live = await world.live(actions=ACTIONS)
    (version,) = await world.authoring.versions("order-confirmed", None, 1, AUTHOR)
    assert version.definition.actions == ACTIONS
    assert await sent(world, live.key, 1) == await shown(world, version=1) == INLINED


async def test_a_later_release_changes_nothing_that_was_activated() -> None:
    store = MemoryStore()
    with closing(World(store)) as world:
        await world.live(actions=ACTIONS)
        later = World(store, LaterCompiler())
        assert await shown(later, version=1) == INLINED
        # A new version is built anew, and an earlier one that becomes live again is not.
        await later.update(description="New", actions=ACTIONS)
        second = (await later.activate()).campaign
        assert await sent(later, second.key, 2) == "later"
        again = (await later.activate(version=1)).campaign
        assert await sent(later, again.key, again.live_version) == INLINED


@pytest.mark.parametrize("transform", [None, Transform.NONE])
async def test_without_a_transform_the_source_is_sent_as_it_is(world: World, transform: Transform | None) -> None:
    action = replace(ACTIONS[0], content=EmailContent("Order", html=HTML, transform=transform))
    live = await world.live(actions=(action,))
    assert await sent(world, live.key, 1) == await shown(world) == HTML.replace("{{ context.order.id }}", "A1")
    assert world.see(lambda unit: unit.campaigns.built_sources(live.key, 1)) == {}
