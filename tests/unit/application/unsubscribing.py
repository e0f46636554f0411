"""Says what the tests of unsubscribing share: the use case in a world, and links of its messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from clarion_server.adapters.rendering.languages.locale_data import locale_data
from clarion_server.adapters.system import SystemIds
from clarion_server.application.consent.recording import ConsentRecorder
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.transactions import Transactions
from clarion_server.application.unsubscribing.unsubscribing import Choices, Unsubscribing
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentSettings, Silence
from clarion_server.domain.consent.consent_change import ConsentChange
from clarion_server.domain.consent.personal_link import LinkKind, PersonalLink
from clarion_server.domain.consent.preference_page import Ticks
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.messages.message import message_id
from clarion_server.domain.people.identity import NO_NAMESPACES, Identity

from tests.identities import HASHER, IDENTITIES
from tests.unit.application.world import World

DEFAULT = Visibility("default")


def link(**fields: Any) -> PersonalLink:
    """Belongs to a marketing mail about the newsletter to Jane, which was purged long ago."""
    given = {
        "kind": LinkKind.UNSUBSCRIBE,
        "sandbox": "default",
        "channel": Channel.EMAIL,
        "message_id": message_id("0199" + "ab" * 14, 0, 0),
        "locale": "de-AT",
        "identity": "email:jane@example.com",
        "category": Category.MARKETING,
        "topic": "news",
    }
    return PersonalLink(**{**given, **fields})


def topic(topic_id: str, **fields: Any) -> Topic:
    given = {"sandbox": "default", "id": topic_id, "display_name": topic_id.title(), "create_time": 0, "update_time": 0}
    return Topic(**{**given, **fields})


def unsubscribing(
    world: World,
    transactions: Transactions | None = None,
    on_commit: Callable[[], None] = lambda: None,
    capacity: int = 20_000,
) -> Unsubscribing:
    """Returns the use case on the transactions of the world, unless others are given. `capacity` is how many rows may
    wait for their commit.
    """
    transactions = transactions or world.transactions
    commits = GroupCommit(transactions, on_commit, capacity)
    recorder = ConsentRecorder(world.clock, SystemIds())
    return Unsubscribing(transactions, commits, IDENTITIES, recorder, world.clock, locale_data(), HASHER)


async def saved(pages: Unsubscribing, ticks: Ticks) -> Choices:
    """Returns what the page shows that follows."""
    await pages.save(link(), ticks)
    return await pages.choices(link())


async def add_topics(world: World, *topics: Topic, silence: Silence = Silence.SEND_UNLESS_DENIED) -> None:
    """Adds the topics to a sandbox in which silence means `silence`."""

    def add(unit: Any) -> None:
        unit.consents.save_settings(ConsentSettings("default").updated(silence, world.clock.now()))
        for each in topics:
            unit.topics.add(each)

    await world.transactions.write(add)


async def history(world: World, identity: str = "email:jane@example.com") -> list[ConsentChange]:
    """Returns the entries of a person's history, the oldest first; none for somebody without a profile."""
    read = IDENTITIES.read(identity, "identity", NO_NAMESPACES)
    assert isinstance(read, Identity)

    def entries(unit: Any) -> list[ConsentChange]:
        owner = unit.profiles.owners("default", [read.key]).get(read.key)
        return [] if owner is None else unit.consents.history(owner.key, None, 100)[::-1]

    return await world.transactions.read(entries)


def offered(choices: Choices) -> dict[str | None, bool]:
    return {offer.topic: offer.is_sent for offer in choices.offers}
