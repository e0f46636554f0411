"""Choices of people, for the tests of use cases."""

from __future__ import annotations

from typing import Any

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.consent.consents import ConsentView, ManageConsents, Person, SetConsents
from clarion_server.application.consent.recording import ConsentRecorder, Recorded
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.consent.topic import Topic

from tests.identities import IDENTITIES
from tests.unit.application.world import AUTHOR, CountingIds, World

ALL, EMAIL = ConsentScope(), ConsentScope(Channel.EMAIL)
NEWS, NEWS_ANYWHERE = ConsentScope(Channel.EMAIL, "news"), ConsentScope(topic="news")
JANE = Person(identity="email:Jane@example.com")


class Consents(ManageConsents):
    """Is the use case over the world's store, with shorter calls."""

    def __init__(self, world: World) -> None:
        recorder = ConsentRecorder(world.clock, CountingIds())
        super().__init__(world.transactions, IDENTITIES, recorder, world.clock)

    async def change(self, *changes: ConsentChange, person: Person = JANE) -> Recorded:
        return await self.set(SetConsents(person, changes), AUTHOR)

    async def of(self, person: Person = JANE) -> ConsentView:
        return await self.get(person, None, 50, AUTHOR)

    async def choices(self) -> dict[ConsentScope, ConsentChoice]:
        return {scope: consent.choice for scope, consent in (await self.of()).consents.items()}


async def make_topic(world: World, topic_id: str = "news", **fields: Any) -> Topic:
    topics = ManageArchivableResources(TOPIC, world.transactions, world.clock)
    made = Topic(sandbox="", id="", display_name="News", create_time=0, update_time=0, **fields)
    return await topics.create(CreateResource(topic_id, ResourceInput(made)), AUTHOR)


def a(
    scope: ConsentScope,
    choice: ConsentChoice,
    source: ConsentSource = ConsentSource.PREFERENCE_PAGE,
    time: int = 0,
) -> ConsentChange:
    return ConsentChange(scope, choice, time, source)
