"""From secrets to callers."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from clarion_server.application.access.api_keys import CreateApiKey, ManageApiKeys, NewKey, hash_of
from clarion_server.application.access.authentication import MAX_TRUSTED, TRUST, KeyAuthenticator
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import ApiKey, Caller, Scope, Visibility
from clarion_server.domain.errors import Unauthenticated

from tests.memory_store import MemoryStore
from tests.unit.application.world import CountingIds, World

ROOT = Caller("apiKeys/root", Visibility("default"), frozenset({Scope.ADMIN}))


class WatchedStore(MemoryStore):
    """Counts its snapshots, and can keep one from ending."""

    def __init__(self) -> None:
        super().__init__()
        self.snapshots = 0
        self.read = threading.Event()
        """Set when a snapshot was read."""
        self.may_end = threading.Event()
        self.may_end.set()

    @contextmanager
    def snapshot(self) -> Iterator[UnitOfWork]:
        self.snapshots += 1
        with super().snapshot() as unit:
            yield unit
        self.read.set()
        assert self.may_end.wait(60)


class Access:
    def __init__(self) -> None:
        self.store = WatchedStore()
        self.world = World(self.store)
        self.authenticator = KeyAuthenticator(self.world.transactions, self.world.clock)
        ids = CountingIds()
        transactions, clock = self.world.transactions, self.world.clock
        self.here = ManageApiKeys(transactions, clock, ids, self.authenticator.invalidate)
        self.elsewhere = ManageApiKeys(transactions, clock, ids, lambda _key: None)
        """Manages them as another process on the same store does."""

    async def new_key(self) -> NewKey:
        return await self.here.create(CreateApiKey("Shop", (Scope.TRIGGER,)), ROOT)


@pytest.fixture
def access() -> Iterator[Access]:
    made = Access()
    with closing(made.world):
        yield made


async def test_a_secret_tells_its_key_its_sandbox_and_its_scopes(access: Access) -> None:
    new = await access.new_key()
    caller = await access.authenticator.authenticate(new.secret)
    assert caller == Caller(new.key.name, Visibility("default"), frozenset({Scope.TRIGGER}))


async def test_a_secret_is_trusted_for_a_while_once_it_was_checked(access: Access) -> None:
    new = await access.new_key()
    assert access.authenticator.known(new.secret) is None
    caller = await access.authenticator.authenticate(new.secret)
    assert access.authenticator.known(new.secret) == caller
    access.world.clock.advance(TRUST - 1)
    assert access.authenticator.known(new.secret) == caller
    access.world.clock.advance(1)
    assert access.authenticator.known(new.secret) is None


async def test_a_clock_that_is_set_back_prolongs_no_trust(access: Access) -> None:
    new = await access.new_key()
    await access.authenticator.authenticate(new.secret)
    access.world.clock.advance(-1)
    assert access.authenticator.known(new.secret) is None


@pytest.mark.parametrize(
    "secret", ["", "clk_", "clk_1_2", "Bearer clk_1_2", "clk_" + "ä" * 32 + "_" + "x" * 43, "\ud800"]
)
async def test_what_is_no_secret_at_all_is_refused_without_a_look(access: Access, secret: str) -> None:
    assert access.authenticator.known(secret) is None
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(secret)
    assert access.store.snapshots == 0


async def test_another_secret_of_a_known_key_is_refused(access: Access) -> None:
    new = await access.new_key()
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(new.secret[:-1] + "x")


async def test_a_key_that_does_not_exist_is_refused(access: Access) -> None:
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(f"clk_{'0' * 32}_{'x' * 43}")


async def test_a_refusal_is_not_trusted_either(access: Access) -> None:
    secret = f"clk_{'0' * 32}_{'x' * 43}"
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(secret)
    assert access.authenticator.known(secret) is None


async def test_a_revocation_by_this_process_takes_effect_at_once(access: Access) -> None:
    new = await access.new_key()
    await access.authenticator.authenticate(new.secret)
    await access.here.revoke(new.key.id, ROOT)
    assert access.authenticator.known(new.secret) is None
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(new.secret)


async def test_a_revocation_by_another_process_takes_effect_when_trust_ends(access: Access) -> None:
    new = await access.new_key()
    caller = await access.authenticator.authenticate(new.secret)
    await access.elsewhere.revoke(new.key.id, ROOT)
    assert access.authenticator.known(new.secret) == caller
    access.world.clock.advance(TRUST)
    assert access.authenticator.known(new.secret) is None
    with pytest.raises(Unauthenticated):
        await access.authenticator.authenticate(new.secret)


async def test_a_key_that_is_revoked_while_it_is_looked_at_gains_no_trust(access: Access) -> None:
    new = await access.new_key()
    access.store.read.clear()
    access.store.may_end.clear()
    check = asyncio.create_task(access.authenticator.authenticate(new.secret))
    await asyncio.to_thread(access.store.read.wait, 10)
    await access.here.revoke(new.key.id, ROOT)
    access.store.may_end.set()
    assert (await check).name == new.key.name
    assert access.authenticator.known(new.secret) is None


async def test_calls_that_arrive_together_share_one_look(access: Access) -> None:
    new = await access.new_key()
    before = access.store.snapshots
    callers = await asyncio.gather(*(access.authenticator.authenticate(new.secret) for _ in range(50)))
    assert len(set(callers)) == 1
    assert access.store.snapshots == before + 1


async def test_a_caller_that_goes_away_takes_nobody_with_it(access: Access) -> None:
    new = await access.new_key()
    access.store.may_end.clear()
    gone = asyncio.create_task(access.authenticator.authenticate(new.secret))
    stays = asyncio.create_task(access.authenticator.authenticate(new.secret))
    await asyncio.sleep(0)
    gone.cancel()
    access.store.may_end.set()
    assert (await stays).name == new.key.name
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_the_secret_that_was_trusted_longest_makes_room(access: Access) -> None:
    secrets = [f"clk_{number:032x}_{'x' * 43}" for number in range(MAX_TRUSTED + 1)]
    keys = [
        ApiKey(f"{number:032x}", "Shop", "default", frozenset(), hash_of(secret), create_time=0)
        for number, secret in enumerate(secrets)
    ]

    def add(unit: UnitOfWork) -> None:
        for key in keys:
            unit.keys.add(key)

    await access.world.transactions.write(add)
    for secret in secrets:
        await access.authenticator.authenticate(secret)
    assert access.authenticator.known(secrets[0]) is None
    assert access.authenticator.known(secrets[1]) is not None
    assert access.authenticator.known(secrets[-1]) is not None
