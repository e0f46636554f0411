"""Every change of what decides who gets mail is an event with the key that made it."""

from __future__ import annotations

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.consent.settings import ManageConsentSettings, UpdateConsentSettings
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.resources import ResourceInput, UpdateResource
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.events.event import ChangeKind, EventType, SendingPolicyChange, SilenceChange

from tests.unit.application.consenting import make_topic
from tests.unit.application.running import events
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

ALWAYS, ASKED = Silence.SEND_UNLESS_DENIED, Silence.SEND_ONLY_IF_GRANTED


def told(world: World) -> list[tuple[EventType, str, object]]:
    return [(event.type, event.subject, event.detail) for event in events(world)]


async def test_a_policy_that_is_made_changed_and_deleted_is_told_each_time(world: World) -> None:
    policies = Policies(world)
    await policies.make("nights")
    changed = await policies.change("nights", display_name="Other")
    await policies.delete("nights", changed.etag, AUTHOR)
    assert told(world) == [
        (EventType.SENDING_POLICY_CHANGED, "sendingPolicies/nights", SendingPolicyChange(kind, AUTHOR.name))
        for kind in ChangeKind
    ]


async def test_a_changed_silence_of_the_sandbox_is_told_once(world: World) -> None:
    settings = ManageConsentSettings(world.transactions, world.clock)
    for _ in range(2):
        await settings.update(UpdateConsentSettings(ALWAYS), AUTHOR)
    assert told(world) == [(EventType.SILENCE_CHANGED, "consentSettings", SilenceChange(ALWAYS, AUTHOR.name))]


async def test_a_topic_that_says_what_silence_means_is_told_whenever_that_changes(world: World) -> None:
    topics = ManageArchivableResources(TOPIC, world.transactions, world.clock)
    await make_topic(world, "plain")
    await make_topic(world, silence=ALWAYS)
    for silence in (ALWAYS, ASKED, None):
        wanted = ResourceInput(
            Topic(sandbox="", id="", display_name="News", create_time=0, update_time=0, silence=silence)
        )
        await topics.update(UpdateResource("news", wanted, frozenset({"silence"})), AUTHOR)
    assert told(world) == [
        (EventType.SILENCE_CHANGED, "topics/news", SilenceChange(silence, AUTHOR.name))
        for silence in (ALWAYS, ASKED, None)
    ]
