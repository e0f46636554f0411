"""Tests what the links in mails store and show."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from clarion_server.application.profiles.profile_merge import MergeProfiles, ProfileMerger
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.unsubscribing.unsubscribing import masked
from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope, Silence
from clarion_server.domain.consent.consent_change import ConsentSource, Evidence
from clarion_server.domain.consent.preference_page import Tick
from clarion_server.domain.consent.topic import OneClick, TopicTranslation, TopicVisibility
from clarion_server.domain.errors import Overloaded
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import MINUTE, SECOND

from tests.unit.application.consenting import NEWS as EMAIL_NEWS
from tests.unit.application.consenting import Consents, a
from tests.unit.application.running import Process, counts, events, messages
from tests.unit.application.unsubscribing import (
    DEFAULT,
    add_topics,
    history,
    link,
    offered,
    saved,
    topic,
    unsubscribing,
)
from tests.unit.application.world import World

DENIED, GRANTED = ConsentChoice.DENIED, ConsentChoice.GRANTED
NEWS, OFFERS = topic("news"), topic("offers")
SHOWN = Evidence(text="Yes, please.")
ENDED, BEGUN = Tick(True, False, "a" * 16), Tick(False, True, "b" * 16)


async def stored(world: World) -> list[tuple[ConsentScope, ConsentChoice]]:
    return [(change.scope, change.choice) for change in await history(world)]


async def test_one_click_ends_the_topic_of_the_mail_on_its_channel(world: World) -> None:
    await add_topics(world, NEWS, OFFERS)
    assert await unsubscribing(world).unsubscribe(link()) == "News"
    (change,) = await history(world)
    assert (change.scope, change.choice) == (ConsentScope(Channel.EMAIL, "news"), DENIED)
    assert (change.source, change.actor) == (ConsentSource.PREFERENCE_PAGE, f"messages/{link().message_id}")
    choices = await unsubscribing(world).choices(link())
    assert choices.ended_topic == "News"
    assert offered(choices) == {"news": False, "offers": True, None: True}


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({"topic": ""}, ConsentScope(Channel.EMAIL)),
        ({"topic": "gone"}, ConsentScope(Channel.EMAIL)),
        ({"topic": "inside"}, ConsentScope(Channel.EMAIL)),
        ({"topic": "inside", "category": Category.TRANSACTIONAL}, ConsentScope(Channel.EMAIL, "inside")),
        ({"topic": "old"}, ConsentScope(Channel.EMAIL, "old")),
        ({"topic": "broad"}, ConsentScope(Channel.EMAIL)),
        ({"topic": "broad", "category": Category.TRANSACTIONAL}, ConsentScope(Channel.EMAIL, "broad")),
    ],
    ids=["none", "unknown", "private", "private of service messages", "archived", "broad", "broad of service messages"],
)
async def test_one_click_ends_a_topic_that_can_be_named_or_all_marketing(
    world: World, fields: dict[str, str], scope: ConsentScope
) -> None:
    await add_topics(
        world,
        topic("inside", visibility=TopicVisibility.PRIVATE),
        topic("old", archive_time=1),
        topic("broad", one_click=OneClick.CHANNEL),
    )
    await unsubscribing(world).unsubscribe(link(**fields))
    assert await stored(world) == [(scope, DENIED)]


async def test_a_stranger_gets_a_profile_that_holds_nothing_else(world: World) -> None:
    await add_topics(world, NEWS)
    await unsubscribing(world).unsubscribe(link(identity="email:Jo@Example.com"))
    (profile,) = await world.transactions.read(lambda unit: unit.profiles.page(DEFAULT, None, 10))
    assert [str(identity) for identity in profile.identities] == ["email:Jo@Example.com"]
    assert (profile.attributes, profile.locale, profile.time_zone) == ({}, "", "")
    assert len(await history(world, "email:jo@example.com")) == 1


async def test_the_link_of_somebody_who_was_merged_twice_ends_marketing_of_the_survivor(world: World) -> None:
    merger, admin = ProfileMerger(world.transactions, world.clock), Caller("", DEFAULT, frozenset({Scope.ADMIN}))
    jane, other, survivor = [
        await world.profiles.create(CreateProfile(ProfileFields((identity,), {}, "", "")), admin)
        for identity in ("email:jane@example.com", "crm:1", "crm:2")
    ]
    await merger.merge(MergeProfiles(other.id, jane.id), admin)
    await merger.merge(MergeProfiles(survivor.id, other.id), admin)
    await unsubscribing(world).unsubscribe(link(topic=""))
    with world.store.snapshot() as unit:
        choices = unit.consents.of_profile(survivor.key)
    assert {scope: consent.choice for scope, consent in choices.items()} == {ConsentScope(Channel.EMAIL): DENIED}
    (left,) = await world.profiles.page(None, 10, admin)
    assert left.key == survivor.key


async def test_a_repeated_click_stores_nothing_more(world: World) -> None:
    await add_topics(world, NEWS)
    for _ in range(3):
        await unsubscribing(world).unsubscribe(link())
        world.clock.advance(SECOND)
    assert len(await history(world)) == 1
    assert [event.type for event in events(world)].count(EventType.CONSENT_CHANGED) == 1


async def test_a_click_ends_what_a_form_with_a_fast_clock_has_begun(world: World) -> None:
    await add_topics(world, NEWS)
    grant = replace(a(EMAIL_NEWS, GRANTED, ConsentSource.FORM, world.clock.now() + 4 * MINUTE), evidence=SHOWN)
    await Consents(world).change(grant)
    world.clock.advance(SECOND)
    await unsubscribing(world).unsubscribe(link())
    assert offered(await unsubscribing(world).choices(link()))["news"] is False
    assert [change.choice for change in await history(world)] == [GRANTED, DENIED]


async def test_the_message_whose_link_is_pressed_is_told_and_counted_once(world: World, process: Process) -> None:
    await add_topics(world, NEWS)
    await process.trigger()
    (message,) = messages(world).values()
    pages = unsubscribing(world)
    await pages.unsubscribe(link(message_id=message.id))
    (change,) = await history(world)
    (told,) = [event for event in events(world) if event.type is EventType.UNSUBSCRIBED]
    assert (told.message_id, told.campaign_key, told.action) == (
        message.id,
        message.action.campaign_key,
        message.action.id,
    )
    assert told.detail == change
    world.clock.advance(SECOND)
    await pages.save(link(message_id=message.id), {"news": BEGUN})
    await pages.end_marketing(link(message_id=message.id))
    assert [event.type for event in events(world)].count(EventType.UNSUBSCRIBED) == 1
    assert counts(world, message.action.campaign_key) == {"TARGETED": 1, "UNSUBSCRIBED": 1}


async def test_a_grant_by_the_link_of_a_message_is_no_unsubscribing(world: World, process: Process) -> None:
    await add_topics(world, NEWS, silence=Silence.SEND_ONLY_IF_GRANTED)
    await process.trigger()
    (message,) = messages(world).values()
    await unsubscribing(world).save(link(message_id=message.id), {"news": BEGUN})
    assert [event.type for event in events(world)] == [EventType.CONSENT_CHANGED]


async def test_an_opt_out_after_the_message_was_purged_is_stored_and_told_of_the_person_alone(world: World) -> None:
    await add_topics(world, NEWS)
    await unsubscribing(world).unsubscribe(link())
    assert [event.type for event in events(world)] == [EventType.CONSENT_CHANGED]


async def test_an_opt_out_of_another_sandbox_changes_nothing_here(world: World) -> None:
    await add_topics(world, NEWS)
    await unsubscribing(world).unsubscribe(link(sandbox="staging", topic=""))
    assert await history(world) == []
    assert offered(await unsubscribing(world).choices(link())) == {"news": True, None: True}


async def test_looking_stores_nothing(world: World) -> None:
    await add_topics(world, NEWS)
    before = world.store.commit_version()
    await unsubscribing(world).choices(link())
    assert world.store.commit_version() == before


async def test_a_page_offers_public_topics_in_the_language_of_the_message(world: World) -> None:
    translations = (
        TopicTranslation("de", "Neuigkeiten", "Einmal im Monat"),
        TopicTranslation("pt-BR", "Novidades"),
    )
    await add_topics(
        world,
        topic("news", description="Once a month", translations=translations),
        topic("inside", visibility=TopicVisibility.PRIVATE),
        topic("old", archive_time=1),
    )
    shown = {}
    for locale in ("de-AT", "pt-BR", "pt", "ja"):
        news, others = (await unsubscribing(world).choices(link(locale=locale))).offers
        assert (news.topic, others.topic, others.display_name) == ("news", None, "")
        shown[locale] = news.display_name, news.description
    assert shown == {
        "de-AT": ("Neuigkeiten", "Einmal im Monat"),
        "pt-BR": ("Novidades", ""),
        "pt": ("Novidades", ""),
        "ja": ("News", "Once a month"),
    }


@pytest.mark.parametrize("silence", Silence)
async def test_a_page_shows_what_silence_means(world: World, silence: Silence) -> None:
    other = next(each for each in Silence if each is not silence)
    await add_topics(world, NEWS, topic("offers", silence=other), silence=silence)
    sent = silence is Silence.SEND_UNLESS_DENIED
    assert offered(await unsubscribing(world).choices(link())) == {"news": sent, "offers": not sent, None: sent}


async def test_saving_stores_the_ticks_and_shows_what_is_stored(world: World) -> None:
    await add_topics(world, NEWS, topic("offers", silence=Silence.SEND_ONLY_IF_GRANTED))
    choices = await saved(unsubscribing(world), {"news": ENDED, "offers": BEGUN, None: Tick(True, True)})
    assert offered(choices) == {"news": False, "offers": True, None: True}
    denial, grant = await history(world)
    assert (denial.scope.topic, denial.choice, denial.evidence.text_version) == ("news", DENIED, "")
    assert (grant.scope.topic, grant.choice, grant.source) == ("offers", GRANTED, ConsentSource.PREFERENCE_PAGE)
    assert (grant.evidence.text_version, grant.evidence.locale) == ("b" * 16, "de-AT")
    assert denial.actor == grant.actor == f"messages/{link().message_id}"


async def test_who_left_everything_comes_back_for_one_topic(world: World) -> None:
    await add_topics(world, NEWS, OFFERS)
    pages = unsubscribing(world)
    await pages.end_marketing(link())
    assert set(offered(await pages.choices(link())).values()) == {False}
    world.clock.advance(SECOND)
    choices = await saved(pages, {"news": BEGUN, "offers": Tick(False, False), None: Tick(False, False)})
    assert offered(choices) == {"news": True, "offers": False, None: False}


async def test_of_a_page_in_two_tabs_the_later_stands(world: World) -> None:
    await add_topics(world, NEWS, OFFERS)
    pages = unsubscribing(world)
    first = await saved(pages, {"news": ENDED, "offers": Tick(True, True)})
    second = await saved(pages, {"news": Tick(True, True), "offers": ENDED})
    assert offered(first) == {"news": False, "offers": True, None: True}
    assert offered(second) == {"news": False, "offers": False, None: True}
    again = await saved(pages, {"news": BEGUN})
    assert offered(again)["news"] is True


async def test_ticks_of_topics_that_are_not_offered_are_ignored(world: World) -> None:
    await add_topics(world, NEWS, topic("inside", visibility=TopicVisibility.PRIVATE))
    await unsubscribing(world).save(link(), {"inside": ENDED, "unknown": BEGUN})
    assert await history(world) == []


async def test_the_address_of_the_message_is_shown_until_it_is_purged(world: World, process: Process) -> None:
    await process.trigger()
    (message_id,) = messages(world)
    elsewhere = replace(link(), identity="customer:4711", message_id=message_id)
    assert (await unsubscribing(world).choices(elsewhere)).address == "j•••@example.com"
    assert (await unsubscribing(world).choices(replace(elsewhere, message_id=link().message_id))).address == ""
    assert (await unsubscribing(world).choices(link())).address == "j•••@example.com"


@pytest.mark.parametrize(
    ("address", "shown"),
    [("jane@example.com", "j•••@example.com"), ("j@example.com", "j•••@example.com"), ("4711", ""), ("", "")],
)
def test_an_address_is_recognised_by_its_owner_alone(address: str, shown: str) -> None:
    assert masked(address) == shown


async def test_an_identity_that_the_rules_no_longer_accept_opts_out_all_the_same(world: World) -> None:
    await unsubscribing(world).unsubscribe(link(identity="phone:07911 123456"))
    (profile,) = await world.transactions.read(lambda unit: unit.profiles.page(DEFAULT, None, 10))
    assert [str(identity) for identity in profile.identities] == ["phone:07911 123456"]


async def test_the_presses_of_a_mailing_share_few_commits(world: World) -> None:
    await add_topics(world, NEWS)
    commits: list[None] = []
    pages = unsubscribing(world, on_commit=lambda: commits.append(None))
    people = [f"email:r{number}@example.com" for number in range(40)]
    await asyncio.gather(*(pages.unsubscribe(link(identity=person)) for person in people))
    assert [len(await history(world, person)) for person in people] == [1] * 40
    # The next trigger waits for no more than ten of them.
    assert len(commits) == 4


async def test_presses_that_would_wait_for_too_long_are_refused_and_store_nothing(world: World) -> None:
    await add_topics(world, NEWS)
    pages = unsubscribing(world, capacity=99)
    people = [f"email:r{number}@example.com" for number in range(3)]
    answers = await asyncio.gather(
        *(pages.unsubscribe(link(identity=person)) for person in people), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [str, Overloaded, Overloaded]
    assert [len(await history(world, person)) for person in people] == [1, 0, 0]
    # What was stored waits no more, so there is room again.
    assert await pages.unsubscribe(link(identity=people[1])) == "News"
