"""Keys that were made by another version of a normaliser are made anew, in steps, and nobody is merged."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace

import pytest
from clarion_server.adapters.phone_numbers import read_phone_number
from clarion_server.adapters.storage.schema import suppressions
from clarion_server.adapters.storage.unit_of_work import SqlUnitOfWork
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.maintenance.key_renewal import RenewKeys, record_normalisers
from clarion_server.application.ports.store import Store, UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey, Normalisation, ReadPhoneNumber
from clarion_server.domain.people.key_renewal import FoundKey, FoundKind, KeyTable, Place, Renewal, StoredKey
from clarion_server.domain.people.normalisers import NormaliserVersions
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.suppressions.suppression import SuppressionScope
from sqlalchemy import update
from structlog.testing import capture_logs

from tests.contract.store import samples
from tests.contract.store.given import committing
from tests.contract.store.samples import NOW
from tests.contract.store.test_audience_runs import accepting, of_list, of_profile

BEFORE = {Normalisation.LOWER: "1", Normalisation.EMAIL: "1", Normalisation.PHONE: "1"}
AFTER = {**BEFORE, Normalisation.PHONE: "2"}
#: An earlier version has kept the 1 of old Mexican numbers.
OLD, NEW = "+5215562000000", "+525562000000"
MEXICAN = Identity(IdentityKey("phone", OLD), OLD)
HERE = samples.VISIBILITY


class StandingClock:
    def now(self) -> Instant:
        return NOW + 9


@pytest.fixture
async def transactions(store: Store) -> AsyncIterator[Transactions]:
    with closing(Transactions(store)) as made:
        await record_normalisers(made, BEFORE, StandingClock())
        yield made


def renewing(
    transactions: Transactions,
    versions: NormaliserVersions = AFTER,
    step: int = 2,
    read_phone: ReadPhoneNumber = read_phone_number,
) -> RenewKeys:
    return RenewKeys(transactions, IdentityReader(read_phone), versions, StandingClock(), step)


async def renew(transactions: Transactions, versions: NormaliserVersions = AFTER) -> tuple[Renewal, list[FoundKey]]:
    found: list[FoundKey] = []
    renewal = await renewing(transactions, versions).run(found.extend)
    assert renewal is not None
    return renewal, found


def phone(number: str) -> Identity:
    return Identity(IdentityKey("phone", number), number)


def old_number(last: int) -> Identity:
    """Returns an old Mexican number as an earlier version has stored it."""
    return phone(f"+521556200{last:04d}")


def add(store: Store, *identities: Identity) -> Profile:
    with committing(store) as work:
        return work.profiles.add(samples.profile(*identities))


def owner(store: Store, normal_value: str, namespace: str = "phone") -> str | None:
    with store.snapshot() as work:
        found = work.profiles.by_identity(HERE, IdentityKey(namespace, normal_value))
        return None if found is None else found.id


def versions(store: Store) -> dict[str, str]:
    with store.snapshot() as work:
        return work.key_renewal.versions()


async def test_a_new_store_has_the_versions_of_its_first_start(store: Store, transactions: Transactions) -> None:
    assert versions(store) == BEFORE
    with capture_logs() as logs:
        await record_normalisers(transactions, BEFORE, StandingClock())
    assert logs == []


async def test_a_start_by_another_version_says_so_and_records_nothing(store: Store, transactions: Transactions) -> None:
    with capture_logs() as logs:
        await record_normalisers(transactions, AFTER, StandingClock())
    assert [(log["event"], log["normaliser"], log["stored"], log["running"]) for log in logs] == [
        ("identity_keys_outdated", "PHONE", "1", "2")
    ]
    assert versions(store) == BEFORE


async def test_without_another_version_nothing_is_done(store: Store, transactions: Transactions) -> None:
    add(store, MEXICAN)
    assert await renewing(transactions, BEFORE).advance() is None
    assert owner(store, OLD) is not None


async def test_people_are_found_by_their_new_keys_and_keep_what_was_written(
    store: Store, transactions: Transactions
) -> None:
    other = Identity(IdentityKey("email", "jane@example.com"), "Jane@Example.com")
    jane, joe = add(store, other, MEXICAN), add(store, phone("+447911123456"))
    renewal, found = await renew(transactions)
    assert (renewal.changed, found) == (1, [])
    assert (owner(store, NEW), owner(store, OLD), owner(store, "+447911123456")) == (jane.id, None, joe.id)
    with store.snapshot() as work:
        stored = work.profiles.get(HERE, jane.id)
    assert stored == replace(
        jane, identities=(other, Identity(IdentityKey("phone", NEW), OLD)), update_time=NOW + 9, revision=2
    )
    assert versions(store) == AFTER
    with store.begin() as work:
        assert work.key_renewal.renewal() is None


async def test_namespaces_of_a_sandbox_are_read_by_their_own_rules(store: Store, transactions: Transactions) -> None:
    with committing(store) as work:
        work.identity_namespaces.add(samples.namespace("desk", normalisation=Normalisation.PHONE, default_region="GB"))
    exact = Identity(IdentityKey("crm", OLD), OLD)
    jane = add(store, Identity(IdentityKey("desk", "07911123456"), "07911123456"), exact)
    assert (await renew(transactions))[0].changed == 1
    assert owner(store, "+447911123456", "desk") == owner(store, OLD, "crm") == jane.id


async def test_two_people_of_one_new_key_are_told_and_neither_is_changed(
    store: Store, transactions: Transactions
) -> None:
    jane, joe = add(store, MEXICAN), add(store, phone(NEW))
    renewal, found = await renew(transactions)
    collision = FoundKey(FoundKind.COLLISION, samples.SANDBOX, f"phone:{OLD}", jane.name, joe.name)
    assert (found, renewal.collisions, renewal.changed) == ([collision], 1, 0)
    assert (owner(store, OLD), owner(store, NEW)) == (jane.id, joe.id)
    # The keys are not those of this version yet, so each start says so, and the next pass tells it again.
    assert versions(store) == BEFORE
    assert (await renew(transactions))[1] == [collision]


async def test_once_they_are_merged_the_identity_is_one_and_the_versions_are_recorded(
    store: Store, transactions: Transactions
) -> None:
    add(store, MEXICAN)
    await renew(transactions)
    joe = add(store, old_number(1), phone("+525562000001"))
    assert (await renew(transactions, {**AFTER, Normalisation.PHONE: "3"}))[1] == []
    with store.snapshot() as work:
        stored = work.profiles.get(HERE, joe.id)
    assert stored is not None
    assert stored.identities == (Identity(IdentityKey("phone", "+525562000001"), "+5215562000001"),)
    assert versions(store)["PHONE"] == "3"


async def test_what_is_no_identity_any_more_keeps_its_key_and_holds_nothing_up(
    store: Store, transactions: Transactions
) -> None:
    jane = add(store, phone("112"))
    renewal, found = await renew(transactions)
    assert found == [FoundKey(FoundKind.UNREADABLE, samples.SANDBOX, "phone:112", jane.name)]
    assert (renewal.unreadable, owner(store, "112"), versions(store)) == (1, jane.id, AFTER)


async def test_a_pass_that_was_interrupted_goes_on_where_it_was(store: Store, transactions: Transactions) -> None:
    people = [add(store, old_number(number)) for number in range(7)]
    first = renewing(transactions)
    await first.advance()
    await first.advance()
    # Another process goes on: the first one is gone.
    read: list[str] = []

    def reading(text: str, region: str) -> str | None:
        read.append(text)
        return read_phone_number(text, region)

    renewal = await renewing(transactions, read_phone=reading).run(lambda _: None)
    assert renewal is not None
    assert renewal.changed == 7
    assert read[:2] == [old_number(4).value, old_number(5).value]
    assert [owner(store, f"+52556200{number:04d}") for number in range(7)] == [each.id for each in people]


async def test_a_crash_within_a_step_leaves_nothing_of_it(store: Store, transactions: Transactions) -> None:
    people = [add(store, old_number(number)) for number in range(4)]

    def crashing(text: str, region: str) -> str | None:
        if text == old_number(3).value:
            raise RuntimeError
        return read_phone_number(text, region)

    with pytest.raises(RuntimeError):
        await renewing(transactions, step=2, read_phone=crashing).run(lambda _: None)
    assert (owner(store, "+525562000001"), owner(store, "+525562000002")) == (people[1].id, None)
    assert owner(store, old_number(2).value) == people[2].id
    assert (await renew(transactions))[0].changed == 4
    assert owner(store, "+525562000002") == people[2].id


async def test_a_pass_of_yet_another_version_begins_anew(store: Store, transactions: Transactions) -> None:
    add(store, old_number(0))
    for number in range(1, 4):
        add(store, old_number(number))
    await renewing(transactions, read_phone=lambda text, _region: text).advance()
    renewal, _ = await renew(transactions, {**AFTER, Normalisation.PHONE: "3"})
    assert renewal.changed == 4


async def test_whoever_gets_the_new_key_meanwhile_keeps_it(store: Store, transactions: Transactions) -> None:
    jane, renewal = add(store, MEXICAN), renewing(transactions)
    joe = add(store, phone(NEW))
    found: list[FoundKey] = []
    await renewal.run(found.extend)
    assert [(each.profile, each.owner) for each in found] == [(jane.name, joe.name)]
    assert (owner(store, OLD), owner(store, NEW)) == (jane.id, joe.id)


async def test_lists_runs_and_former_identities_get_new_keys(store: Store, transactions: Transactions) -> None:
    with committing(store) as work:
        jane = work.profiles.add(samples.profile(phone("+447911123456")))
        work.profiles.add_former(jane, [MEXICAN.key])
        audience = work.audiences.add(samples.audience("vip", None))
        (listed,) = work.audiences.lists_of(audience).values()
        work.audiences.add_members(listed, [MEXICAN, phone(NEW), phone("+447911123456")], NOW)
        other = work.audiences.add(samples.audience("family", None))
        (of_other,) = work.audiences.lists_of(other).values()
        work.audiences.add_members(of_other, [MEXICAN, phone("+447911123456")], NOW)
    assert (await renew(transactions))[0].changed == 3
    with store.snapshot() as work:
        assert work.profiles.former_identities(jane) == {IdentityKey("phone", NEW)}
        (after,) = work.audiences.lists_of(audience).values()
        (of_other,) = work.audiences.lists_of(other).values()
        members = [work.audiences.members(each.key, IdentityKey("", ""), 9) for each in (after, of_other)]
    assert (after.identity_count, of_other.identity_count) == (2, 2)
    assert [[each.key.value for each in of_list] for of_list in members] == [["+447911123456", NEW]] * 2


def suppressed_by(work: UnitOfWork, key: str, **fields: object) -> str:
    """Stores a suppression of Jané, whose key an earlier version has made. Returns its id."""
    made = samples.suppression("jané@example.com", **fields)
    work.suppressions.add_all([made])
    assert isinstance(work, SqlUnitOfWork)
    of_made = (suppressions.c.id == made.id, suppressions.c.sandbox == made.sandbox)
    work.connection.execute(update(suppressions).where(*of_made).values(target_key=key))
    return made.id


EMAIL_RENEWED = {**BEFORE, Normalisation.EMAIL: "2"}


async def test_suppressions_get_new_keys(store: Store, transactions: Transactions) -> None:
    with committing(store) as work:
        made = suppressed_by(work, "jane'@example.com")
    assert (await renew(transactions, EMAIL_RENEWED))[0].changed == 1
    with store.snapshot() as work:
        assert [each.id for each in work.suppressions.covering(["jané@example.com"])] == [made]
        assert work.suppressions.covering(["jane'@example.com"]) == []


async def test_two_suppressions_of_what_is_one_address_become_the_wider_one(
    store: Store, transactions: Transactions
) -> None:
    with committing(store) as work:
        suppressed_by(work, "jane'@example.com", scope=SuppressionScope.ALL, expire_time=None)
        narrow = samples.suppression("jané@example.com", scope=SuppressionScope.MARKETING, expire_time=NOW + 99)
        work.suppressions.add_all([narrow])
    await renew(transactions, EMAIL_RENEWED)
    with store.snapshot() as work:
        (left,) = work.suppressions.covering(["jané@example.com"])
    assert left == replace(narrow, scope=SuppressionScope.ALL, expire_time=None)


@pytest.mark.parametrize("expired_is_old", [True, False])
async def test_a_suppression_that_has_expired_does_not_widen_one_of_the_same_address(
    store: Store, transactions: Transactions, *, expired_is_old: bool
) -> None:
    expired = {"scope": SuppressionScope.ALL, "expire_time": NOW + 9}
    holding = {"scope": SuppressionScope.MARKETING, "expire_time": NOW + 99}
    with committing(store) as work:
        suppressed_by(work, "jane'@example.com", **(expired if expired_is_old else holding))
        work.suppressions.add_all([samples.suppression("jané@example.com", **(holding if expired_is_old else expired))])
    await renew(transactions, EMAIL_RENEWED)
    with store.snapshot() as work:
        (left,) = work.suppressions.covering(["jané@example.com"])
        assert work.suppressions.covering(["jane'@example.com"]) == []
    assert (left.scope, left.expire_time) == (SuppressionScope.MARKETING, NOW + 99)


async def test_the_members_of_a_run_get_new_keys(store: Store, transactions: Transactions) -> None:
    with committing(store) as work:
        profile = work.profiles.add(samples.profile(phone("+447911123456")))
        listed = [phone(f"+44791112345{last}") for last in range(3)]
        run = accepting(work, of_profile(profile), of_list(MEXICAN), of_list(listed[0]))
        other = accepting(work, *map(of_list, listed))
    assert (await renew(transactions))[0].changed == 1
    with store.snapshot() as work:
        first, second, third = work.audience_runs.members(run, "phone", 9)
        assert [each.identity for each in work.audience_runs.members(other, "phone", 9)] == listed
    assert first.identity == phone("+447911123456")
    assert second.identity == Identity(IdentityKey("phone", NEW), OLD)
    assert third.identity == listed[0]


@pytest.mark.parametrize("table", list(KeyTable))
def test_each_table_is_read_page_by_page(work: UnitOfWork, table: KeyTable) -> None:
    audience = work.audiences.add(samples.audience("vip", None))
    (listed,) = work.audiences.lists_of(audience).values()
    identities = [old_number(number) for number in range(5)]
    for identity in identities:
        profile = work.profiles.add(samples.profile(identity))
        work.profiles.add_former(profile, [identity.key])
    work.audiences.add_members(listed, identities, NOW)
    accepting(work, *map(of_list, identities))
    work.suppressions.add_all([samples.suppression(f"{each.value}@example.com") for each in identities])
    after: Place = ()
    read: list[StoredKey] = []
    while page := work.key_renewal.page(table, after, 2):
        read += page
        after = page[-1].place
    assert len(read) == 5
    expected = {"SUPPRESSIONS": [f"{each.value}@example.com" for each in identities]}
    assert sorted(each.value for each in read) == expected.get(table, [each.value for each in identities])
    assert {each.sandbox for each in read} == {samples.SANDBOX}
