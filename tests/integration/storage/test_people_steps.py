"""What is known about the recipients of a batch is read and written in a constant number of statements."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator

import pytest
from clarion_server.adapters.phone_numbers import is_phone_region
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.adapters.system import SystemIds
from clarion_server.application.identity_namespaces.namespaces import ManageIdentityNamespaces
from clarion_server.application.resources import CreateResource, ResourceInput
from clarion_server.application.suppressions.allow_lists import EDITABLE_FIELDS, ManageAllowLists, UpdateAllowList
from clarion_server.application.suppressions.entries import CreateSuppression, ManageSuppressions
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.campaigns.campaign_definition import Action, UnknownRecipientPolicy
from clarion_server.domain.category import Category
from clarion_server.domain.content.email import EmailContent
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.message import Lane
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod, FrequencyCap

from tests.contract.store import samples
from tests.integration.storage.statements import Statement, recorded
from tests.unit.application.running import CALLER, Process, claimed, recipient, recipients
from tests.unit.application.sending_policies import Policies
from tests.unit.application.world import AUTHOR, World

GREETING = EmailContent("Hello {{ profile.first_name | default('you') }}", text="Hello")


@pytest.fixture
async def process(store: SqlStore) -> AsyncIterator[Process]:
    world = World(store)
    made = Process(world, store=store)
    yield made
    await made.close()
    world.transactions.close()


async def statements_of(process: Process, store: SqlStore, *to: RecipientInput) -> int:
    with recorded(store) as statements:
        await process.trigger(*to)
    return len(statements)


async def reads_of(process: Process, store: SqlStore, *to: RecipientInput) -> int:
    with recorded(store) as statements:
        await process.trigger(*to)
    return sum(text.startswith("SELECT") for text, _ in statements)


@pytest.mark.parametrize("policy", [UnknownRecipientPolicy.ACCEPT, UnknownRecipientPolicy.CREATE])
async def test_a_trigger_for_many_people_takes_as_many_statements_as_one_for_one(
    process: Process, store: SqlStore, policy: UnknownRecipientPolicy
) -> None:
    world, people = process.world, recipients(100)
    known, strangers = people[:50], people[50:]
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*known, campaign_id="welcome")
    await world.live(actions=(Action("email", "orders", GREETING),), unknown_recipient_policy=policy)
    await process.trigger(recipient("email:sent@clarion.test"))
    one = await statements_of(process, store, known[0])
    assert await statements_of(process, store, *known) == one
    one = await statements_of(process, store, strangers[0])
    assert await statements_of(process, store, *strangers[1:]) == one
    made = await world.transactions.read(lambda unit: unit.profiles.page(CALLER.visibility, None, 200))
    assert len(made) == (100 if policy is UnknownRecipientPolicy.CREATE else 50)


async def test_nobody_is_looked_up_while_there_are_no_profiles(process: Process, store: SqlStore) -> None:
    await process.world.live()
    with recorded(store) as statements:
        await process.trigger()
    assert not [text for text, _ in statements if "profile_identities" in text]


async def test_a_claim_checks_many_messages_in_as_many_statements_as_one(process: Process, store: SqlStore) -> None:
    world = process.world
    await world.live()
    counts = []
    for people in (recipients(1), recipients(100)):
        await process.trigger(*people)
        with recorded(store) as statements:
            assert len((await claimed(world)).messages) == len(people)
        counts.append(len(statements))
    assert counts[0] == counts[1]


async def test_the_choices_of_many_people_are_read_in_as_many_statements_as_those_of_one(
    process: Process, store: SqlStore
) -> None:
    world, people = process.world, recipients(60)
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*people[:30], campaign_id="welcome")
    await world.live(category=Category.MARKETING)
    await process.trigger(recipient("email:sent@clarion.test"))
    # What is written comes in runs of rows that share their values: half of these people have profiles.
    one = await reads_of(process, store, people[0])
    assert await reads_of(process, store, *people) == one


async def test_nobodys_consent_is_asked_for_a_transactional_message_without_a_topic(
    process: Process, store: SqlStore
) -> None:
    await process.world.live()
    with recorded(store) as statements:
        await process.trigger()
    assert not [text for text, _ in statements if "choices" in text or "consent" in text.replace("consent_change", "")]


async def test_nothing_is_looked_up_in_a_sandbox_without_suppressions_and_allow_list(
    process: Process, store: SqlStore
) -> None:
    await process.world.live()
    with recorded(store) as statements:
        await process.trigger()
    assert not [
        text
        for text, _ in statements
        if re.search(
            r"CROSS JOIN (suppressions|allow_lists)|FROM (suppressions|allow_lists) WHERE (target|sandbox)", text
        )
    ]


async def test_a_policy_is_asked_about_many_people_in_as_many_statements_as_about_one(
    process: Process, store: SqlStore
) -> None:
    world, people = process.world, recipients(50)
    await Policies(world).make(categories=(Category.TRANSACTIONAL,))
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await world.live()
    await process.trigger(*people, campaign_id="welcome")
    await process.trigger(recipient("email:sent@clarion.test"))
    one = await statements_of(process, store, people[0])
    assert await statements_of(process, store, *people) == one


async def test_caps_are_asked_about_many_people_in_two_statements_as_about_one(
    process: Process, store: SqlStore
) -> None:
    world, people = process.world, recipients(50)
    await world.live("offers", category=Category.MARKETING)
    policies = Policies(world)
    await policies.make(quiet_hours=())
    counts = []
    for caps in ((), (FrequencyCap(5, sliding=DAY), FrequencyCap(9, period=CalendarPeriod.MONTH))):
        await policies.change(caps=caps)
        for to in ([recipient("email:sent@clarion.test")], people[:1], people[1:]):
            with recorded(store) as accepting:
                await process.trigger(*to, campaign_id="offers")
            with recorded(store) as claiming:
                assert len((await claimed(world, lane=Lane.MARKETING)).messages) == len(to)
            counts.append((len(accepting), len(claiming)))
    _, one, many, _, one_capped, many_capped = counts
    assert one == many
    assert one_capped == many_capped == (one[0] + 2, one[1] + 2)


async def test_caps_of_people_with_profiles_take_one_statement_more_for_what_was_counted_before(
    process: Process, store: SqlStore
) -> None:
    world, people = process.world, recipients(50)
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*people, campaign_id="welcome")
    await world.live("offers", category=Category.MARKETING)
    policies, counts = Policies(world), []
    await policies.make(quiet_hours=())
    for caps in ((), (FrequencyCap(5, sliding=DAY),)):
        await policies.change(caps=caps)
        await process.trigger(recipient("email:sent@clarion.test"), campaign_id="offers")
        for to in (people[:1], people[1:]):
            with recorded(store) as statements:
                await process.trigger(*to, campaign_id="offers")
            counts.append(len(statements))
    one, many, one_capped, many_capped = counts
    assert one_capped == one + 3
    # More than some rows with the same values in most columns get a statement of their own.
    assert many_capped - one_capped == many - one


async def test_people_are_looked_up_once_whatever_is_asked_about_them(process: Process, store: SqlStore) -> None:
    world, people = process.world, recipients(30)
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*people, campaign_id="welcome")
    await Policies(world).make(caps=(FrequencyCap(5, sliding=DAY),), quiet_hours=())
    await world.live(category=Category.MARKETING, actions=(Action("email", "orders", GREETING),))
    with recorded(store) as accepting:
        await process.trigger(*people)
    with recorded(store) as claiming:
        assert len((await claimed(world, lane=Lane.MARKETING)).messages) == len(people)
    for statements in (accepting, claiming):
        assert len([text for text, _ in statements if "profile_identities" in text]) == 1


async def test_everything_that_can_stop_a_message_is_read_once_a_batch(process: Process, store: SqlStore) -> None:
    world, people = process.world, recipients(30)
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*people, campaign_id="welcome")
    await Policies(world).make(caps=(FrequencyCap(5, sliding=DAY),), quiet_hours=())
    suppressions = ManageSuppressions(world.transactions, world.clock, SystemIds())
    await suppressions.create(CreateSuppression("other@example.com", "address"), AUTHOR)
    allow_lists = ManageAllowLists(world.transactions, world.clock)
    await allow_lists.update(UpdateAllowList(True, ("example.com",), EDITABLE_FIELDS), AUTHOR)
    await world.live(category=Category.MARKETING, actions=(Action("email", "orders", GREETING),))
    await process.trigger(recipient("email:sent@clarion.test"))
    await claimed(world, lane=Lane.MARKETING)
    with recorded(store) as accepting:
        await process.trigger(*people)
    with recorded(store) as claiming:
        assert len((await claimed(world, lane=Lane.MARKETING)).messages) == len(people)
    for statements in (accepting, claiming):
        assert Counter(map(read_by, statements)) == {
            "people with their choices": 1,
            "suppressions": 1,
            "hashes of erased addresses": 1,
            "allow lists": 1,
            "meaning of silence": 1,
            "sending policies": 1,
            "what caps count": 1,
            "": len(statements) - 7,
        }


#: Says what reads whatever can stop a message, by what its statement contains.
READS = {
    "people with their choices": "profile_identities",
    "suppressions": "CROSS JOIN suppressions",
    "hashes of erased addresses": "EXISTS (SELECT 1 FROM suppressions WHERE",
    "allow lists": "CROSS JOIN allow_lists",
    "meaning of silence": "JOIN consent_settings",
    "sending policies": "CROSS JOIN sending_policies",
    "what caps count": "CROSS JOIN cap_entries",
}


def read_by(statement: Statement) -> str:
    text = " ".join(statement[0].split())
    return next((name for name, part in READS.items() if text.startswith("SELECT") and part in text), "")


async def test_the_triggers_of_a_batch_about_known_people_take_as_many_statements_as_one(
    process: Process, store: SqlStore
) -> None:
    world, people = process.world, recipients(12)
    await world.live("welcome", unknown_recipient_policy=UnknownRecipientPolicy.CREATE)
    await process.trigger(*people, campaign_id="welcome")
    await Policies(world).make(caps=(FrequencyCap(5, sliding=DAY),), quiet_hours=())
    await world.live(category=Category.MARKETING, actions=(Action("email", "orders", GREETING),))
    await process.trigger(recipient("email:sent@clarion.test"))
    one = await statements_of(process, store, people[0])
    with recorded(store) as together:
        await asyncio.gather(*[process.trigger(each) for each in people[1:]])
    assert len(together) == one


async def test_what_ends_without_a_hand_off_is_given_back_in_three_statements(
    process: Process, store: SqlStore
) -> None:
    world = process.world
    counts: list[int] = []
    await world.live("offers", category=Category.MARKETING)
    policies = Policies(world)
    for caps in ((), (FrequencyCap(5, sliding=DAY),)):
        await (policies.change(caps=caps) if counts else policies.make(quiet_hours=(), caps=caps))
        for to in (recipients(1), recipients(50)):
            answer = await process.trigger(*to, campaign_id="offers")
            with recorded(store) as statements:
                await process.cancelling.cancel_execution(answer.execution.id, CALLER)
            counts.append(len(statements))
    one, many, one_capped, many_capped = counts
    assert one == many
    assert one_capped == many_capped == one + 2


async def test_no_policy_is_read_while_there_are_none(process: Process, store: SqlStore) -> None:
    await process.world.live()
    with recorded(store) as statements:
        await process.trigger()
        assert len((await claimed(process.world)).messages) == 1
    assert not [text for text, _ in statements if "CROSS JOIN sending_policies" in text or "time_zone" in text]


async def test_a_stored_namespace_takes_no_further_statement_at_the_trigger_and_one_a_claim(
    process: Process, store: SqlStore
) -> None:
    world, counts = process.world, []
    await world.send_unless_denied()
    for name in ("exact", "lower"):
        if name == "lower":
            namespaces = ManageIdentityNamespaces(world.transactions, is_phone_region, world.clock)
            await namespaces.create(CreateResource(name, ResourceInput(samples.namespace())), AUTHOR)
        await world.live(name, category=Category.MARKETING, identity_namespace=name)
        people = [recipient(f"{name}:{number}", address=f"r{number}@example.com") for number in range(50)]
        await process.trigger(people[0], campaign_id=name)
        with recorded(store) as accepting:
            await process.trigger(*people, campaign_id=name)
        with recorded(store) as claiming:
            assert len((await claimed(world, lane=Lane.MARKETING)).messages) == 51
        counts.append((len(accepting), len(claiming)))
        assert len([text for text, _ in claiming if "identity_namespaces" in text]) == 1
    assert counts[0] == counts[1]


async def test_no_namespace_is_read_for_identities_that_are_built_in(process: Process, store: SqlStore) -> None:
    await process.world.live(category=Category.MARKETING)
    with recorded(store) as statements:
        await process.trigger()
        assert len((await claimed(process.world, lane=Lane.MARKETING)).messages) == 1
    assert not [text for text, _ in statements if "FROM identity_namespaces" in text or "JOIN identity_namesp" in text]
