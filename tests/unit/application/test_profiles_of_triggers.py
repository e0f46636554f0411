"""Tests what a trigger takes from the stored profiles of its recipients."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    ActionMode,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.content.email import RenderedEmail
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState

from tests.fakes import Provider
from tests.unit.application.recipients_with_profiles import (
    GREETING_ACTION,
    JANE,
    only_message,
    profile_of,
    refusals,
    stored,
    trigger,
)
from tests.unit.application.running import (
    CALLER,
    Process,
    claimed,
    command,
    executions,
    messages,
    recipient,
    states,
    until,
)
from tests.unit.application.suppressing import suppress
from tests.unit.application.world import EMAIL, World

# What a known recipient's message is made of.


async def test_stored_attributes_lie_under_those_of_the_call(world: World, process: Process) -> None:
    await world.live("welcome", actions=(GREETING_ACTION,))
    await stored(world, JANE, attributes={"first_name": "Jane", "plan": "free", "home": {"city": "Köln"}})
    await trigger(process, recipient("email:JANE@example.com", profile={"plan": "gold", "home": {"zip": 1}}))
    assert profile_of(only_message(world)) == {"first_name": "Jane", "plan": "gold", "home": {"zip": 1}}


async def test_a_null_of_the_call_hides_a_stored_attribute(world: World, process: Process) -> None:
    await world.live("welcome", actions=(GREETING_ACTION,))
    await stored(world, JANE, attributes={"plan": "free"})
    await trigger(process, recipient(profile={"plan": None}))
    assert profile_of(only_message(world)) == {"plan": None}


async def test_a_message_that_leaves_at_once_says_what_is_stored(world: World) -> None:
    await world.live("order-confirmed", actions=(GREETING_ACTION,))
    await stored(world, JANE, attributes={"first_name": "Jane", "plan": "free"})
    provider = Provider()
    process = Process(world, provider=provider)
    async with process.sending():
        await process.trigger(recipient(profile={"plan": "gold"}), recipient("email:joe@example.com"))
        await until(lambda: len(messages(world, MessageState.SENT)) == 2)
    mails = {sent.address: sent.rendered for sent in provider.taken}
    assert mails["jane@example.com"] == RenderedEmail("Hello Jane", "", "gold", locale="en")
    assert mails["joe@example.com"] == RenderedEmail("Hello you", "", "-", locale="en")


async def test_attributes_that_no_content_reads_are_not_copied(world: World, process: Process) -> None:
    await stored(world, JANE, attributes={"first_name": "Jane"})
    await process.trigger(recipient(profile={"plan": "gold"}))
    assert profile_of(only_message(world)) == {"plan": "gold"}


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"address": "call@example.org", "profile": {"email": "inline@example.org"}}, "call@example.org"),
        ({"profile": {"email": "inline@example.org"}}, "inline@example.org"),
        ({"profile": {"email": None}}, "jane@example.com"),
        ({}, "stored@example.org"),
    ],
)
async def test_the_address_is_the_calls_then_the_profiles_then_the_identitys(
    world: World, process: Process, fields: dict[str, Any], address: str
) -> None:
    await stored(world, JANE, attributes={"email": "stored@example.org"})
    await process.trigger(recipient(**fields))
    assert only_message(world).address == address


async def test_the_written_form_of_the_identity_is_written_to(world: World, process: Process) -> None:
    await stored(world, JANE)
    await process.trigger(recipient("email:Jane@Example.com"))
    message = only_message(world)
    assert (message.identity, message.address) == ("email:Jane@Example.com", "Jane@Example.com")


async def test_a_stored_address_serves_an_identity_that_is_none(world: World, process: Process) -> None:
    await world.live("welcome", identity_namespace="crm")
    await stored(world, "crm:1", attributes={"email": "jane@example.com"})
    await trigger(process, recipient("crm:1"))
    assert only_message(world).address == "jane@example.com"


async def test_a_recipient_without_any_address_is_refused(world: World, process: Process) -> None:
    await world.live("welcome", identity_namespace="crm")
    await stored(world, "crm:1", attributes={"first_name": "Jane"})
    assert await refusals(process, recipient("crm:1")) == [("recipients[0].address", "REQUIRED")]
    assert await refusals(process, recipient("crm:2")) == [("recipients[0].address", "REQUIRED")]
    assert not executions(world)


async def test_a_stored_address_that_is_none_is_told_by_its_path(world: World, process: Process) -> None:
    await stored(world, JANE, attributes={"email": "jane"})
    with pytest.raises(InvalidFields) as caught:
        await process.trigger()
    assert [(violation.field, violation.reason) for violation in caught.value.violations] == [
        ("recipients[0].profile.email", "MALFORMED")
    ]


@pytest.mark.parametrize(
    ("fields", "locale"),
    [
        ({"locale": "fr", "profile": {"locale": "es"}}, "fr"),
        ({"profile": {"locale": "es"}}, "es"),
        ({}, "de-AT"),
    ],
)
async def test_the_locale_is_the_calls_then_the_profiles(
    world: World, process: Process, fields: dict[str, Any], locale: str
) -> None:
    await stored(world, JANE, locale="de-AT", attributes={"locale": "ja"})
    await process.trigger(recipient(**fields))
    assert only_message(world).locale == locale


async def test_profiles_of_other_sandboxes_and_namespaces_are_of_no_account(world: World, process: Process) -> None:
    await stored(world, JANE, locale="de", sandbox="staging")
    await stored(world, "crm:jane@example.com", locale="fr")
    await process.trigger()
    assert only_message(world).locale == "en"


async def test_a_hook_without_addresses_gets_the_stored_attributes(world: World, process: Process) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://shop.example/hook"))
    hook = Action("hook", "hooks", WebhookContent('{"name": {{ profile.first_name | default("") }}}'))
    await world.live("welcome", actions=(hook,), identity_namespace="crm")
    await stored(world, "crm:1", attributes={"first_name": "Jane"})
    await trigger(process, recipient("crm:1"))
    message = only_message(world)
    assert (message.address, profile_of(message)) == ("", {"first_name": "Jane"})


# Identities of one call.


async def test_one_identity_written_in_two_ways_is_a_repetition(process: Process) -> None:
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(recipient("email:Jane@EXAMPLE.com"), recipient("email:jane@example.com"))
    assert [(violation.field, violation.reason) for violation in caught.value.violations] == [
        ("recipients[1].identity", "DUPLICATE")
    ]


async def test_an_identity_that_is_none_of_its_namespace_is_refused(world: World, process: Process) -> None:
    await world.live("welcome", identity_namespace="phone")
    jane = recipient("phone:07911 123456", address="jane@example.com")
    assert await refusals(process, jane) == [("recipients[0].identity", "MALFORMED")]
    await trigger(process, recipient("phone:+44 7911 123456", address="jane@example.com"))
    again = [recipient(f"phone:{number}", address="j@example.com") for number in ("+447911123456", "+44 7911 123456")]
    assert await refusals(process, *again) == [("recipients[1].identity", "DUPLICATE")]


async def test_with_an_address_beside_it_an_email_identity_may_be_any_text(world: World, process: Process) -> None:
    await process.trigger(recipient("email:customer-7", address="jane@example.com"))
    assert only_message(world).identity == "email:customer-7"
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    named = recipient("email:customer-7", address="jane@example.com")
    assert await refusals(process, named) == [("recipients[0].identity", "MALFORMED")]


# Campaigns that look up nobody.


async def test_high_throughput_looks_up_nobody(world: World, process: Process) -> None:
    await world.live("welcome", throughput_mode=ThroughputMode.HIGH, actions=(GREETING_ACTION,))
    await stored(world, JANE, attributes={"plan": "free", "email": "stored@example.org"}, locale="de")
    await trigger(process)
    message = only_message(world)
    assert (message.address, message.locale, profile_of(message)) == ("jane@example.com", "en", {})


async def test_high_throughput_heeds_suppressions_all_the_same(world: World, process: Process) -> None:
    await world.live("welcome", throughput_mode=ThroughputMode.HIGH)
    await stored(world, JANE)
    await trigger(process)
    await suppress(world, "jane@example.com")
    await trigger(process)
    assert states(world) == [MessageState.QUEUED, MessageState.EXCLUDED]
    assert (await claimed(world)).messages == []
    assert states(world) == [MessageState.EXCLUDED] * 2


async def test_high_throughput_needs_an_address_in_the_call(world: World, process: Process) -> None:
    await world.live("welcome", throughput_mode=ThroughputMode.HIGH, identity_namespace="crm")
    await stored(world, "crm:1", attributes={"email": "jane@example.com"})
    assert await refusals(process, recipient("crm:1")) == [("recipients[0].address", "REQUIRED")]


async def test_triggers_of_a_stream_are_completed_too(world: World, process: Process) -> None:
    await world.live(
        "welcome", unknown_recipient_policy=UnknownRecipientPolicy.REJECT, actions=(Action("email", "orders", EMAIL),)
    )
    begun = await process.triggering.load_and_begin(command(campaign_id="welcome"), CALLER)
    assert begun is not None
    with pytest.raises(InvalidFields):
        await process.triggering.finish(begun)


# Several actions.


async def two_actions(world: World, **changes: Any) -> None:
    await world.channel("hooks", provider=WebhookProvider("https://shop.example/hook"))
    actions = (Action("email", "orders", EMAIL), Action("hook", "hooks", WebhookContent("{}")))
    await world.live("welcome", actions=actions, identity_namespace="crm", **changes)


@pytest.mark.parametrize("mode", ThroughputMode)
async def test_of_several_actions_the_one_without_an_address_is_excluded(
    world: World, process: Process, mode: ThroughputMode
) -> None:
    await two_actions(world, throughput_mode=mode)
    answer = await trigger(process, recipient("crm:1"))
    assert answer.execution.exclusions == {(0, 0): ExclusionReason.NO_ADDRESS}
    states = {message.action.id: message.state for message in messages(world).values()}
    assert states == {"email": MessageState.EXCLUDED, "hook": MessageState.QUEUED}


async def test_the_next_action_takes_the_place_of_one_without_an_address(world: World, process: Process) -> None:
    await two_actions(world, action_mode=ActionMode.FIRST_DELIVERABLE)
    await stored(world, "crm:2", attributes={"email": "jane@example.com"})
    await trigger(process, recipient("crm:1"), recipient("crm:2"))
    states = {(message.identity, message.action.id): message.state for message in messages(world).values()}
    assert states == {
        ("crm:1", "email"): MessageState.EXCLUDED,
        ("crm:1", "hook"): MessageState.QUEUED,
        ("crm:2", "email"): MessageState.QUEUED,
    }
