"""Profiles and their identities."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import orjson
import pytest
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.queries import LockedCampaign
from clarion_server.application.ports.store import Store, UnitOfWork, WriteConflict
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.consent.consent import ConsentChoice, ConsentScope
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import KnownProfile, Profile, ProfileRef

from tests.contract.store import samples
from tests.contract.store.conftest import OpenStore
from tests.contract.store.given import a_campaign, committing

HERE, THERE = Visibility("default"), Visibility("staging")
JANE = samples.identity("email", "jane@example.com", "Jane@example.com")
JANES_PHONE = samples.identity("phone", "+447911123456", "+44 7911 123456")
JOE = samples.identity("email", "joe@example.com")
DENIAL = ConsentChange(ConsentScope(), ConsentChoice.DENIED, samples.NOW, ConsentSource.SUPPORT)


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


# Profiles of recipients.


def sandbox_identity(of: Profile, index: int = 0) -> SandboxIdentity:
    return SandboxIdentity(of.sandbox, *of.identities[index].key)


def known(of: Profile) -> KnownProfile:
    attributes = '{"first_name":"Jane","age":42,"tags":["a",null]}'
    return KnownProfile(of.key, of.id, of.locale, attributes, of.time_zone)


def test_known_recipients_are_found_with_or_without_their_attributes(work: UnitOfWork) -> None:
    jane = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    there = work.profiles.add(samples.profile(JANE, sandbox="staging"))
    email, phone = (identity.key for identity in jane.identities)
    wanted = {
        ("default", "crm"): [str(number) for number in range(600)],
        ("default", email.namespace): [email.value],
        ("default", phone.namespace): ["+49", phone.value],
        ("staging", email.namespace): [email.value],
    }
    found = work.profiles.known(wanted, with_attributes=True, with_choices=True, with_ids=True)
    assert found == {
        ("default", email.namespace): {email.value: known(jane)},
        ("default", phone.namespace): {phone.value: known(jane)},
        ("staging", email.namespace): {email.value: known(there)},
    }
    bare = work.profiles.known(wanted, with_attributes=False, with_choices=True)
    assert bare == {
        namespace: {value: replace(profile, attributes="", id="") for value, profile in profiles.items()}
        for namespace, profiles in found.items()
    }
    assert work.profiles.known({}, with_attributes=True, with_choices=True) == {}


def test_known_recipients_of_one_namespace_are_found_among_strangers(work: UnitOfWork) -> None:
    """Nearly every batch has one namespace, which SQLite reads by a statement of its own."""
    names = ("a", 'b"', "c\\", "ä")
    made = {name: work.profiles.add(samples.profile(samples.identity("crm", name))) for name in names}
    people = {name: replace(profile, attributes={"said": f"{name}\x1e\n"}) for name, profile in made.items()}
    for profile in people.values():
        work.profiles.save(profile.changed({}, samples.NOW))
    wanted = {("default", "crm"): [f"{name}{number}" for number in range(300) for name in ("", *names)] + list(names)}
    for _ in range(2):
        found = work.profiles.known(wanted, with_attributes=True, with_choices=True, with_ids=True)
        of_namespace = found["default", "crm"]
        assert {name: (profile.key, profile.id) for name, profile in of_namespace.items()} == {
            name: (profile.key, profile.id) for name, profile in people.items()
        }
        assert {name: orjson.loads(each.attributes) for name, each in of_namespace.items()} == {
            name: dict(profile.attributes) for name, profile in people.items()
        }
    strangers = work.profiles.known({("default", "crm"): ["nobody"]}, with_attributes=True, with_choices=True)
    assert not strangers.get(("default", "crm"))


def test_profiles_of_unknown_recipients_are_added(store: Store) -> None:
    new = [samples.profile(samples.identity("crm", str(number), f"Written {number}")) for number in range(200)]
    with committing(store) as work:
        owners = work.profiles.add_missing(new)
    with store.snapshot() as work:
        stored = work.profiles.page(HERE, None, 1_000)
    assert [replace(profile, key=0) for profile in stored] == new
    assert owners == {sandbox_identity(profile): known(profile) for profile in stored}


def test_a_profile_that_comes_too_late_is_not_added(store: Store) -> None:
    with committing(store) as work:
        jane = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    late, new = samples.profile(JANE, locale="fr"), samples.profile(JOE)
    with committing(store) as work:
        owners = work.profiles.add_missing([late, new])
    with store.snapshot() as work:
        assert [profile.id for profile in work.profiles.page(HERE, None, 10)] == [jane.id, new.id]
        assert work.profiles.get(HERE, late.id) is None
    assert owners[sandbox_identity(jane)] == known(jane)
    assert owners[sandbox_identity(new)].id == new.id


def test_transactions_that_add_the_same_people_at_once_agree_on_their_profiles(open_durable: OpenStore) -> None:
    stores = [open_durable() for _ in range(4)]
    together = Barrier(len(stores))
    people = [samples.identity("crm", str(number)) for number in range(40)]

    def add(store: Store, order: int) -> dict[SandboxIdentity, str]:
        mixed = sorted(people, key=lambda identity: hash((identity.value, order)))
        new = [samples.profile(identity) for identity in mixed]
        together.wait(60)
        with committing(store) as work:
            return {key: owner.id for key, owner in work.profiles.add_missing(new).items()}

    with ThreadPoolExecutor(len(stores)) as threads:
        answers = [each.result() for each in [threads.submit(add, store, order) for order, store in enumerate(stores)]]
    assert len(answers[0]) == len(people)
    assert all(answer == answers[0] for answer in answers)
    with stores[0].snapshot() as work:
        assert {profile.id for profile in work.profiles.page(HERE, None, 1_000)} == set(answers[0].values())


def test_whether_there_are_profiles_is_told_of_each_campaign_by_its_sandbox(work: UnitOfWork) -> None:
    here, there = a_campaign(work), a_campaign(work, sandbox="staging")
    work.profiles.add(samples.profile(JANE, sandbox="staging"))
    assert work.campaigns.lock([here.key, there.key]) == {
        here.key: LockedCampaign(1, has_profiles=False),
        there.key: LockedCampaign(1, has_profiles=True),
    }


# Many profiles at once.


def test_profiles_with_several_identities_are_added_at_once(store: Store) -> None:
    new = [
        samples.profile(samples.identity("crm", str(number), f"Written {number}"), samples.identity("x", str(number)))
        for number in range(120)
    ]
    with committing(store) as work:
        work.profiles.add_all(new)
    with store.snapshot() as work:
        assert [replace(profile, key=0) for profile in work.profiles.page(HERE, None, 1_000)] == new


def test_the_profiles_of_identities_are_found_each_once(work: UnitOfWork) -> None:
    jane = work.profiles.add(samples.profile(JANE, JANES_PHONE))
    joe = work.profiles.add(samples.profile(JOE))
    work.profiles.add(samples.profile(JANE, sandbox="staging"))
    strangers = [IdentityKey("crm", str(number)) for number in range(100)]
    found = work.profiles.by_identities("default", [JANE.key, *strangers, JANES_PHONE.key, JOE.key])
    assert sorted(found, key=lambda profile: profile.key) == [jane, joe]
    assert work.profiles.by_identities("default", strangers) == []
    assert work.profiles.by_identities("default", []) == []


def test_profiles_are_extended_at_once(store: Store) -> None:
    with committing(store) as work:
        jane = work.profiles.add(samples.profile(JANE))
        joe = work.profiles.add(samples.profile(JOE))
    changed = [
        (jane, jane.changed({"identities": (JANE, JANES_PHONE), "attributes": {"a": 1}}, samples.NOW + 5)),
        (joe, joe.changed({"locale": "fr", "time_zone": "UTC"}, samples.NOW + 5)),
    ]
    with committing(store) as work:
        work.profiles.extend_all(changed)
        work.profiles.extend_all([])
    with store.snapshot() as work:
        assert work.profiles.page(HERE, None, 10) == [after for _, after in changed]


def test_taken_identities_and_changed_profiles_are_conflicts(store: Store) -> None:
    with committing(store) as work:
        jane = work.profiles.add(samples.profile(JANE))
        joe = work.profiles.add(samples.profile(JOE))
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.add_all([samples.profile(JANES_PHONE), samples.profile(JOE)])
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.extend_all([(joe, joe.changed({"identities": (JOE, JANE)}, samples.NOW))])
    stale = replace(joe, revision=2)
    changes = [(each, each.changed({}, samples.NOW)) for each in (jane, stale)]
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.extend_all(changes)
    with store.snapshot() as work:
        assert work.profiles.page(HERE, None, 10) == [jane, joe]


# Merges.


def test_an_absorbed_profile_leaves_its_identities_its_history_and_its_name(store: Store) -> None:
    with committing(store) as work:
        jane = work.profiles.add(samples.profile(JANE))
        joe = work.profiles.add(samples.profile(JOE, JANES_PHONE))
        work.consents.add_changes([(joe.key, DENIAL)])
    merged = jane.changed({"identities": (JANE, JOE, JANES_PHONE)}, samples.NOW + 5)
    with committing(store) as work:
        work.profiles.absorb(merged, joe)
    with store.snapshot() as work:
        assert work.profiles.page(HERE, None, 10) == [merged]
        assert work.profiles.get(HERE, joe.id) == work.profiles.by_identity(HERE, JOE.key) == merged
        assert work.profiles.get(THERE, joe.id) is None
        assert len(work.consents.history(jane.key, None, 10)) == 1
        assert work.consents.history(joe.key, None, 10) == []


def test_names_lead_to_the_profile_that_is_left_after_all_merges(work: UnitOfWork) -> None:
    first, second, third = [work.profiles.add(samples.profile(samples.identity("crm", str(n)))) for n in range(3)]
    second_after = second.changed({"identities": (*second.identities, *first.identities)}, samples.NOW)
    work.profiles.absorb(second_after, first)
    third_after = third.changed({"identities": (*third.identities, *second_after.identities)}, samples.NOW)
    work.profiles.absorb(third_after, second_after)
    assert work.profiles.get(HERE, first.id) == work.profiles.get(HERE, second.id) == third_after
    work.profiles.delete(third_after)
    assert work.profiles.get(HERE, first.id) is None


@pytest.mark.parametrize("stale", ["survivor", "absorbed"])
def test_absorbing_from_another_revision_is_stale(store: Store, stale: str) -> None:
    with committing(store) as work:
        jane, joe = work.profiles.add(samples.profile(JANE)), work.profiles.add(samples.profile(JOE))
        changed = jane if stale == "survivor" else joe
        work.profiles.save(changed.changed({"locale": "fr"}, samples.NOW))
    merged = jane.changed({"identities": (JANE, JOE)}, samples.NOW)
    with store.begin() as work, pytest.raises(WriteConflict):
        work.profiles.absorb(merged, joe)
    with store.snapshot() as work:
        assert len(work.profiles.page(HERE, None, 10)) == 2


def test_identities_that_profiles_have_lost_are_kept_until_the_survivor_is_deleted(work: UnitOfWork) -> None:
    survivor, absorbed = (work.profiles.add(samples.profile(each)) for each in (JANE, JOE))
    work.profiles.add_former(survivor, [JANES_PHONE.key])
    work.profiles.add_former(absorbed, [JANES_PHONE.key, IdentityKey("crm", "1")])
    merged = replace(survivor, revision=2, seen_before=samples.NOW - 1)
    work.profiles.absorb(merged, absorbed)
    assert work.profiles.former_identities(merged) == {JANES_PHONE.key, IdentityKey("crm", "1")}
    assert work.profiles.former_identities(absorbed) == set()
    work.profiles.delete(merged)
    assert work.profiles.former_identities(merged) == set()
