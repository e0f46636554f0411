"""Makes the keys by which people are found anew, after what makes them has changed.

A step looks at some hundred keys in one transaction, which also stores how far the pass has come: a crash loses nothing
but the step under way, and a running service never waits for longer than a step. No step merges anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from clarion_server.application.identity_reader import IdentityReader, namespaces_by_sandbox
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.suppressions.entries import expire, in_force_among
from clarion_server.application.transactions import Transactions
from clarion_server.domain.people.identity import (
    NO_NAMESPACES,
    Identity,
    IdentityKey,
    Namespaces,
    Normalisation,
    namespace_of,
)
from clarion_server.domain.people.key_renewal import FoundKey, FoundKind, KeyTable, Renewal, StoredKey
from clarion_server.domain.people.normalisers import NormaliserVersions
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.suppressions.suppression import Suppression, target_key
from clarion_server.domain.value import value

#: A step looks at so many keys.
STEP = 500

log: structlog.stdlib.BoundLogger = structlog.get_logger()


async def record_normalisers(transactions: Transactions, versions: NormaliserVersions, clock: Clock) -> None:
    """Records what makes the keys of a new store. Says in the log which keys of another store are made by something
    else than this process has.
    """
    stored = await transactions.read(lambda unit: unit.key_renewal.versions())
    missing = {str(name): version for name, version in versions.items() if str(name) not in stored}
    if missing:
        await transactions.write(lambda unit: unit.key_renewal.add_versions(missing, clock.now()))
    for name in _outdated(versions, stored):
        log.warning(
            "identity_keys_outdated",
            normaliser=str(name),
            stored=stored[str(name)],
            running=versions[name],
            remedy="Run `clarion renew-keys` once all processes of the service have this version.",
        )


def _outdated(versions: NormaliserVersions, stored: Mapping[str, str]) -> list[Normalisation]:
    """Returns the normalisers by another version of which the stored keys were made."""
    return [name for name, version in versions.items() if stored.get(str(name), version) != version]


@value
class RenewalStep:
    renewal: Renewal
    """Is the progress after the step."""
    found: Sequence[FoundKey] = ()


@dataclass(slots=True)
class _Page:
    """Counts what became of the keys of a page."""

    changed: int = 0
    found: list[FoundKey] = field(default_factory=list)

    def count(self, kind: FoundKind) -> int:
        return sum(each.kind is kind for each in self.found)


class RenewKeys:
    def __init__(
        self,
        transactions: Transactions,
        identities: IdentityReader,
        versions: NormaliserVersions,
        clock: Clock,
        step: int = STEP,
    ) -> None:
        """`identities` reads them by `versions`."""
        self._transactions = transactions
        self._identities = identities
        self._versions = versions
        self._clock = clock
        self._step = step

    async def run(self, report: Callable[[Sequence[FoundKey]], None]) -> Renewal | None:
        """Goes over all keys whose normaliser has another version than they were made by, and returns the end of the
        pass; None if there are none. `report` gets what is found, step by step.

        The versions are recorded when a pass has met no collision.
        """
        while (step := await self.advance()) is not None:
            report(step.found)
            if step.renewal.is_over:
                return step.renewal
        return None

    async def advance(self) -> RenewalStep | None:
        """Does one step of the pass, and begins it if there is none. Returns None if no key is outdated."""
        rest = self._transactions.usual_rest
        return await self._transactions.write(self._advance, bulk=True, rest=rest)

    def _advance(self, unit: UnitOfWork) -> RenewalStep | None:
        outdated = _outdated(self._versions, unit.key_renewal.versions())
        if not outdated:
            return None
        aimed = {str(name): self._versions[name] for name in outdated}
        begun = unit.key_renewal.renewal()
        # A pass of other versions has left keys behind that this one has to look at.
        renewal = begun if begun is not None and begun.versions == aimed else Renewal(aimed)
        assert renewal.table is not None, "a pass that is over is forgotten"
        keys = unit.key_renewal.page(renewal.table, renewal.place, self._step)
        page = _Pass(unit, self._identities, outdated, self._clock).renew(renewal.table, keys)
        after = renewal.advanced(
            keys[-1].place if len(keys) == self._step else None,
            seen=len(keys),
            changed=page.changed,
            collisions=page.count(FoundKind.COLLISION),
            unreadable=page.count(FoundKind.UNREADABLE),
        )
        if not after.is_over:
            unit.key_renewal.save(after)
            return RenewalStep(after, page.found)
        unit.key_renewal.end()
        if not after.collisions:
            unit.key_renewal.set_versions(aimed, self._clock.now())
        return RenewalStep(after, page.found)


class _Pass:
    """Renews keys in one transaction."""

    def __init__(
        self, unit: UnitOfWork, identities: IdentityReader, outdated: Collection[Normalisation], clock: Clock
    ) -> None:
        self._unit = unit
        self._identities = identities
        self._outdated = outdated
        self._clock = clock

    def renew(self, table: KeyTable, keys: Sequence[StoredKey]) -> _Page:
        match table:
            case KeyTable.IDENTITIES:
                return self._renew_profiles(keys)
            case KeyTable.SUPPRESSIONS:
                return self._renew_suppressions(keys)
            case _:
                return self._renew_others(table, keys)

    def _renew_others(self, table: KeyTable, keys: Sequence[StoredKey]) -> _Page:
        # What cannot be read any more stays as it is: nobody can be named by it, and only profiles tell of it.
        renewed = self._new_keys(keys)
        changes = [(stored, new) for stored, new in renewed if new is not None and new != stored.normal_value]
        self._unit.key_renewal.replace(table, changes)
        return _Page(len(changes))

    def _new_keys(self, keys: Sequence[StoredKey]) -> Iterator[tuple[StoredKey, str | None]]:
        """Yields the keys whose normaliser is outdated, each with its new value: None if it is no identity any more."""
        named = namespaces_by_sandbox(self._unit, ((each.sandbox, f"{each.namespace}:") for each in keys))
        for stored in keys:
            namespace = namespace_of(stored.namespace, named.get(stored.sandbox, NO_NAMESPACES))
            if namespace.normalisation in self._outdated:
                yield stored, self._identities.normal_value(namespace, stored.value)

    def _renew_profiles(self, keys: Sequence[StoredKey]) -> _Page:
        page = _Page()
        # A profile is renewed as a whole, as its repository writes all identities of one.
        of_profiles: dict[tuple[str, int], list[StoredKey]] = {}
        for stored, new in self._new_keys(keys):
            if new != stored.normal_value:
                of_profiles.setdefault((stored.sandbox, stored.owner), []).append(stored)
        for (sandbox, _), changing in sorted(of_profiles.items()):
            for profile in self._unit.profiles.by_identities(sandbox, [changing[0].key]):
                self._renew_profile(profile, {each.key for each in changing}, page)
        return page

    def _renew_profile(self, profile: Profile, changing: Collection[IdentityKey], page: _Page) -> None:
        named = namespaces_by_sandbox(self._unit, ((profile.sandbox, str(each)) for each in profile.identities))
        namespaces = named.get(profile.sandbox, NO_NAMESPACES)
        wanted = {each.key: self._new_key(each, namespaces) for each in profile.identities if each.key in changing}
        owners = self._unit.profiles.owners(profile.sandbox, [new for new in wanted.values() if new is not None])
        kept: dict[IdentityKey, Identity] = {}
        for identity in profile.identities:
            new = wanted.get(identity.key, identity.key)
            owner = None if new is None else owners.get(new)
            if new is None:
                page.found.append(_found(FoundKind.UNREADABLE, profile, identity))
            elif owner is not None and owner.key != profile.key:
                page.found.append(_found(FoundKind.COLLISION, profile, identity, owner.name))
            else:
                # Two of one person that are the same now become one: the first.
                kept.setdefault(new, Identity(new, identity.value))
                page.changed += new != identity.key
                continue
            kept.setdefault(identity.key, identity)
        identities = tuple(kept.values())
        if identities != profile.identities:
            self._unit.profiles.save(profile.changed({"identities": identities}, self._clock.now()))

    def _new_key(self, identity: Identity, namespaces: Namespaces) -> IdentityKey | None:
        name = identity.key.namespace
        new = self._identities.normal_value(namespace_of(name, namespaces), identity.value)
        return None if new is None else IdentityKey(name, new)

    def _renew_suppressions(self, keys: Sequence[StoredKey]) -> _Page:
        is_outdated = Normalisation.EMAIL in self._outdated
        changing = [each for each in keys if is_outdated and target_key(each.value) != each.normal_value]
        for stored in changing:
            for old in self._at(stored, stored.normal_value):
                self._renew_suppression(old)
        return _Page(len(changing))

    def _at(self, stored: StoredKey, key: str) -> list[Suppression]:
        """Returns the suppression that has the key, and else what the stored one has; none or one."""
        _, sandbox, channel, reason = stored.place
        return [
            each
            for each in self._unit.suppressions.covering([key])
            if (each.sandbox, each.channel, each.reason) == (sandbox, channel, reason)
        ]

    def _renew_suppression(self, old: Suppression) -> None:
        now = self._clock.now()
        # One that has expired must not widen one that holds, nor be prolonged by it.
        same = in_force_among(self._unit, [old], now).get(old.key)
        if not old.is_in_force(now):
            expire(self._unit, old, now)
            return
        self._unit.suppressions.delete(old)
        if same is None:
            self._unit.suppressions.add_all([old])
        else:
            # One address has one suppression for one reason, as when it is suppressed twice.
            self._unit.suppressions.save(same.widened(old))


def _found(kind: FoundKind, profile: Profile, identity: Identity, owner: str = "") -> FoundKey:
    return FoundKey(kind, profile.sandbox, str(identity), profile.name, owner)
