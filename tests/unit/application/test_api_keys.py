"""API keys: made once, listed without secrets, taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import closing

import pytest
from clarion_server.application.access.api_keys import CreateApiKey, ManageApiKeys, NewKey, hash_of
from clarion_server.domain.access.access import ApiKey, Caller, Scope, Visibility
from clarion_server.domain.errors import InvalidFields, LastAdminKey, ResourceNotFound, SandboxDenied
from clarion_server.domain.violation import Violation

from tests.unit.application.world import CountingIds, World

ROOT = Caller("apiKeys/root", Visibility("default"), frozenset({Scope.ADMIN}))
STAGING = Caller("apiKeys/staging", Visibility("staging"), frozenset({Scope.ADMIN}))
ADMIN = (Scope.ADMIN,)


class Keys:
    def __init__(self, world: World) -> None:
        self.revoked: list[ApiKey] = []
        self.clock = world.clock
        self.transactions = world.transactions
        self.manage = ManageApiKeys(world.transactions, world.clock, CountingIds(), self.revoked.append)

    async def create(self, scopes: tuple[Scope, ...] = ADMIN, sandbox: str = "", caller: Caller = ROOT) -> NewKey:
        self.clock.advance(1)
        return await self.manage.create(CreateApiKey("Shop", scopes, sandbox), caller)


@pytest.fixture
def keys() -> Iterator[Keys]:
    with closing(World()) as world:
        yield Keys(world)


async def test_a_key_keeps_a_hash_of_its_secret_alone(keys: Keys) -> None:
    new = await keys.create((Scope.TRIGGER, Scope.READ))
    assert new.secret == f"clk_{new.key.id}_{new.secret[-43:]}"
    assert new.key.secret_hash == hash_of(new.secret)
    assert new.secret not in repr(await keys.manage.page(None, 10, ROOT))
    assert (new.key.scopes, new.key.creator) == (frozenset({Scope.TRIGGER, Scope.READ}), ROOT.name)


async def test_everything_wrong_with_a_new_key_is_reported_by_paths_in_the_request(keys: Keys) -> None:
    unread = Violation("scopes[0]", "UNKNOWN_VALUE", "Must be one of AUTHOR, …")
    with pytest.raises(InvalidFields) as refused:
        await keys.manage.create(CreateApiKey("", ADMIN, "Staging", (unread,)), ROOT)
    assert [violation.field for violation in refused.value.violations] == [
        "api_key.scopes[0]",
        "api_key.display_name",
        "api_key.sandbox",
    ]


async def test_an_administrator_grants_labels_that_its_own_key_does_not_hold(keys: Keys) -> None:
    eu = (await keys.manage.create(CreateApiKey("EU", ADMIN, access_labels=("eu",)), ROOT)).key
    both = (await keys.manage.create(CreateApiKey("Both", ADMIN, access_labels=("vip", "eu")), ROOT)).key
    assert (eu.access_labels.names, both.access_labels.names) == (("eu",), ("eu", "vip"))
    assert both.access_labels.includes(eu.access_labels)
    # Whoever keeps the keys must find each of them, whatever it holds.
    assert {key.id for key in await keys.manage.page(None, 10, ROOT)} == {eu.id, both.id}
    await keys.manage.revoke(both.id, ROOT)


async def test_labels_are_those_of_the_sandbox_of_the_key(keys: Keys) -> None:
    await keys.manage.create(CreateApiKey("Here", ADMIN, access_labels=("eu", "vip")), ROOT)
    there = await keys.manage.create(CreateApiKey("There", ADMIN, "staging", access_labels=("vip",)), ROOT)
    assert there.key.access_labels.numbers == (("vip", 0),)


async def test_a_65th_label_of_a_sandbox_is_refused_with_the_names_of_the_others(keys: Keys) -> None:
    names = tuple(f"l{number:02}" for number in range(64))
    await keys.manage.create(CreateApiKey("All", ADMIN, access_labels=names), ROOT)
    with pytest.raises(InvalidFields) as refused:
        await keys.manage.create(CreateApiKey("More", ADMIN, access_labels=("more",)), ROOT)
    (violation,) = refused.value.violations
    assert (violation.field, violation.reason) == ("api_key.access_labels", "TOO_MANY")
    assert "l00, l01" in violation.description
    assert len(await keys.manage.page(None, 10, ROOT)) == 1


async def test_labels_that_are_none_are_refused_by_their_paths(keys: Keys) -> None:
    with pytest.raises(InvalidFields) as refused:
        await keys.manage.create(CreateApiKey("EU", ADMIN, access_labels=("EU", "a", "a")), ROOT)
    assert [(each.field, each.reason) for each in refused.value.violations] == [
        ("api_key.access_labels[0]", "MALFORMED"),
        ("api_key.access_labels[2]", "DUPLICATE"),
    ]


async def test_a_key_is_for_its_creators_sandbox_by_default(keys: Keys) -> None:
    assert (await keys.create()).key.sandbox == "default"
    assert (await keys.create(caller=STAGING)).key.sandbox == "staging"
    assert (await keys.create(sandbox="staging")).key.sandbox == "staging"


async def test_only_the_default_sandbox_makes_keys_for_others(keys: Keys) -> None:
    await keys.create(sandbox="staging", caller=STAGING)
    with pytest.raises(SandboxDenied) as refused:
        await keys.create(sandbox="default", caller=STAGING)
    assert refused.value.sandbox == "default"


async def test_the_default_sandbox_sees_every_key_and_another_its_own(keys: Keys) -> None:
    own = await keys.create(caller=STAGING)
    other = await keys.create()
    assert await keys.manage.page(None, 10, ROOT) == [own.key, other.key]
    assert await keys.manage.page(None, 10, STAGING) == [own.key]


async def test_pages_go_by_age(keys: Keys) -> None:
    made = [(await keys.create()).key for _ in range(3)]
    first = await keys.manage.page(None, 2, ROOT)
    second = await keys.manage.page((first[-1].create_time, first[-1].id), 2, ROOT)
    assert first + second == made


async def test_a_revoked_key_is_marked_and_announced(keys: Keys) -> None:
    new = await keys.create((Scope.TRIGGER,))
    revoked = await keys.manage.revoke(new.key.id, ROOT)
    assert revoked.revoke_time == keys.clock.now()
    assert keys.revoked == [revoked]
    assert await keys.manage.page(None, 10, ROOT) == [revoked]


async def test_revoking_again_changes_nothing(keys: Keys) -> None:
    new = await keys.create((Scope.TRIGGER,))
    revoked = await keys.manage.revoke(new.key.id, ROOT)
    keys.clock.advance(1)
    assert await keys.manage.revoke(new.key.id, ROOT) == revoked


async def test_a_key_of_another_sandbox_is_not_there(keys: Keys) -> None:
    new = await keys.create()
    with pytest.raises(ResourceNotFound) as refused:
        await keys.manage.revoke(new.key.id, STAGING)
    assert refused.value.resource == new.key.name
    staging = await keys.create(caller=STAGING)
    await keys.manage.revoke(staging.key.id, ROOT)


async def test_the_last_administrator_of_the_default_sandbox_stays(keys: Keys) -> None:
    first = await keys.create()
    await keys.create((Scope.READ,))
    await keys.create(sandbox="staging")
    revoked = await keys.create()
    await keys.manage.revoke(revoked.key.id, ROOT)
    with pytest.raises(LastAdminKey) as refused:
        await keys.manage.revoke(first.key.id, ROOT)
    assert refused.value.resource == first.key.name
    await keys.create()
    await keys.manage.revoke(first.key.id, ROOT)


async def test_the_first_start_makes_an_administrator(keys: Keys) -> None:
    secret = await keys.manage.ensure_first_key()
    (key,) = await keys.manage.page(None, 10, ROOT)
    assert secret is not None
    assert key.secret_hash == hash_of(secret)
    assert (key.sandbox, key.scopes, key.creator) == ("default", frozenset(ADMIN), "")


async def test_a_later_start_makes_none(keys: Keys) -> None:
    await keys.create((Scope.READ,), sandbox="staging")
    assert await keys.manage.ensure_first_key() is None


async def test_of_processes_that_start_at_once_one_makes_the_key(keys: Keys) -> None:
    # Each with ids of its own, as processes have them.
    starts = [ManageApiKeys(keys.transactions, keys.clock, CountingIds(), keys.revoked.append) for _ in range(4)]
    secrets = await asyncio.gather(*(start.ensure_first_key() for start in starts))
    assert sum(secret is not None for secret in secrets) == 1
    assert len(await keys.manage.page(None, 10, ROOT)) == 1
