"""Audiences, their lists, and the profiles that their conditions are about."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.audiences import Subject
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.audiences.audience import Audience, IdentityList
from clarion_server.domain.audiences.audience_run import AudienceRun, Selection
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Consent, ConsentChoice, ConsentScope
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey

from tests.contract.store import samples
from tests.contract.store.samples import NOW, STAGING, VISIBILITY

START = IdentityKey("", "")


def emails(*values: str) -> list[Identity]:
    return [Identity(IdentityKey("email", value.lower()), value) for value in values]


def a_list(work: UnitOfWork, audience_id: str = "vip", sandbox: str = samples.SANDBOX) -> tuple[Audience, IdentityList]:
    added = work.audiences.add(samples.audience(audience_id, None, sandbox=sandbox))
    assert added.listed is not None
    return added, added.listed


def test_an_audience_comes_back_as_it_was_added_with_a_key(work: UnitOfWork) -> None:
    by_condition = work.audiences.add(samples.audience())
    assert by_condition == replace(samples.audience(), key=by_condition.key)
    assert work.audiences.get(VISIBILITY, "gold") == by_condition


def test_an_audience_without_a_condition_has_an_empty_list(work: UnitOfWork) -> None:
    added, listed = a_list(work)
    assert work.audiences.get(VISIBILITY, "vip") == added
    assert listed == IdentityList(listed.key, "", 0, NOW, complete_time=NOW)
    assert listed.is_current


def test_a_name_is_taken_once_in_a_sandbox(work: UnitOfWork) -> None:
    work.audiences.add(samples.audience())
    with pytest.raises(NameTaken):
        work.audiences.add(samples.audience())
    there = work.audiences.add(samples.audience(sandbox="staging"))
    assert work.audiences.get(STAGING, "gold") == there


def test_an_audience_of_another_sandbox_is_not_there(work: UnitOfWork) -> None:
    work.audiences.add(samples.audience())
    assert work.audiences.get(STAGING, "gold") is None
    assert work.audiences.page(STAGING, None, 9) == []
    assert (work.audiences.count(VISIBILITY), work.audiences.count(STAGING)) == (1, 0)


def test_saving_replaces_the_stored_revision_alone_and_keeps_the_list(work: UnitOfWork) -> None:
    added, listed = a_list(work)
    work.audiences.add_members(listed, emails("a@example.com"), NOW + 3)
    changed = replace(added.changed(NOW + 5), display_name="Other", listed=None)
    work.audiences.save(changed)
    stored = work.audiences.get(VISIBILITY, "vip")
    assert stored == replace(changed, listed=replace(listed, identity_count=1, update_time=NOW + 3))
    with pytest.raises(WriteConflict):
        work.audiences.save(changed)


def test_deleting_takes_the_stored_revision_alone(work: UnitOfWork) -> None:
    added = work.audiences.add(samples.audience())
    with pytest.raises(WriteConflict):
        work.audiences.delete(added.changed(NOW))
    work.audiences.delete(added)
    assert work.audiences.get(VISIBILITY, "gold") is None


def test_pages_go_by_id(work: UnitOfWork) -> None:
    for audience_id in ("c", "a", "b"):
        work.audiences.add(samples.audience(audience_id))
    assert [audience.id for audience in work.audiences.page(VISIBILITY, None, 2)] == ["a", "b"]
    assert [audience.id for audience in work.audiences.page(VISIBILITY, "b", 9)] == ["c"]


def test_the_same_identity_is_listed_once_however_it_is_written(work: UnitOfWork) -> None:
    added, listed = a_list(work)
    assert len(work.audiences.add_members(listed, emails("B@example.com", "a@example.com"), NOW)) == 2
    assert work.audiences.add_members(listed, emails("b@example.com", "c@example.com"), NOW + 7) == {
        IdentityKey("email", "c@example.com")
    }
    found = work.audiences.members(listed.key, START, 9)
    assert [identity.value for identity in found] == ["a@example.com", "B@example.com", "c@example.com"]
    stored = work.audiences.get(VISIBILITY, added.id)
    assert stored is not None
    assert stored.listed == replace(listed, identity_count=3, update_time=NOW + 7)


def test_members_are_read_in_pages_by_namespace_and_normal_value(work: UnitOfWork) -> None:
    _, listed = a_list(work)
    _, other = a_list(work, "other")
    numbers = [Identity(IdentityKey("crm", number), number) for number in ("20", "1", "3")]
    work.audiences.add_members(listed, [*emails("a@example.com", "B@example.com"), *numbers], NOW)
    work.audiences.add_members(other, emails("z@example.com"), NOW)
    first = work.audiences.members(listed.key, START, 3)
    rest = work.audiences.members(listed.key, first[-1].key, 3)
    assert [identity.value for identity in (*first, *rest)] == ["1", "20", "3", "a@example.com", "B@example.com"]
    assert work.audiences.members(listed.key, rest[-1].key, 3) == []


def test_a_member_is_found_by_how_many_are_between(work: UnitOfWork) -> None:
    (_, listed), (_, other) = a_list(work), a_list(work, "other")
    members = [Identity(IdentityKey("crm", "z"), "Z"), *emails("A@example.com", "b@example.com", "c@example.com")]
    work.audiences.add_members(listed, members, NOW)
    work.audiences.add_members(other, emails("aa@example.com"), NOW)
    behind = [work.audiences.member_behind(listed.key, START, skipped) for skipped in range(5)]
    assert behind == [*members, None]
    assert work.audiences.member_behind(listed.key, members[1].key, 0) == members[2]
    assert work.audiences.member_behind(listed.key, members[1].key, 2) is None


def test_an_upload_becomes_the_list_when_it_is_completed(work: UnitOfWork) -> None:
    added, first = a_list(work)
    upload = work.audiences.add_list(added, "2026-11", NOW + 1)
    work.audiences.add_members(upload, emails("a@example.com"), NOW + 2)
    assert work.audiences.get(VISIBILITY, "vip") == added
    work.audiences.complete(added, upload, NOW + 3)
    stored = work.audiences.get(VISIBILITY, "vip")
    assert stored is not None
    assert stored.listed == IdentityList(upload.key, "2026-11", 1, NOW + 2, complete_time=NOW + 3)
    assert work.audiences.lists_of(added) == {"": replace(first, replace_time=NOW + 3), "2026-11": stored.listed}


def test_nothing_is_added_to_a_list_that_was_replaced(work: UnitOfWork) -> None:
    added, first = a_list(work)
    upload = work.audiences.add_list(added, "2026-11", NOW)
    work.audiences.complete(added, upload, NOW)
    with pytest.raises(WriteConflict):
        work.audiences.add_members(first, emails("a@example.com"), NOW)


def test_an_upload_begins_once(work: UnitOfWork) -> None:
    added, _ = a_list(work)
    work.audiences.add_list(added, "2026-11", NOW)
    with pytest.raises(WriteConflict):
        work.audiences.add_list(added, "2026-11", NOW)


def test_lists_are_purged_after_they_were_replaced_or_abandoned(store: Store) -> None:
    with store.begin() as work:
        kept, listed = a_list(work)
        gone, unneeded = a_list(work, "gone")
        abandoned = work.audiences.add_list(kept, "abandoned", NOW)
        under_way = work.audiences.add_list(kept, "under-way", NOW + 60)
        for each in (listed, unneeded, abandoned, under_way):
            work.audiences.add_members(each, emails("a@example.com", "b@example.com"), each.update_time)
        work.audiences.delete(gone)
        work.audiences.replace_lists(gone, NOW + 10)
        assert purged(work, abandoned=NOW, replaced=NOW + 10) == [0]
        assert purged(work, abandoned=NOW, replaced=NOW + 11) == [2, 1, 0]
        assert purged(work, abandoned=NOW + 60, replaced=NOW + 11) == [2, 1, 0]
        assert work.audiences.lists_of(gone) == {}
        assert set(work.audiences.lists_of(kept)) == {"", "under-way"}
        assert [len(work.audiences.members(each.key, START, 9)) for each in (listed, under_way)] == [2, 2]
        assert [work.audiences.members(each.key, START, 9) for each in (unneeded, abandoned)] == [[], []]


def test_a_replaced_list_stays_while_a_run_may_select_its_members(work: UnitOfWork) -> None:
    added, listed = a_list(work)
    work.audiences.add_members(listed, emails("a@example.com"), NOW)
    work.audiences.complete(added, work.audiences.add_list(added, "new", NOW), NOW)
    run, *of_others = (
        work.audience_runs.add(AudienceRun(samples.new_id(), sandbox, 1, audience_id, 100, NOW, b"{}"))
        for sandbox, audience_id in ((added.sandbox, added.id), ("staging", added.id), (added.sandbox, "other"))
    )
    for each in (run, *of_others):
        work.audience_runs.save(each.begun(NOW))
    assert purged(work, abandoned=NOW, replaced=NOW + 1) == [0]
    work.audience_runs.save(run.begun(NOW).selected(Selection(1)))
    assert purged(work, abandoned=NOW, replaced=NOW + 1) == [2, 0]


def purged(work: UnitOfWork, abandoned: Instant, replaced: Instant) -> list[int]:
    """Returns what each step deletes, until one finds nothing to delete."""
    steps = [work.audiences.purge_lists(abandoned, replaced, limit=2)]
    while steps[-1]:
        steps.append(work.audiences.purge_lists(abandoned, replaced, limit=2))
    return steps


def test_an_audience_that_has_an_identity_of_a_namespace_is_found(work: UnitOfWork) -> None:
    added, listed = a_list(work)
    upload = work.audiences.add_list(added, "new", NOW)
    work.audiences.add_members(listed, emails("a@example.com"), NOW)
    work.audiences.add_members(upload, [Identity(IdentityKey("crm", "1"), "1")], NOW)
    for namespace in ("email", "crm"):
        found = work.audiences.first_in_namespace(VISIBILITY, namespace)
        assert found is not None
        assert found.id == "vip"
    assert work.audiences.first_in_namespace(VISIBILITY, "phone") is None
    assert work.audiences.first_in_namespace(STAGING, "email") is None
    work.audiences.complete(added, upload, NOW)
    assert work.audiences.first_in_namespace(VISIBILITY, "email") is None


def test_subjects_are_the_profiles_of_the_sandbox_in_pages_by_id(work: UnitOfWork) -> None:
    stored = [work.profiles.add(samples.profile(*emails(f"{name}@example.com"))) for name in "abc"]
    work.profiles.add(samples.profile(*emails("d@example.com"), sandbox="staging"))
    first = work.audiences.subjects(VISIBILITY, "", NOW, 2, with_choices=False)
    rest = work.audiences.subjects(VISIBILITY, first[-1].id, NOW, 2, with_choices=False)
    assert [subject.key for subject in (*first, *rest)] == [profile.key for profile in stored]
    attributes = '{"first_name":"Jane","age":42,"tags":["a",null]}'
    one = stored[0]
    assert first[0] == Subject(one.key, one.id, attributes, "pt-BR", "Europe/Berlin", NOW, ())


def test_profiles_that_were_created_later_are_no_subjects(work: UnitOfWork) -> None:
    work.profiles.add(samples.profile(*emails("a@example.com"), create_time=NOW + 1))
    assert work.audiences.subjects(VISIBILITY, "", NOW, 9, with_choices=False) == []
    assert len(work.audiences.subjects(VISIBILITY, "", NOW + 1, 9, with_choices=False)) == 1


def test_subjects_have_their_choices_when_these_are_asked_for(work: UnitOfWork) -> None:
    profile = work.profiles.add(samples.profile(*emails("a@example.com")))
    work.profiles.add(samples.profile(*emails("b@example.com")))
    scope = ConsentScope(Channel.EMAIL, "news")
    denial = Consent(scope, ConsentChoice.DENIED, NOW, 1)
    work.consents.save(profile.key, {scope: denial})
    choices = [
        [list(subject.choices) for subject in work.audiences.subjects(VISIBILITY, "", NOW, 9, with_choices=asked)]
        for asked in (True, False)
    ]
    assert choices == [[[denial], []], [[], []]]
