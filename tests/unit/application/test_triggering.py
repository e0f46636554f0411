"""Triggers: accepted once and for all, or refused with every reason."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import orjson
import pytest
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Schedule
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.errors import (
    CampaignNotLive,
    CampaignOutsideWindow,
    InvalidFields,
    Overloaded,
    ResourceNotFound,
)
from clarion_server.domain.events.event import EventType
from clarion_server.domain.instant import DAY, HOUR
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionReason
from clarion_server.domain.messages.message import MessageState, message_id
from clarion_server.domain.violation import Violation

from tests.unit.application.running import (
    CALLER,
    CONTEXT,
    Process,
    command,
    counts,
    events,
    executions,
    messages,
    recipient,
    recipients,
    states,
)
from tests.unit.application.world import AUTHOR, DEFINITION, World

QUEUED, EXCLUDED = MessageState.QUEUED, MessageState.EXCLUDED


# Acceptance.


async def test_an_accepted_trigger_is_stored_whole(world: World, process: Process) -> None:
    jane = recipient(profile={"first_name": "Jane"}, locale="pt-BR")
    answer = await process.trigger(jane, recipient("email:joe@example.com", address="joe@example.org"), request_id="1")
    (execution,) = executions(world)
    stored_messages = messages(world).values()
    assert answer.execution == execution
    assert not answer.replayed
    assert (execution.request_id, execution.caller, execution.recipient_count) == ("1", CALLER.name, 2)
    by_identity = {message.identity: message for message in stored_messages}
    stored = by_identity["email:jane@example.com"]
    assert stored.id == message_id(execution.id, 0, 0)
    assert (stored.state, stored.action.version, stored.locale, stored.address) == (
        QUEUED,
        1,
        "pt-BR",
        "jane@example.com",
    )
    assert (orjson.loads(stored.context), orjson.loads(stored.profile)) == (CONTEXT, {"first_name": "Jane"})
    assert by_identity["email:joe@example.com"].address == "joe@example.org"


@pytest.mark.parametrize(
    ("fields", "address"),
    [
        ({"address": "a@example.org", "profile": {"email": "p@example.org"}}, "a@example.org"),
        ({"profile": {"email": "p@example.org"}}, "p@example.org"),
        ({"profile": {"email": 7}}, "jane@example.com"),
        ({}, "jane@example.com"),
    ],
)
async def test_the_address_is_the_calls_or_the_profiles_or_the_identitys(
    world: World, process: Process, fields: dict[str, Any], address: str
) -> None:
    await process.trigger(recipient(**fields))
    (message,) = messages(world).values()
    assert message.address == address


async def test_a_suppressed_address_is_excluded_and_reported(world: World, process: Process) -> None:
    answer = await process.trigger(recipient("email:suppressed@clarion.test"), recipient())
    assert answer.execution.exclusions == {(0, 0): ExclusionReason.SUPPRESSED}
    assert states(world) == [EXCLUDED, QUEUED]
    (event,) = events(world)
    assert (event.type, event.detail) == (EventType.EXCLUDED, Exclusion(ExclusionReason.SUPPRESSED))
    campaign = await world.get()
    assert counts(world, campaign.key) == {"TARGETED": 2, "EXCLUDED:SUPPRESSED": 1}


async def test_messages_wait_for_their_send_time(world: World, process: Process) -> None:
    later = world.clock.now() + HOUR
    await process.trigger(send_time=later, expire_time=later + HOUR)
    (message,) = messages(world).values()
    assert (message.state, message.due_time, message.release_time) == (QUEUED, later, later)
    assert message.expire_time == later + HOUR


async def test_a_send_time_that_has_passed_means_now(world: World, process: Process) -> None:
    await process.trigger(send_time=world.clock.now() - DAY)
    (message,) = messages(world).values()
    assert message.release_time == world.clock.now()


async def test_the_live_version_is_sent_however_the_draft_looks(world: World, process: Process) -> None:
    await world.update(actions=(replace(DEFINITION.actions[0], content=EmailContent("Draft", text="Draft")),))
    answer = await process.trigger()
    assert answer.execution.version == 1


# Refusal.


async def test_an_unknown_campaign_is_refused(process: Process) -> None:
    with pytest.raises(ResourceNotFound) as caught:
        await process.trigger(campaign_id="nothing")
    assert caught.value.resource == "campaigns/nothing"


async def test_a_campaign_of_another_sandbox_is_unknown(process: Process) -> None:
    with pytest.raises(ResourceNotFound):
        await process.triggering.trigger(command(), replace(CALLER, visibility=Visibility("staging")))


async def test_a_draft_is_refused(world: World, process: Process) -> None:
    await world.draft("welcome")
    with pytest.raises(CampaignNotLive) as caught:
        await process.trigger(campaign_id="welcome")
    assert (caught.value.resource, caught.value.state) == ("campaigns/welcome", "DRAFT")


async def test_a_paused_campaign_is_refused(world: World, process: Process) -> None:
    await world.life_cycle.pause("order-confirmed", "", AUTHOR)
    with pytest.raises(CampaignNotLive) as caught:
        await process.trigger()
    assert caught.value.state == "PAUSED"


@pytest.mark.parametrize("disposal", QueueDisposal)
async def test_a_stopped_campaign_is_refused(world: World, process: Process, disposal: QueueDisposal) -> None:
    await world.life_cycle.stop("order-confirmed", disposal, "", AUTHOR)
    with pytest.raises(CampaignNotLive) as caught:
        await process.trigger()
    assert caught.value.state == "STOPPED"


async def test_a_campaign_is_refused_outside_its_window_to_the_microsecond(world: World, process: Process) -> None:
    start = world.clock.now() + HOUR
    await world.live("sale", schedule=Schedule(start, start + HOUR))
    world.clock.time = start - 1
    for moment in (start - 1, start + HOUR, start + DAY):
        world.clock.time = moment
        with pytest.raises(CampaignOutsideWindow) as caught:
            await process.trigger(campaign_id="sale")
        assert (caught.value.start_time, caught.value.end_time) == (start, start + HOUR)
    for moment in (start, start + HOUR - 1):
        world.clock.time = moment
        await process.trigger(campaign_id="sale")


async def test_a_completed_campaign_is_outside_its_window(world: World, process: Process) -> None:
    end = world.clock.now() + HOUR
    await world.live("sale", schedule=Schedule(None, end))
    world.clock.time = end
    campaign = await world.stored("sale")
    await world.transactions.write(lambda unit: unit.campaigns.save(campaign.at(end)))
    with pytest.raises(CampaignOutsideWindow):
        await process.trigger(campaign_id="sale")


async def test_more_than_can_wait_for_the_store_is_refused(world: World, process: Process) -> None:
    small = Process(world, "small", capacity=10)
    with pytest.raises(Overloaded):
        await small.trigger(*recipients(11))
    await small.trigger(*recipients(9))
    await small.close()
    assert len(messages(world)) == 9


async def test_large_contexts_count_for_more_than_their_messages(world: World, process: Process) -> None:
    small = Process(world, "small", capacity=10)
    await small.trigger()
    large = recipient(context={"order": {"id": "x" * 100_000}})
    first, second = await asyncio.gather(small.trigger(large), small.trigger(), return_exceptions=True)
    await small.close()
    assert not isinstance(first, BaseException)
    assert isinstance(second, Overloaded)


OVERLONG = "x" * 200_000

REFUSED_RECIPIENTS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "no identity": ({"identity": ""}, [("identity", "REQUIRED"), ("address", "REQUIRED")]),
    "an identity without a namespace": (
        {"identity": "jane@example.com"},
        [("identity", "MALFORMED"), ("address", "REQUIRED")],
    ),
    "an identity of another namespace": (
        {"identity": "crm:4711", "address": "jane@example.com"},
        [("identity", "WRONG_NAMESPACE")],
    ),
    "an identity that is too long": (
        {"identity": f"email:{OVERLONG}", "address": "a@b.de"},
        [("identity", "TOO_LONG")],
    ),
    "a NUL in the identity": ({"identity": "email:a\0@b.de", "address": "a@b.de"}, [("identity", "MALFORMED")]),
    "no address": ({"identity": "email:jane"}, [("identity", "MALFORMED")]),
    "a malformed address": ({"address": "jane@@example.com"}, [("address", "MALFORMED")]),
    "a malformed address in the profile": ({"profile": {"email": "jane"}}, [("profile.email", "MALFORMED")]),
    "a line break in the address": ({"address": "a@b.de\r\nBcc: c@d.de"}, [("address", "MALFORMED")]),
    "a bad locale": ({"locale": "deutsch!"}, [("locale", "MALFORMED")]),
    "a bad locale in the profile": ({"profile": {"locale": "x" * 50}}, [("profile.locale", "MALFORMED")]),
    "a context against the schema": (
        {"context": {"order": {"id": 7}}},
        [("context.order.id", "WRONG_TYPE")],
    ),
    "no context": ({"context": {}}, [("context.order", "REQUIRED")]),
    "a context that is too large": ({"context": {"order": {"id": OVERLONG * 2}}}, [("context", "TOO_LONG")]),
    "a profile that is too large": ({"profile": {"bio": OVERLONG}}, [("profile", "TOO_LONG")]),
    "a NUL in the context": ({"context": {"order": {"id": "a\0"}}}, [("context", "MALFORMED")]),
    "a NUL in a name of the profile": ({"profile": {"a\0": 1}}, [("profile", "MALFORMED")]),
    "what arrived damaged": (
        {"context": {}, "violations": (Violation("context.total", "NOT_A_NUMBER", "Must be finite."),)},
        [("context.total", "NOT_A_NUMBER")],
    ),
}


@pytest.mark.parametrize(("fields", "expected"), REFUSED_RECIPIENTS.values(), ids=REFUSED_RECIPIENTS)
async def test_a_recipient_is_refused_for(
    world: World, process: Process, fields: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    refused = replace(recipient(), **fields)
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(recipient("email:joe@example.com"), refused)
    found = [(violation.field, violation.reason) for violation in caught.value.violations]
    assert found == [(f"recipients[1].{field}", reason) for field, reason in expected]
    assert not messages(world)


async def test_a_backslash_before_u0000_is_no_nul(world: World, process: Process) -> None:
    await process.trigger(recipient(context={"order": {"id": r"\u0000"}}))
    assert states(world) == [QUEUED]


REFUSED_CALLS: dict[str, tuple[dict[str, Any], list[tuple[str, str]]]] = {
    "a request id that is too long": ({"request_id": "x" * 129}, [("request_id", "TOO_LONG")]),
    "a request id outside ASCII": ({"request_id": "é"}, [("request_id", "MALFORMED")]),
    "a NUL in the request id": ({"request_id": "a\0"}, [("request_id", "MALFORMED")]),
    "a send time too far ahead": ({"send_time": 367 * DAY}, [("send_time", "OUT_OF_RANGE")]),
    "expiry at once": ({"expire_time": 0}, [("expire_time", "OUT_OF_RANGE")]),
    "expiry at the send time": (
        {"send_time": HOUR, "expire_time": HOUR},
        [("expire_time", "OUT_OF_RANGE")],
    ),
    "what arrived damaged": (
        {"violations": (Violation("send_time", "OUT_OF_RANGE", "Must be a time."),)},
        [("send_time", "OUT_OF_RANGE")],
    ),
}


@pytest.mark.parametrize(("fields", "expected"), REFUSED_CALLS.values(), ids=REFUSED_CALLS)
@pytest.mark.parametrize("allow_partial", [False, True])
async def test_a_call_is_refused_for(
    world: World, process: Process, fields: dict[str, Any], expected: list[tuple[str, str]], allow_partial: bool
) -> None:
    now = world.clock.now()
    at = {name: now + value if name.endswith("_time") else value for name, value in fields.items()}
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(recipient(), allow_partial=allow_partial, **at)
    assert [(violation.field, violation.reason) for violation in caught.value.violations] == expected
    assert not messages(world)


async def test_a_call_without_recipients_is_refused(process: Process) -> None:
    with pytest.raises(InvalidFields) as caught:
        await process.triggering.trigger(replace(command(), recipients=()), CALLER)
    assert [violation.field for violation in caught.value.violations] == ["recipients"]


async def test_a_thousand_recipients_are_accepted_and_one_more_is_refused(world: World, process: Process) -> None:
    await process.trigger(*recipients(1_000))
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(*recipients(1_001))
    assert [violation.reason for violation in caught.value.violations] == ["TOO_MANY"]
    assert len(messages(world)) == 1_000


async def test_an_identity_that_comes_twice_is_refused_the_second_time(process: Process) -> None:
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(recipient(), recipient("email:joe@example.com"), recipient())
    assert [(v.field, v.reason) for v in caught.value.violations] == [("recipients[2].identity", "DUPLICATE")]


async def test_all_that_is_wrong_is_reported_at_once(process: Process) -> None:
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(
            recipient(locale="!", context={"order": {}}), recipient(address="nobody"), request_id="é", expire_time=1
        )
    assert {violation.field for violation in caught.value.violations} == {
        "request_id",
        "expire_time",
        "recipients[0].locale",
        "recipients[0].context.order.id",
        "recipients[1].address",
        "recipients[1].identity",
    }


# Partial acceptance and validation alone.


async def test_the_valid_recipients_are_accepted_where_that_is_allowed(world: World, process: Process) -> None:
    bad = recipient("email:bad@example.com", context={})
    answer = await process.trigger(recipient(), bad, recipient("email:joe@example.com"), allow_partial=True)
    execution = answer.execution
    assert (execution.recipient_count, execution.rejected_count, set(execution.rejections)) == (3, 1, {1})
    assert [violation.field for violation in execution.rejections[1]] == ["recipients[1].context.order"]
    assert set(messages(world)) == {message_id(execution.id, 0, 0), message_id(execution.id, 2, 0)}


async def test_of_many_violations_the_first_of_each_further_recipient_is_listed(world: World, process: Process) -> None:
    names = [f"a{place}" for place in range(90)]
    greeting = (replace(DEFINITION.actions[0], content=EmailContent("Hello", text="Hello")),)
    await world.live("strict", context_schema={"type": "object", "required": names}, actions=greeting)
    invalid = [replace(each, context={}) for each in recipients(100)]
    valid = recipient(context=dict.fromkeys(names, 1))
    answer = await process.trigger(*invalid, valid, campaign_id="strict", allow_partial=True)
    counts = [len(violations) for violations in answer.execution.rejections.values()]
    in_full = counts.count(90)
    assert 40 < in_full < 60
    assert counts == [90] * in_full + [1] * (100 - in_full)


async def test_a_call_with_invalid_recipients_alone_is_refused_all_the_same(world: World, process: Process) -> None:
    with pytest.raises(InvalidFields):
        await process.trigger(recipient(context={}), allow_partial=True)
    assert not executions(world)


async def test_validation_alone_stores_nothing_and_remembers_nothing(world: World, process: Process) -> None:
    answer = await process.trigger(request_id="1", validate_only=True)
    assert answer.explanation is not None
    assert not executions(world)
    assert not (await process.trigger(recipient("email:joe@example.com"), request_id="1")).replayed


async def test_validation_alone_finds_what_cannot_be_rendered(world: World, process: Process) -> None:
    items = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    email = EmailContent("{{ 1 // context.n }}", text="Hello")
    await world.live("fragile", context_schema=items, actions=(replace(DEFINITION.actions[0], content=email),))
    good, bad = recipient(context={"n": 1}), recipient("email:joe@example.com", context={"n": 0})
    with pytest.raises(InvalidFields) as caught:
        await process.trigger(good, bad, campaign_id="fragile", validate_only=True)
    assert [(v.field, v.reason) for v in caught.value.violations] == [("recipients[1]", "RENDERING_FAILED")]
