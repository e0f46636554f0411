"""Profiles and their identities."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.access import Visibility
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.profile import ProfileRef

from tests.contract.store import samples
from tests.contract.store.given import committing

HERE, THERE = Visibility("default"), Visibility("staging")
JANE = samples.identity("email", "jane@example.com", "Jane@example.com")
JANES_PHONE = samples.identity("phone", "+447911123456", "+44 7911 123456")
JOE = samples.identity("email", "joe@example.com")


def test_a_profile_comes_back_as_it_was_added_with_a_key(store: Store) -> None:
    with committing(store) as work:
        added = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    assert added.key > 0
    with store.snapshot() as work:
        assert work.profiles.get(HERE, added.id) == added
        assert work.profiles.by_identity(HERE, JANE.key) == added
        assert work.profiles.by_identity(HERE, JANES_PHONE.key) == added


def test_identities_keep_their_order_and_the_form_in_which_they_were_written(work: UnitOfWork) -> None:
    added = work.profiles.add(samples.profile(JOE, JANES_PHONE, JANE))
    found = work.profiles.get(HERE, added.id)
    assert found is not None
    assert list(map(str, found.identities)) == [
        "email:joe@example.com",
        "phone:+44 7911 123456",
        "email:Jane@example.com",
    ]


def test_a_profile_is_seen_in_its_sandbox_alone(work: UnitOfWork) -> None:
    here = work.profiles.add(samples.profile(JANE))
    there = work.profiles.add(samples.profile(JANE, sandbox="staging"))
    assert work.profiles.get(THERE, here.id) is None
    assert work.profiles.by_identity(HERE, JANE.key) == here
    assert work.profiles.by_identity(THERE, JANE.key) == there
    assert work.profiles.page(HERE, None, 10) == [here]
    assert work.profiles.owners("staging", [JANE.key]) == {JANE.key: ProfileRef(there.key, there.id)}


def test_an_unknown_profile_is_none(work: UnitOfWork) -> None:
    assert work.profiles.get(HERE, samples.new_id()) is None
    assert work.profiles.by_identity(HERE, JANE.key) is None
    assert work.profiles.by_identity(HERE, IdentityKey("crm", "jane@example.com")) is None


def test_an_identity_belongs_to_one_profile(store: Store) -> None:
    with committing(store) as work:
        owner = work.profiles.add(samples.profile(JANE))
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.add(samples.profile(JOE, JANE))
    with store.snapshot() as work:
        assert work.profiles.page(HERE, None, 10) == [owner]
        assert work.profiles.by_identity(HERE, JOE.key) is None


def test_the_owners_of_many_identities_are_found_at_once(work: UnitOfWork) -> None:
    jane = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    joe = work.profiles.add(samples.profile(JOE))
    strangers = [IdentityKey("crm", str(number)) for number in range(200)]
    assert work.profiles.owners("default", [JANE.key, *strangers, JOE.key, JANES_PHONE.key]) == {
        JANE.key: ProfileRef(jane.key, jane.id),
        JANES_PHONE.key: ProfileRef(jane.key, jane.id),
        JOE.key: ProfileRef(joe.key, joe.id),
    }
    assert work.profiles.owners("default", []) == {}


def test_profiles_are_listed_in_the_order_of_their_creation_in_pages(work: UnitOfWork) -> None:
    made = [
        work.profiles.add(samples.profile(samples.identity("crm", str(number)), samples.identity("x", str(number))))
        for number in range(5)
    ]
    assert work.profiles.page(HERE, None, 3) == made[:3]
    assert work.profiles.page(HERE, made[2].id, 3) == made[3:]
    assert work.profiles.page(HERE, made[4].id, 3) == []


def test_saving_replaces_the_stored_profile_and_its_identities(store: Store) -> None:
    with committing(store) as work:
        added = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    changes = {"identities": (JOE, JANE), "attributes": {"plan": "gold"}, "locale": "", "time_zone": "UTC"}
    changed = added.changed(changes, samples.NOW + 5)
    with committing(store) as work:
        work.profiles.save(changed)
    with store.snapshot() as work:
        assert work.profiles.get(HERE, added.id) == changed
        assert work.profiles.by_identity(HERE, JANES_PHONE.key) is None


@pytest.mark.parametrize("revision", [1, 3])
def test_saving_from_another_revision_is_stale(work: UnitOfWork, revision: int) -> None:
    added = work.profiles.add(samples.profile(JANE))
    with pytest.raises(WriteConflict):
        work.profiles.save(replace(added, revision=revision, locale="fr"))
    assert work.profiles.get(HERE, added.id) == added


def test_saving_an_identity_that_another_profile_has_is_refused(store: Store) -> None:
    with committing(store) as work:
        work.profiles.add(samples.profile(JANE))
        joe = work.profiles.add(samples.profile(JOE))
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.save(joe.changed({"identities": (JOE, JANE)}, samples.NOW))
    with store.snapshot() as work:
        assert work.profiles.get(HERE, joe.id) == joe


def test_a_deleted_profile_is_gone_and_its_identities_are_free(work: UnitOfWork) -> None:
    added = work.profiles.add(samples.profile(JANE, JOE))
    work.profiles.delete(added)
    assert work.profiles.get(HERE, added.id) is None
    assert work.profiles.owners("default", [JANE.key, JOE.key]) == {}
    with pytest.raises(WriteConflict):
        work.profiles.delete(added)
    assert work.profiles.add(samples.profile(JANE)).key != added.key


def test_deleting_another_revision_is_stale(work: UnitOfWork) -> None:
    added = work.profiles.add(samples.profile(JANE))
    work.profiles.save(added.changed({"locale": "fr"}, samples.NOW))
    with pytest.raises(WriteConflict):
        work.profiles.delete(added)
    assert work.profiles.by_identity(HERE, JANE.key) is not None
