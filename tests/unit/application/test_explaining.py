"""A trigger that is only validated tells everything that would decide about its messages."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.system import SystemIds
from clarion_server.application.profiles.profiles import CreateProfile, ProfileFields
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, ThroughputMode
from clarion_server.domain.category import Category
from clarion_server.domain.consent.consent import ConsentChoice
from clarion_server.domain.consent.consent_change import change_name
from clarion_server.domain.content.webhook import WebhookContent, WebhookProvider
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.sending_policies.frequency_cap import FrequencyCap
from clarion_server.domain.sending_policies.sending_policy import TimeZoneSource, WhenClosed
from clarion_server.domain.sourced_value import SourcedValue, ValueSource
from clarion_server.domain.triggering.explanation import Explanation, MessageExplanation

from tests.unit.application.consenting import EMAIL, Consents, a
from tests.unit.application.running import CALLER, Process, counts, executions, messages, recipient
from tests.unit.application.sending_policies import Policies, utc
from tests.unit.application.world import AUTHOR, DEFINITION, World

CALL, PROFILE, IDENTITY = ValueSource.CALL, ValueSource.PROFILE, ValueSource.IDENTITY
CAMPAIGN, POLICY = ValueSource.CAMPAIGN, ValueSource.POLICY


@pytest.fixture
async def offers(world: World, process: Process) -> Process:
    """Belongs to a world with the live marketing campaign `offers`, whose people have made no choice."""
    await world.live("offers", category=Category.MARKETING)
    return process


async def explain(process: Process, *to: RecipientInput, campaign_id: str = "offers", **fields: Any) -> Explanation:
    answer = await process.trigger(*to, campaign_id=campaign_id, validate_only=True, **fields)
    assert answer.explanation is not None
    return answer.explanation


async def explain_one(process: Process, **fields: Any) -> MessageExplanation:
    (message,) = (await explain(process, recipient(**fields))).messages.values()
    return message


async def store_jane(world: World, *identities: str, **fields: Any) -> str:
    given = {"attributes": {}, "locale": "", "time_zone": "", **fields}
    stored = ProfileFields(identities or ("email:jane@example.com",), **given)
    return (await world.profiles.create(CreateProfile(stored), CALLER)).name


async def test_every_reason_is_told_with_what_decides_and_nothing_is_stored(world: World, offers: Process) -> None:
    world.clock.time = utc("10T21:30")
    await Policies(world).make(when_closed=WhenClosed.EXCLUDE)
    denied = await Consents(world).change(a(EMAIL, ConsentChoice.DENIED))
    suppressions = ManageSuppressions(world.transactions, world.clock, SystemIds())
    suppressed = [
        await suppressions.create(CreateSuppression(target, field), AUTHOR)
        for target, field in (("jane@example.com", "address"), ("example.com", "domain"))
    ]
    before = counts(world, (await world.get("offers")).key)
    explained = await explain_one(offers)
    change = change_name(denied.changes[0].key)
    assert [(each.reason, each.cause) for each in explained.exclusions] == [
        *[(ExclusionReason.SUPPRESSED, name) for name in sorted(each.name for each in suppressed)],
        (ExclusionReason.NO_CONSENT, change),
        (ExclusionReason.QUIET_HOURS, "sendingPolicies/default"),
    ]
    assert (explained.due_time, explained.consent_change) == (None, denied.changes[0].key)
    assert explained.opening_time == utc("11T06:00")
    assert (executions(world), messages(world), counts(world, (await world.get("offers")).key)) == ([], {}, before)


async def test_a_message_that_may_leave_tells_when_and_by_which_policy_and_time_zone(
    world: World, offers: Process
) -> None:
    world.clock.time = utc("10T21:30")
    policies = Policies(world)
    await policies.make()
    explained = await explain_one(offers)
    assert (explained.exclusions, explained.sending_policy) == ((), "default")
    assert (explained.due_time, explained.time_zone) == (utc("11T06:00"), SourcedValue("Europe/Berlin", POLICY))
    await store_jane(world, time_zone="America/New_York")
    explained = await explain_one(offers)
    assert (explained.due_time, explained.time_zone) == (world.clock.now(), SourcedValue("America/New_York", PROFILE))
    await policies.change(time_zone_source=TimeZoneSource.FIXED)
    assert (await explain_one(offers)).time_zone == SourcedValue("Europe/Berlin", POLICY)


@pytest.mark.parametrize("when_closed", WhenClosed)
async def test_the_next_opening_is_told_of_a_closed_policy_whatever_becomes_of_the_message(
    world: World, offers: Process, when_closed: WhenClosed
) -> None:
    world.clock.time = utc("10T21:30")
    await Policies(world).make(when_closed=when_closed)
    waits = when_closed is WhenClosed.DEFER
    explained = await explain_one(offers)
    assert (explained.opening_time, explained.due_time) == (utc("11T06:00"), utc("11T06:00") if waits else None)
    assert explained.time_zone == SourcedValue("Europe/Berlin", POLICY)
    # It is that after the time that was asked for, in the zone of the person.
    await store_jane(world, time_zone="America/New_York")
    assert (await explain_one(offers)).opening_time is None
    (later,) = (await explain(offers, send_time=utc("12T03:00"))).messages.values()
    assert later.opening_time == utc("12T12:00")
    (expired,) = (await explain(offers, send_time=utc("12T03:00"), expire_time=utc("12T04:00"))).messages.values()
    assert (expired.opening_time, expired.due_time) == (utc("12T12:00"), None)


async def test_no_opening_is_told_of_a_policy_that_is_open_or_does_not_hold(world: World, offers: Process) -> None:
    world.clock.time = utc("10T12:00")
    assert (await explain_one(offers)).opening_time is None
    await Policies(world).make(when_closed=WhenClosed.EXCLUDE)
    assert (await explain_one(offers)).opening_time is None
    world.clock.time = utc("10T21:30")
    (magic,) = (await explain(offers, recipient("email:quiet@clarion.test"))).messages.values()
    assert (magic.opening_time, magic.due_time) == (None, None)


async def test_a_full_cap_is_told_beside_the_other_reasons_and_explaining_uses_nothing_up(
    world: World, offers: Process
) -> None:
    await Policies(world).make(quiet_hours=(), caps=(FrequencyCap(1, sliding=DAY),))
    for _ in range(2):
        assert (await explain_one(offers)).exclusions == ()
    await offers.trigger(campaign_id="offers")
    await Consents(world).change(a(EMAIL, ConsentChoice.DENIED))
    told = (await explain_one(offers)).exclusions
    assert [each.reason for each in told] == [ExclusionReason.NO_CONSENT, ExclusionReason.CAPPED]
    assert told[1].cause == "sendingPolicies/default"


async def test_without_a_policy_the_message_leaves_when_it_was_asked_for(world: World, offers: Process) -> None:
    later = world.clock.now() + 60_000_000
    (explained,) = (await explain(offers, send_time=later)).messages.values()
    assert (explained.due_time, explained.sending_policy, explained.time_zone) == (later, None, None)


@pytest.mark.parametrize(
    ("stored", "given", "address", "locale"),
    [
        ({}, {}, ("jane@example.com", IDENTITY), ("en", CAMPAIGN)),
        ({"locale": "de"}, {}, ("jane@example.com", IDENTITY), ("de", PROFILE)),
        ({"attributes": {"email": "p@example.org"}}, {}, ("p@example.org", PROFILE), ("en", CAMPAIGN)),
        (
            {"attributes": {"email": "p@example.org"}, "locale": "de"},
            {"profile": {"email": "c@example.org", "locale": "fr"}},
            ("c@example.org", CALL),
            ("fr", CALL),
        ),
        ({}, {"address": "a@example.org", "locale": "pt-BR"}, ("a@example.org", CALL), ("pt-BR", CALL)),
    ],
)
async def test_address_and_locale_come_with_their_source(
    world: World,
    offers: Process,
    stored: dict[str, Any],
    given: dict[str, Any],
    address: tuple[str, ValueSource],
    locale: tuple[str, ValueSource],
) -> None:
    name = await store_jane(world, **stored)
    explanation = await explain(offers, recipient(**given))
    assert explanation.recipients[0].profile == name
    assert explanation.recipients[0].locale == SourcedValue(*locale)
    assert explanation.messages[0, 0].address == SourcedValue(*address)


async def test_attributes_come_from_the_call_or_the_profile_and_a_null_hides_one(world: World, offers: Process) -> None:
    await store_jane(world, attributes={"plan": "free", "seats": 3, "city": "Bonn"})
    explanation = await explain(offers, recipient(profile={"plan": "gold", "city": None}))
    assert explanation.recipients[0].attributes == {"plan": CALL, "seats": PROFILE}


async def test_a_campaign_that_looks_up_nobody_has_everything_from_the_call(world: World, process: Process) -> None:
    await world.live("fast", throughput_mode=ThroughputMode.HIGH)
    await store_jane(world, locale="de", attributes={"plan": "free"})
    explanation = await explain(process, recipient(profile={"plan": "gold"}), campaign_id="fast")
    told = explanation.recipients[0]
    assert (told.profile, told.locale, told.attributes) == ("", SourcedValue("en", CAMPAIGN), {"plan": CALL})


async def test_each_message_of_each_recipient_has_its_own_explanation(world: World, process: Process) -> None:
    await world.channel("hook", provider=WebhookProvider("https://shop.example/hook"))
    hook = Action("hook", "hook", WebhookContent("{}"))
    await world.live("both", actions=(DEFINITION.actions[0], hook))
    suppressed, jane = recipient("email:suppressed@clarion.test"), recipient()
    explanation = await explain(process, suppressed, jane, campaign_id="both")
    assert sorted(explanation.messages) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert [each.reason for each in explanation.messages[0, 0].exclusions] == [ExclusionReason.SUPPRESSED]
    assert explanation.messages[1, 0].address == SourcedValue("jane@example.com", IDENTITY)
    assert explanation.messages[1, 1].address is None


async def test_of_actions_in_turn_those_up_to_the_first_deliverable_one_are_explained(
    world: World, process: Process
) -> None:
    first, second = DEFINITION.actions[0], replace(DEFINITION.actions[0], id="again")
    await world.live("turns", actions=(first, second), action_mode=ActionMode.FIRST_DELIVERABLE)
    explanation = await explain(process, recipient(), campaign_id="turns")
    assert sorted(explanation.messages) == [(0, 0)]


async def test_a_trigger_that_is_sent_is_not_explained(offers: Process) -> None:
    assert (await offers.trigger(campaign_id="offers")).explanation is None
