"""People who are being erased, and what is left of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from clarion_server.application.ports.queries import MessageQuery
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.messages.attempt import AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.sourced_value import SourcedValue, ValueSource
from clarion_server.domain.violation import Violation

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing
from tests.contract.store.test_audience_runs import accepting, of_list

#: Members, and how many the list says that it has.
Listed = tuple[list[Identity], int]

HERE = Visibility("default")
JANE = samples.identity("email", "jane@example.com")
PHONE = samples.identity("phone", "+447911123456", "+44 7911 123456")
#: Beyond every key of a message: those of a database go on from test to test.
EVERYTHING = 1_000_000_000


def erasure(**changes: Any) -> Erasure:
    """Every field differs from its default."""
    whole = Erasure(
        sandbox="default",
        profile_id="p1",
        profile_keys=frozenset({7, 9}),
        identities=frozenset({JANE.key, PHONE.key}),
        keeps_addresses=True,
        actor="apiKeys/1",
        begin_time=samples.NOW,
        last_message=EVERYTHING,
        position=3,
        revisited=2,
        last_execution="e",
        is_swept=True,
        cancelled_count=1,
        message_count=2,
        address_count=3,
    )
    return replace(whole, **changes)


def new(**changes: Any) -> Erasure:
    return erasure(position=0, revisited=None, last_execution=None, is_swept=False, **changes)


def found(work: UnitOfWork, sought: Erasure, *messages: Message) -> list[str]:
    """Returns the addresses of the messages that a sweep finds in one step."""
    swept = work.erasures.sweep_messages(sought, EVERYTHING, EVERYTHING)
    return [message.address for message in work.erasures.messages(swept.keys).values()]


def test_an_erasure_comes_back_as_it_was_added_and_saved(store: Store) -> None:
    with committing(store) as work:
        first, second = work.erasures.add(erasure()), work.erasures.add(new(sandbox="staging"))
    changed = replace(second, position=8, revisited=5, identities=frozenset(), is_swept=True)
    with committing(store) as work:
        assert work.erasures.pending() == [first, second]
        assert work.erasures.profile_keys() == {7, 9}
        work.erasures.save(changed)
        work.erasures.remove(first)
    with store.snapshot() as work:
        assert work.erasures.pending() == [changed]


def test_an_erasure_is_settled_once_its_transaction_has_ended(store: Store) -> None:
    with committing(store) as work:
        begun = work.erasures.add(erasure())
    with store.snapshot() as work:
        assert work.erasures.is_settled(begun)


def test_messages_are_found_by_profile_and_by_every_form_of_an_identity_or_address(work: UnitOfWork) -> None:
    sender = a_sender(work)

    def add(identity: str, address: str, **changes: Any) -> None:
        sender.message(work, identity=identity, address=address, **changes)

    add("crm:1", "1@example.com", profile_key=7)
    add("email:JANE@Example.com.", "2@example.com")
    add("crm:2", "Jane@EXAMPLE.com")
    add("phone:+44 (7911) 123-456", "4@example.com")
    add("crm:3", "5@example.com", fallbacks=samples.fallbacks("", "jane@example.com"))
    add("crm:4", "JANE@example.com.")
    add("email:joe@example.com", "joe@example.com")
    add("email:jane@example.com", "8@example.com", profile_key=8)
    addresses = [f"{number}@example.com" for number in (1, 2, 4, 5)]
    assert found(work, new()) == [*addresses[:2], "Jane@EXAMPLE.com", *addresses[2:], "JANE@example.com."]


def test_whatever_is_not_ascii_is_found_as_its_forms_are_many(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sender.message(work, identity="crm:1", address="jane@bücher.example")
    sender.message(work, identity="email:jane@bücher.example", address="2@example.com")
    sender.message(work, identity="email:joe@example.com", address="joe@example.com")
    of_jane = new(identities=frozenset({IdentityKey("email", "jane@xn--bcher-kva.example")}))
    assert found(work, of_jane) == ["jane@bücher.example", "2@example.com"]


def test_an_identity_of_another_namespace_is_found_in_capitals_and_in_small_letters(work: UnitOfWork) -> None:
    sender = a_sender(work)
    sender.message(work, identity="crm:AB-1x", address="1@example.com")
    sender.message(work, identity="crm:ab-1X", address="2@example.com")
    execution = sender.execution(work, request_id="order-ab-1X")
    of_jane = new(identities=frozenset({IdentityKey("crm", "AB-1x")}))
    assert found(work, of_jane) == ["1@example.com", "2@example.com"]
    assert work.erasures.sweep_executions(of_jane, EVERYTHING).ids == (execution.id,)


def test_later_messages_and_those_of_other_sandboxes_are_found_by_their_profile_alone(work: UnitOfWork) -> None:
    here, there = a_sender(work), a_sender(work, "other", sandbox="staging")
    here.message(work, address="jane@example.com")
    there.message(work, address="jane@example.com")
    before = new(last_message=work.erasures.last_message())
    here.message(work, address="later@example.com")
    here.message(work, address="known@example.com", profile_key=9)
    assert found(work, before) == ["jane@example.com", "known@example.com"]


def test_a_sweep_ends_at_its_limits_and_goes_on_behind_them(work: UnitOfWork) -> None:
    keys: list[int] = []
    for _ in range(5):
        a_sender(work, f"c{len(keys)}").message(work)
        keys.append(work.erasures.last_message())
    first = work.erasures.sweep_messages(new(), 3, EVERYTHING)
    assert (list(first.keys), first.position) == (keys[:3], keys[2])
    few = work.erasures.sweep_messages(new(), EVERYTHING, 2)
    assert (list(few.keys), few.position) == (keys[:2], keys[1])
    rest = work.erasures.sweep_messages(replace(new(), position=keys[2]), EVERYTHING, EVERYTHING)
    assert (list(rest.keys), rest.position) == (keys[3:], keys[4])
    assert work.erasures.sweep_messages(replace(new(), position=keys[4]), 3, 3).position is None


def test_waiting_messages_are_found_by_the_written_identity(work: UnitOfWork) -> None:
    sender = a_sender(work)
    queued = sender.message(work, identity="email:Jane@example.com")
    sending = sender.message(work, identity="email:Jane@example.com", state=MessageState.SENDING, owner="p")
    sender.message(work, identity="email:Jane@example.com", state=MessageState.SENT)
    sender.message(work, identity="email:joe@example.com")
    waiting = work.erasures.waiting_messages("default", ["email:Jane@example.com", "phone:1"])
    assert [message.id for message in waiting] == [queued.id, sending.id]
    assert not work.erasures.waiting_messages("staging", ["email:Jane@example.com"])


def test_a_blanked_message_and_its_events_keep_nothing_of_the_person(store: Store) -> None:
    failure = Failure(FailureReason.RECIPIENT_REJECTED, "550", "Jane Doe is unknown", retries_exhausted=True)
    with committing(store) as work:
        message = a_sender(work).message(
            work,
            state=MessageState.FAILED,
            labels={"customer": "Jane"},
            cap_person="7",
            fallbacks=samples.fallbacks("jane@example.com"),
            profile_key=7,
            sending_policy=KeptPolicy("nights", SourcedValue("Asia/Tokyo", ValueSource.PROFILE)),
            outcome_time=samples.NOW,
            failure=failure,
        )
        outcome = samples.outcome(message, MessageState.FAILED, failure=failure)
        assert outcome.attempt is not None
        answered = replace(outcome.attempt, provider_reply="550 Jane Doe is unknown")
        work.events.add_all([replace(outcome.event, detail=answered)])
        swept = work.erasures.sweep_messages(new(), EVERYTHING, EVERYTHING)
        work.erasures.blank_messages(work.erasures.messages(swept.keys))
    blank = samples.changed(
        message,
        identity="",
        address="",
        context=b"{}",
        profile=b"{}",
        labels={},
        cap_person=None,
        fallbacks=(),
        profile_key=None,
        sending_policy=KeptPolicy("nights"),
        failure=replace(failure, detail=""),
    )
    with store.snapshot() as work:
        assert work.messages.get(HERE, message.id) == blank
        assert work.messages.page(MessageQuery(HERE, labels=message.labels)) == []
        (event,) = work.events.of_message(message.id)
        assert event.labels == {}
        assert event.detail == replace(outcome.attempt, failure=blank.end.failure)
        assert outcome.attempt.result is AttemptResult.FAILED


def test_executions_are_found_by_what_callers_have_written_and_lose_it(work: UnitOfWork) -> None:
    sender = a_sender(work)
    violation = Violation("recipients[3].context.jane@EXAMPLE.com", "UNKNOWN_FIELD", "Is no field.")
    named = sender.execution(work, request_id="welcome-Jane@example.com")
    rejecting = sender.execution(work, request_id="r2", rejections={3: (violation,)})
    other = sender.execution(work, request_id="r3", rejections={3: (replace(violation, field="recipients[3]"),)})
    swept = work.erasures.sweep_executions(new(), EVERYTHING)
    assert (set(swept.ids), swept.position) == ({named.id, rejecting.id}, other.id)
    work.erasures.blank_executions(swept.ids)
    assert work.executions.get(HERE, named.id) == replace(named, request_id=None)
    blank = replace(rejecting, request_id=None, rejections={3: (Violation("recipients[3]", "UNKNOWN_FIELD", ""),)})
    assert work.executions.get(HERE, rejecting.id) == blank
    assert work.executions.get(HERE, other.id) == other
    assert work.erasures.sweep_executions(replace(new(), last_execution=other.id), 1).position is None


def test_executions_of_another_sandbox_are_not_found(work: UnitOfWork) -> None:
    there = a_sender(work, "other", sandbox="staging").execution(work, request_id="welcome-jane@example.com")
    swept = work.erasures.sweep_executions(new(), EVERYTHING)
    assert (swept.ids, swept.position) == ((), there.id)


def test_executions_of_an_identity_that_differs_by_a_character_are_not_found(work: UnitOfWork) -> None:
    """What they have lost is lost for good: their callers could send again by the same request id."""
    sender = a_sender(work)
    execution, _ = (sender.execution(work, request_id=f"welcome-j{each}d@example.com") for each in ("_", "a"))
    of_jane = new(identities=frozenset({IdentityKey("email", "j_d@example.com")}))
    assert work.erasures.sweep_executions(of_jane, EVERYTHING).ids == (execution.id,)


def test_a_sweep_of_executions_ends_at_its_limit_and_goes_on_behind_it(work: UnitOfWork) -> None:
    sender = a_sender(work)
    ids = sorted(sender.execution(work, request_id=f"welcome-{number}-jane@example.com").id for number in range(3))
    first = work.erasures.sweep_executions(new(), 2)
    assert (sorted(first.ids), first.position) == (ids[:2], ids[1])
    rest = work.erasures.sweep_executions(replace(new(), last_execution=ids[1]), 2)
    assert (list(rest.ids), rest.position) == (ids[2:], ids[2])


def test_an_identity_of_a_few_characters_is_not_looked_for_in_what_callers_have_written(work: UnitOfWork) -> None:
    """It would be in the ids of too many."""
    sender = a_sender(work)
    short, long = new(identities=frozenset({IdentityKey("crm", "471")})), IdentityKey("crm", "4711")
    execution = sender.execution(work, request_id="order-4711")
    assert work.erasures.sweep_executions(short, EVERYTHING).ids == ()
    assert work.erasures.sweep_executions(new(identities=frozenset({long})), EVERYTHING).ids == (execution.id,)


def a_list(work: UnitOfWork, audience_id: str, *identities: Identity, sandbox: str = "default") -> Callable[[], Listed]:
    """Makes a list, and returns what returns its members and how many it says that it has."""
    added = work.audiences.add(samples.audience(audience_id, None, sandbox=sandbox))
    (made,) = work.audiences.lists_of(added).values()
    work.audiences.add_members(made, identities, samples.NOW)

    def read() -> Listed:
        (kept,) = work.audiences.lists_of(added).values()
        return work.audiences.members(kept.key, IdentityKey("", ""), 9), kept.identity_count

    return read


def test_every_list_of_the_sandbox_loses_the_person_alone(work: UnitOfWork) -> None:
    joe, namesake = samples.identity("email", "joe@example.com"), samples.identity("crm", "jane@example.com")
    guests, family = a_list(work, "guests", namesake, JANE, joe), a_list(work, "family", JANE)
    there = a_list(work, "guests", JANE, sandbox="staging")
    work.erasures.remove_from_audiences(new(), 7)
    assert [read() for read in (guests, family, there)] == [([namesake, joe], 2), ([], 0), ([JANE], 1)]


def test_every_run_of_the_sandbox_loses_the_person_alone(work: UnitOfWork) -> None:
    joe, namesake = samples.identity("email", "joe@example.com"), samples.identity("crm", "jane@example.com")
    run = accepting(work, of_list(JANE), of_list(joe), of_list(namesake))
    another, there = accepting(work, of_list(JANE)), accepting(work, of_list(JANE), sandbox="staging")
    work.erasures.remove_from_audiences(new(), 7)
    members = [work.audience_runs.members(each, "email", 9) for each in (run, another, there)]
    assert [[member.is_deleted for member in of_run] for of_run in members] == [[True, False, False], [True], [False]]


def test_the_keys_of_absorbed_profiles_lead_to_the_survivor(work: UnitOfWork) -> None:
    survivor, absorbed = (work.profiles.add(samples.profile(each)) for each in (JANE, PHONE))
    assert work.erasures.former_keys(survivor) == set()
    work.profiles.absorb(replace(survivor, revision=2), absorbed)
    assert work.erasures.former_keys(survivor) == {absorbed.key}
