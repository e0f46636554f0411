"""Provides the fragments of a world."""

from __future__ import annotations

from typing import Any

from clarion_server.application.campaign_cache import CampaignCache
from clarion_server.application.fragments.fragments import ManageFragments, Publication, PublishFragment
from clarion_server.application.ports.content import ContentCompiler, Personalisation
from clarion_server.application.resources import CreateResource, ResourceInput, UpdateResource
from clarion_server.domain.access.access import Caller
from clarion_server.domain.campaigns.campaign_definition import Action
from clarion_server.domain.content.email import EmailContent, RenderedEmail
from clarion_server.domain.errors import ResourceExists
from clarion_server.domain.fragments.fragment import Fragment

from tests.unit.application.compiler import COMPILER
from tests.unit.application.world import AUTHOR, World

CONTEXT = {"order": {"id": "A1"}}


class Pieces:
    def __init__(self, world: World, compiler: ContentCompiler = COMPILER) -> None:
        self.manage = ManageFragments(world.transactions, compiler, world.clock)

    async def write(self, fragment_id: str, source: str, caller: Caller = AUTHOR, **fields: Any) -> Fragment:
        """Creates a fragment, or changes its draft."""
        sent = Fragment(sandbox="", id="", create_time=0, update_time=0, source=source, **fields)
        try:
            return await self.manage.create(CreateResource(fragment_id, ResourceInput(sent)), caller)
        except ResourceExists:
            changed = frozenset({"source", *fields})
            return await self.manage.update(UpdateResource(fragment_id, ResourceInput(sent), changed), caller)

    async def publish(
        self,
        fragment_id: str,
        source: str = "",
        *,
        dry: bool = False,
        bypass_reason: str = "",
        caller: Caller = AUTHOR,
        **fields: Any,
    ) -> Publication:
        """Publishes what a fragment has, or this source."""
        if source:
            await self.write(fragment_id, source, **fields)
        command = PublishFragment(fragment_id, validate_only=dry, bypass_reason=bypass_reason)
        return await self.manage.publish(command, caller)


def mails(html: str, subject: str = "Order {{ context.order.id }}", **fields: Any) -> tuple[Action, ...]:
    return (Action("email", "orders", EmailContent(subject, html=html, **fields)),)


async def sent(world: World, number: int, locale: str = "en", **context: Any) -> str:
    """Returns the HTML that a message of a version gets from a process that has just begun."""
    cache = CampaignCache(world.transactions, COMPILER)
    version = await cache.version((await world.get()).key, number)
    content = await cache.content(version, 0, locale)
    email = content.render(Personalisation({**CONTEXT, **context}, {}, "email:a@b.example", "a@b.example", locale))
    assert isinstance(email, RenderedEmail)
    return email.html
