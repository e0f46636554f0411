"""Identifies callers by the secrets of their keys."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from collections import OrderedDict
from dataclasses import dataclass

from clarion_server.application.access.api_keys import hash_of
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import ApiKey, Caller, Visibility
from clarion_server.domain.errors import Unauthenticated
from clarion_server.domain.instant import SECOND, Instant

#: A checked secret is trusted for this long without another look: a revocation by another process takes effect within
#: it.
TRUST = 5 * SECOND
#: At most this many secrets are trusted at a time.
MAX_TRUSTED = 1_024

_SECRET = re.compile("clk_([0-9a-f]{32})_[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class _Trusted:
    caller: Caller
    secret_hash: bytes
    """Is the hash by which the key is stored."""
    check_time: Instant


class KeyAuthenticator:
    """Finds the caller that a key identifies. An instance belongs to one event loop."""

    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock
        # By hashes of secrets: secrets themselves are not kept.
        self._trusted: OrderedDict[bytes, _Trusted] = OrderedDict()
        self._checks: dict[bytes, asyncio.Task[Caller]] = {}

    def known(self, secret: str) -> Caller | None:
        """Returns the caller, if the secret was checked a moment ago. Never waits."""
        trusted = self._trusted.get(_quick_hash_of(secret))
        # A clock that was set back must not prolong anybody's trust.
        if trusted is not None and 0 <= self._clock.now() - trusted.check_time < TRUST:
            return trusted.caller
        return None

    def trusted_for(self, secret: str) -> float:
        """Returns for how many seconds the secret is still trusted without another look; 0 when it is not."""
        trusted = self._trusted.get(_quick_hash_of(secret))
        age = 0 if trusted is None else self._clock.now() - trusted.check_time
        return 0.0 if trusted is None or not 0 <= age < TRUST else (TRUST - age) / SECOND

    async def authenticate(self, secret: str) -> Caller:
        """Raises Unauthenticated."""
        found = _SECRET.fullmatch(secret)
        if found is None:
            raise Unauthenticated("The key is not of the form 'clk_…'.")
        secret_hash = hash_of(secret)
        # Calls that arrive together with one secret share one look into the store, which no single one can cancel.
        check = self._checks.get(secret_hash)
        if check is None:
            check = asyncio.create_task(self._check(found[1], secret, secret_hash))
            self._checks[secret_hash] = check
            check.add_done_callback(lambda done: self._finish(secret_hash, done))
        return await asyncio.shield(check)

    def invalidate(self, key: ApiKey) -> None:
        """Makes the next call with the key read it again, because it was revoked."""
        for quick_hash in [each for each, trusted in self._trusted.items() if trusted.secret_hash == key.secret_hash]:
            del self._trusted[quick_hash]
        # A check under way may have read the key before it was revoked: what it finds is not kept.
        self._checks.pop(key.secret_hash, None)

    async def _check(self, key_id: str, secret: str, secret_hash: bytes) -> Caller:
        now = self._clock.now()

        def look(unit: UnitOfWork) -> ApiKey | None:
            return unit.keys.get(key_id)

        key = await self._transactions.read(look)
        if key is None or key.revoke_time is not None or not hmac.compare_digest(key.secret_hash, secret_hash):
            raise Unauthenticated("The key is unknown or revoked.")
        caller = Caller(key.name, Visibility(key.sandbox, key.access_labels), key.scopes)
        if self._checks.get(secret_hash) is asyncio.current_task():
            self._trust(_quick_hash_of(secret), _Trusted(caller, secret_hash, now))
        return caller

    def _trust(self, quick_hash: bytes, trusted: _Trusted) -> None:
        self._trusted[quick_hash] = trusted
        self._trusted.move_to_end(quick_hash)
        if len(self._trusted) > MAX_TRUSTED:
            self._trusted.popitem(last=False)

    def _finish(self, secret_hash: bytes, check: asyncio.Task[Caller]) -> None:
        if self._checks.get(secret_hash) is check:
            del self._checks[secret_hash]
        if not check.cancelled():
            # Read, so that a failure that every caller stopped waiting for is not reported as forgotten.
            check.exception()


def _quick_hash_of(secret: str) -> bytes:
    """Returns the hash by which this process alone knows a secret that it trusts.

    BLAKE2 is as strong as the stored hash. It takes a third of the time, as OpenSSL looks its algorithms up each time.
    """
    return hashlib.blake2b(secret.encode("utf-8", "replace"), digest_size=32).digest()
