"""Tests what frequency caps count, as stores keep it."""

from __future__ import annotations

from clarion_server.adapters.storage.limits.cap_locks import CapRow
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message
from clarion_server.domain.sending_policies.cap_entries import CapEntries

from tests.cap_entries import add, counted, lock, save
from tests.contract.store import samples
from tests.contract.store.given import a_campaign, a_sender, committing
from tests.contract.store.samples import NOW

JANE, ANNA = CapRow("1", 7, "/MARKETING//"), CapRow("2", 7, "/MARKETING//")
ENTRIES = CapEntries({"a": NOW, "b": NOW + 1}, until=NOW + 2)


def test_what_is_saved_is_found_by_its_row(work: UnitOfWork) -> None:
    other_policy, other_scope = JANE._replace(policy_key=8), JANE._replace(scope="EMAIL/MARKETING//")
    save(work, {JANE: ENTRIES})
    assert lock(work, {JANE: True, other_policy: False, other_scope: False, ANNA: False}) == {JANE: ENTRIES}
    save(work, {JANE: CapEntries({"c": NOW}, NOW)})
    assert lock(work, {JANE: True}) == {JANE: CapEntries({"c": NOW}, NOW)}


def test_a_row_that_is_not_needed_is_not_made(store: Store) -> None:
    with committing(store) as work:
        assert lock(work, {JANE: False}) == {}
        assert lock(work, {ANNA: True}).get(ANNA, CapEntries()) == CapEntries()
    assert JANE not in counted(store)


def test_a_transaction_that_only_reads_sees_the_same(store: Store) -> None:
    others = [JANE._replace(policy_key=8), JANE._replace(scope="EMAIL/MARKETING//"), JANE._replace(person="3")]
    with committing(store) as work:
        save(work, {JANE: ENTRIES, **dict.fromkeys(others, ENTRIES)})
    with store.snapshot() as unit:
        assert lock(unit, {JANE: True, ANNA: True}) == {JANE: ENTRIES}
        assert lock(unit, {JANE: True}, unread_below=len(ENTRIES.times)) == {JANE: ENTRIES}
        assert lock(unit, {JANE: True}, unread_below=len(ENTRIES.times) + 1) == {}


def test_many_rows_are_locked_and_saved_at_once(work: UnitOfWork) -> None:
    rows = {CapRow(str(number), 7, "s"): CapEntries({str(number): NOW}, NOW) for number in range(3_000)}
    save(work, rows)
    assert lock(work, dict.fromkeys(rows, True)) == rows


def counted_message(work: UnitOfWork, person: str) -> Message:
    return a_sender(work, f"of-{person}").message(work, cap_person=person, sending_policy=KeptPolicy("nights"))


def test_a_message_keeps_for_whom_it_counts(work: UnitOfWork) -> None:
    message = counted_message(work, "1")
    assert work.messages.get(samples.VISIBILITY, message.id) == message
    work.messages.set_cap_persons({message.id: "2"})
    changed = work.messages.get(samples.VISIBILITY, message.id)
    assert changed is not None
    assert changed.cap_person == "2"
    assert work.caps.person_of(message.id) == "2"


def test_nobody_is_counted_by_a_message_without_caps_or_one_that_is_gone(work: UnitOfWork) -> None:
    message = a_sender(work).message(work)
    assert [work.caps.person_of(each) for each in (message.id, "gone")] == [None, None]


def test_messages_are_given_back_from_every_row_of_their_persons(work: UnitOfWork) -> None:
    jane, anna, uncounted = counted_message(work, "1"), counted_message(work, "2"), a_sender(work).message(work)
    other_scope = JANE._replace(scope="EMAIL/MARKETING//")
    save(work, {row: CapEntries({jane.id: NOW, "other": NOW}, NOW) for row in (JANE, other_scope)})
    save(work, {ANNA: CapEntries({anna.id: NOW}, NOW)})
    work.caps.give_back([jane.id, uncounted.id])
    left = CapEntries({"other": NOW}, NOW)
    rows = {JANE: True, other_scope: True, ANNA: True}
    assert lock(work, rows) == {JANE: left, other_scope: left, ANNA: CapEntries({anna.id: NOW}, NOW)}
    work.caps.give_back([])


def test_united_entries_are_the_survivors_and_so_are_their_messages(work: UnitOfWork) -> None:
    message = counted_message(work, "2")
    save(work, {JANE: ENTRIES, ANNA: CapEntries({message.id: NOW + 5}, NOW + 9)})
    work.caps.unite("1", "2")
    assert lock(work, {JANE: True, ANNA: False}) == {JANE: CapEntries({**ENTRIES.times, message.id: NOW + 5}, NOW + 9)}
    moved = work.messages.get(samples.VISIBILITY, message.id)
    assert moved is not None
    assert moved.cap_person == "1"
    work.caps.unite("1", "3")
    work.caps.unite("3", "1")
    assert CapRow("3", 7, JANE.scope) in lock(work, {CapRow("3", 7, JANE.scope): False})


def test_messages_that_wait_are_united_though_nothing_is_counted(work: UnitOfWork) -> None:
    own, other = counted_message(work, "2"), counted_message(work, "4")
    work.caps.unite("1", "2", [own.id, other.id])
    assert [work.caps.person_of(each.id) for each in (own, other)] == ["1", "4"]


def test_everything_about_a_person_is_deleted(work: UnitOfWork) -> None:
    save(work, {JANE: ENTRIES, ANNA: ENTRIES})
    work.caps.delete(["1", "nobody"])
    assert lock(work, {JANE: False, ANNA: False}) == {ANNA: ENTRIES}


def test_a_sweep_deletes_what_can_count_no_more_and_passes_the_rest(work: UnitOfWork) -> None:
    rows = [CapRow(str(number // 2), number % 2, "s") for number in range(6)]
    save(work, {row: CapEntries({"a": NOW}, NOW + number) for number, row in enumerate(rows)})
    position, looked_at = "", []
    while (swept := work.caps.purge(NOW + 3, position, 4)).count:
        position = swept.position
        looked_at.append(swept.count)
    assert looked_at == [4, 2]
    assert set(lock(work, dict.fromkeys(rows, False))) == set(rows[3:])


def test_campaigns_are_found_with_their_tags_without_case(work: UnitOfWork) -> None:
    tagged, other = a_campaign(work, tags=("Sale", "winter")), a_campaign(work, "other", tags=())
    found = {key: set(tags) for key, tags in work.campaigns.folded_tags([tagged.key, other.key]).items()}
    assert found == {tagged.key: {"sale", "winter"}}


def test_entries_below_a_number_are_left_out_and_others_are_added_to_them(work: UnitOfWork) -> None:
    save(work, {JANE: ENTRIES, ANNA: CapEntries({"c": NOW}, NOW + 9)})
    rows = {JANE: True, ANNA: True}
    assert lock(work, rows, unread_below=2) == {JANE: ENTRIES}
    add(work, {ANNA: {"d": NOW + 3, "e": NOW + 1}}, memory=5, now=NOW)
    assert lock(work, rows, unread_below=3) == {ANNA: CapEntries({"c": NOW, "d": NOW + 3, "e": NOW + 1}, NOW + 9)}
    add(work, {ANNA: {"f": NOW + 7}}, memory=5, now=NOW)
    assert lock(work, {ANNA: True})[ANNA].until == NOW + 12
    assert lock(work, rows, unread_below=5) == {}


def test_entries_are_added_for_many_people_without_any(store: Store) -> None:
    rows = {CapRow(str(number), 7, "s"): {str(number): NOW} for number in range(3_000)}
    with committing(store) as work:
        # They are locked as if they had some.
        assert lock(work, dict.fromkeys(rows, True), unread_below=1) == {}
        add(work, rows, memory=5, now=NOW)
    assert counted(store) == rows


def test_entries_that_can_count_no_more_are_replaced_without_being_read(work: UnitOfWork) -> None:
    save(work, {JANE: ENTRIES})
    add(work, {JANE: {"c": NOW + 9}}, memory=5, now=ENTRIES.until)
    assert lock(work, {JANE: True}) == {JANE: CapEntries({"c": NOW + 9}, NOW + 14)}
    assert lock(work, {JANE: True}, unread_below=2) == {}
