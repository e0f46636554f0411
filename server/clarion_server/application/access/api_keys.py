"""Creates, lists and revokes API keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.ports.access_labels import LabelsExhausted
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import DEFAULT_SANDBOX, ApiKey, Caller, Scope, whole_sandbox
from clarion_server.domain.access.key_rules import key_violations
from clarion_server.domain.access_labels import FIELD as LABELS
from clarion_server.domain.access_labels import MAX_ACCESS_LABELS, AccessLabels
from clarion_server.domain.errors import InvalidFields, LastAdminKey, ResourceNotFound, SandboxDenied
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import API_KEYS
from clarion_server.domain.violation import Violation

#: Is the field of the key in the request that carries one.
_FIELD = "api_key"

_FIRST_KEY = "First administrator"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class CreateApiKey:
    display_name: str
    scopes: tuple[Scope, ...]
    sandbox: str = ""
    """Is the sandbox of the new key; empty for that of its creator."""
    violations: tuple[Violation, ...] = ()
    """Holds what is wrong with fields that could not be read, by paths in the key."""
    access_labels: tuple[str, ...] = ()
    """Holds the names of the labels that the key is to hold. Whoever may create keys may grant any."""


@dataclass(frozen=True, slots=True)
class NewKey:
    key: ApiKey
    secret: str
    """Has the form `clk_<key id>_<43 random characters>`. The store keeps only a hash of it."""


class ManageApiKeys:
    def __init__(self, transactions: Transactions, clock: Clock, ids: Ids, on_revoke: Callable[[ApiKey], None]) -> None:
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._on_revoke = on_revoke

    async def create(self, command: CreateApiKey, caller: Caller) -> NewKey:
        """Creates a key, and the access labels that it is the first to hold. Raises InvalidFields or SandboxDenied."""
        sandbox = command.sandbox or caller.sandbox
        refuse_invalid(
            [violation.under(_FIELD) for violation in command.violations],
            (
                violation.under(_FIELD)
                for violation in key_violations(command.display_name, command.scopes, sandbox, command.access_labels)
            ),
        )
        if sandbox != caller.sandbox and not _sees_all(caller):
            raise SandboxDenied(sandbox)
        new = self._new_key(command.display_name, sandbox, frozenset(command.scopes), caller.name)

        def add(unit: UnitOfWork) -> NewKey:
            labels = _hand_out(unit, sandbox, command.access_labels)
            labelled = replace(new, key=replace(new.key, access_labels=labels))
            unit.keys.add(labelled.key)
            return labelled

        return await self._transactions.write(add)

    async def ensure_first_key(self) -> str | None:
        """Creates an administrator of the sandbox `default` if no key exists yet. Returns its secret, or else None.

        Of several processes that start at once on one store, one creates it: write transactions exclude each other.
        """
        new = self._new_key(_FIRST_KEY, DEFAULT_SANDBOX, frozenset({Scope.ADMIN}), creator="")

        def add(unit: UnitOfWork) -> str | None:
            if unit.keys.page(None, None, 1):
                return None
            unit.keys.add(new.key)
            return new.secret

        return await self._transactions.write(add)

    async def page(self, after: tuple[Instant, str] | None, limit: int, caller: Caller) -> list[ApiKey]:
        """Returns keys, the oldest first, from the one after the creation time and the id `after`."""
        visibility = None if _sees_all(caller) else caller.visibility
        return await self._transactions.read(lambda unit: unit.keys.page(visibility, after, limit))

    async def revoke(self, key_id: str, caller: Caller) -> ApiKey:
        """Revokes a key, unless it is revoked already. Raises ResourceNotFound or LastAdminKey."""

        def revoke(unit: UnitOfWork) -> ApiKey:
            key = unit.keys.get(key_id)
            if key is None or not (_sees_all(caller) or key.sandbox == caller.sandbox):
                raise ResourceNotFound(API_KEYS.format(key_id))
            if key.revoke_time is not None:
                return key
            if _is_last_admin(unit, key):
                raise LastAdminKey(key.name)
            revoked = replace(key, revoke_time=self._clock.now())
            unit.keys.save(revoked)
            return revoked

        revoked = await self._transactions.write(revoke)
        self._on_revoke(revoked)
        return revoked

    def _new_key(self, display_name: str, sandbox: str, scopes: frozenset[Scope], creator: str) -> NewKey:
        key_id = self._ids.new_id()
        secret = f"clk_{key_id}_{self._ids.new_secret()}"
        return NewKey(
            ApiKey(
                id=key_id,
                display_name=display_name,
                sandbox=sandbox,
                scopes=scopes,
                secret_hash=hash_of(secret),
                create_time=self._clock.now(),
                creator=creator,
            ),
            secret,
        )


def _hand_out(unit: UnitOfWork, sandbox: str, names: Sequence[str]) -> AccessLabels:
    """Raises InvalidFields when the sandbox can have no further labels."""
    try:
        return unit.access_labels.hand_out(sandbox, names)
    except LabelsExhausted as error:
        what = f"The sandbox has {MAX_ACCESS_LABELS} already, and hands out no further ones: {', '.join(error.names)}."
        raise InvalidFields((Violation(f"{_FIELD}.{LABELS}", "TOO_MANY", what),)) from error


def hash_of(secret: str) -> bytes:
    # "replace" lets every text have a hash, and none that could be a key's: keys are ASCII.
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _sees_all(caller: Caller) -> bool:
    """Returns whether the caller, an administrator, may manage the keys of every sandbox."""
    return caller.sandbox == DEFAULT_SANDBOX


def _is_last_admin(unit: UnitOfWork, key: ApiKey) -> bool:
    return _is_root(key) and not any(_is_root(other) for other in _keys_of_default(unit) if other.id != key.id)


def _is_root(key: ApiKey) -> bool:
    return key.sandbox == DEFAULT_SANDBOX and Scope.ADMIN in key.scopes and key.revoke_time is None


def _keys_of_default(unit: UnitOfWork) -> Iterator[ApiKey]:
    after = None
    while page := unit.keys.page(whole_sandbox(DEFAULT_SANDBOX), after, _PAGE):
        yield from page
        after = (page[-1].create_time, page[-1].id)
