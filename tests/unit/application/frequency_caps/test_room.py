"""Frequency caps: room is reserved at the accept, and given back when a message ends without a hand-off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from clarion_server.application.maintenance.housekeeping import Housekeeper
from clarion_server.application.maintenance.retention import Retention
from clarion_server.application.ports.channels import HandOffFailed
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import InDoubtPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import DAY, HOUR
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap

from tests.cap_entries import counted
from tests.fakes import NEVER, UNKNOWN
from tests.unit.application.consenting import Consents, a
from tests.unit.application.frequency_caps.capping import (
    ACCEPT,
    EXCLUDED,
    NOON,
    ONE_A_DAY,
    QUEUED,
    SENT,
    attempt,
    capped,
    is_capped,
    send,
    times,
)
from tests.unit.application.running import CALLER, Process, claimed, messages, recipient
from tests.unit.application.sending_policies import NIGHT, POLICY, Policies, utc
from tests.unit.application.suppressing import suppress
from tests.unit.application.working import only
from tests.unit.application.world import AUTHOR, World

End = Callable[[Process, Message], Awaitable[object]]


async def test_a_message_without_room_is_excluded_with_the_policy_that_decided(process: Process) -> None:
    first = await send(process)
    assert (first.end.exclusion, times(process.world)) == (None, [NOON])
    second = await send(process)
    assert (second.state, second.end.exclusion, second.cap_person) == (EXCLUDED, capped(ACCEPT), None)
    assert times(process.world) == [NOON]
    process.world.clock.advance(DAY)
    assert (await send(process)).end.exclusion is None


async def test_several_messages_of_a_batch_see_what_is_reserved_for_those_before(process: Process) -> None:
    await process.trigger(
        recipient(), recipient("email:anna@example.com", address="Jane@Example.com"), campaign_id="offers"
    )
    assert [each.end.exclusion for each in messages(process.world).values()].count(None) == 1


@pytest.mark.parametrize("together", [1, 2, 3, 7, 12])
async def test_batches_of_any_size_fill_every_cap_and_pass_none(
    policies: Policies, process: Process, together: int
) -> None:
    """Entries are read where a batch may fill a cap, and only their number before."""
    await policies.change(
        caps=(FrequencyCap(7, sliding=DAY), replace(ONE_A_DAY, count=9), FrequencyCap(11, period=CalendarPeriod.MONTH))
    )
    for number in range(0, 12, together):
        process.world.clock.advance(HOUR)
        triggers = (
            process.trigger(recipient(), recipient(f"email:{number + each}@example.com"), campaign_id="offers")
            for each in range(together)
        )
        await asyncio.gather(*triggers)
    found = [message for message in messages(process.world).values() if "jane" in message.identity]
    accepted = {message.id for message in found if message.end.exclusion is None}
    assert (len(found) >= 12, len(accepted)) == (True, 7)
    assert accepted in map(set, counted(process.world.store).values())


async def test_transactional_messages_are_neither_capped_nor_counted(process: Process) -> None:
    await send(process, campaign_id="reset")
    assert not await is_capped(process)
    await send(process)
    assert (await send(process, campaign_id="reset")).end.exclusion is None


async def test_each_cap_names_its_own_categories(policies: Policies, process: Process) -> None:
    await policies.change(caps=(replace(ONE_A_DAY, categories=(Category.TRANSACTIONAL,)),))
    assert (await send(process, campaign_id="reset")).sending_policy == KeptPolicy("default")
    assert (await send(process, campaign_id="reset")).end.exclusion == capped(ACCEPT)
    assert (await send(process)).end.exclusion is None


async def test_all_caps_must_have_room(policies: Policies, process: Process) -> None:
    await policies.change(caps=(FrequencyCap(5, sliding=DAY), FrequencyCap(1, sliding=HOUR)))
    await send(process)
    assert await is_capped(process)
    process.world.clock.advance(HOUR)
    assert not await is_capped(process)


async def test_messages_for_later_count_at_their_release(policies: Policies, process: Process) -> None:
    await policies.change(caps=(FrequencyCap(2, sliding=DAY),))
    for hours in (22, 32):
        await send(process, send_time=NOON + hours * HOUR)
    assert await is_capped(process, send_time=NOON + 27 * HOUR)
    assert not await is_capped(process)


async def test_a_message_that_waits_for_an_opening_counts_then(policies: Policies, process: Process) -> None:
    await policies.change(quiet_hours=(NIGHT,))
    process.world.clock.time = utc("10T21:30")
    await send(process)
    assert times(process.world) == [utc("11T06:00")]


async def cancel_message(process: Process, message: Message) -> None:
    await process.cancelling.cancel_message(message.id, CALLER)


async def cancel_execution(process: Process, message: Message) -> None:
    await process.cancelling.cancel_execution(message.execution_id, CALLER)


async def stop(process: Process, _message: Message) -> None:
    """Stops the campaign, after which claims cancel its messages."""
    await process.world.life_cycle.stop("offers", QueueDisposal.CANCEL, "", AUTHOR)
    await claimed(process.world, lane=Lane.MARKETING)


async def expire(process: Process, message: Message) -> None:
    process.world.clock.time = message.expire_time or 0
    await claimed(process.world, lane=Lane.MARKETING)


async def suppress_and_claim(process: Process, _message: Message) -> None:
    await suppress(process.world, "jane@example.com")
    await claimed(process.world, lane=Lane.MARKETING)


async def deny_and_claim(process: Process, _message: Message) -> None:
    await Consents(process.world).change(a(ConsentScope(), ConsentChoice.DENIED))
    await claimed(process.world, lane=Lane.MARKETING)


async def fail(process: Process, _message: Message) -> None:
    await attempt(process, NEVER)


#: Whatever ends a message without a hand-off.
ENDS = [cancel_message, cancel_execution, stop, expire, suppress_and_claim, deny_and_claim, fail]


@pytest.mark.parametrize("end", ENDS)
async def test_a_message_that_ends_without_a_hand_off_gives_its_room_back(process: Process, end: End) -> None:
    message = await send(process, expire_time=NOON + HOUR)
    assert times(process.world) == [NOON]
    await end(process, message)
    assert only(process.world).state not in (QUEUED, SENT)
    assert times(process.world) == []


@pytest.mark.parametrize("end", [None, UNKNOWN])
async def test_one_that_was_sent_or_is_in_doubt_keeps_it(world: World, process: Process, end: HandOffFailed) -> None:
    await world.live("parked", category=Category.MARKETING, in_doubt_policy=InDoubtPolicy.PARK)
    await send(process, campaign_id="parked")
    await attempt(process, end)
    assert only(world).state in (SENT, MessageState.IN_DOUBT)
    assert times(world) == [NOON]


@pytest.mark.parametrize("end", ENDS)
async def test_one_that_an_earlier_attempt_may_have_sent_keeps_it_however_it_ends(process: Process, end: End) -> None:
    message = await send(process, expire_time=NOON + 2 * HOUR)
    await attempt(process, UNKNOWN)
    process.world.clock.advance(HOUR)
    await end(process, message)
    assert only(process.world).state is MessageState.IN_DOUBT
    # It counts since its last attempt.
    assert times(process.world) == [NOON + (only(process.world).attempts.count - 1) * HOUR]


async def test_what_is_only_validated_reserves_nothing(process: Process) -> None:
    await process.trigger(recipient(), campaign_id="offers", validate_only=True)
    assert counted(process.world.store) == {}
    await send(process)
    answer = await process.trigger(recipient(), campaign_id="offers", validate_only=True)
    assert answer.execution.exclusions == {(0, 0): ExclusionReason.CAPPED}


async def test_magic_recipients_use_up_nothing_and_one_is_capped(process: Process) -> None:
    for _ in range(2):
        assert (await send(process, "email:sent@clarion.test")).end.exclusion is None
    assert (await send(process, "email:capped@clarion.test")).end.exclusion == Exclusion(ExclusionReason.CAPPED, ACCEPT)
    assert counted(process.world.store) == {}


async def test_with_another_policy_a_campaign_is_neither_capped_nor_counted(
    world: World, policies: Policies, process: Process
) -> None:
    await policies.make("generous", quiet_hours=(), caps=(FrequencyCap(2, sliding=DAY),))
    await world.live("news", category=Category.MARKETING, sending_policy="generous")
    await send(process)
    assert (await send(process, campaign_id="news")).end.exclusion is None
    assert (await send(process, campaign_id="news")).end.exclusion is None
    assert (await send(process, campaign_id="news")).end.exclusion == capped(ACCEPT, "generous")


async def test_a_changed_window_asks_about_what_was_counted_before(policies: Policies, process: Process) -> None:
    await send(process)
    await policies.change(caps=(FrequencyCap(2, period=CalendarPeriod.DAY),))
    await send(process)
    assert await is_capped(process)


async def test_a_cap_about_a_missing_topic_is_refused_unless_it_is_only_validated(policies: Policies) -> None:
    caps = (ONE_A_DAY, replace(ONE_A_DAY, topic="news"))
    sent = ResourceInput(replace(POLICY, caps=caps))
    assert (await policies.create(CreateResource("other", sent, validate_only=True), AUTHOR)).caps == caps
    for attempted in (
        policies.change(caps=caps),
        policies.create(CreateResource("other", ResourceInput(replace(POLICY, caps=caps))), AUTHOR),
    ):
        with pytest.raises(InvalidFields) as refused:
            await attempted
        (violation,) = refused.value.violations
        assert (await policies.get("default", AUTHOR)).caps == (ONE_A_DAY,)
        assert (violation.field, violation.reason) == ("sending_policy.caps[1].topic", "UNKNOWN_VALUE")


async def test_what_can_count_no_more_is_purged(world: World, process: Process) -> None:
    await send(process)
    await send(process, "email:anna@example.com", send_time=NOON + 3 * DAY)
    for advanced, left in ((DAY, 2), (1, 1)):
        world.clock.advance(advanced)
        # A process purges while it has a lease.
        await process.heartbeat.beat()
        name = process.lease.process_id
        await Housekeeper(process.transactions, world.clock, name, Retention(), world.sweeper).run_once()
        assert len(counted(world.store)) == left


async def test_a_sandbox_whose_policies_have_no_caps_counts_nothing(policies: Policies, process: Process) -> None:
    await policies.change(caps=())
    message = await send(process)
    assert (message.sending_policy, message.cap_person) == (KeptPolicy("default"), None)
    assert counted(process.world.store) == {}
