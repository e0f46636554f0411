"""Creates, reads, checks and deletes suppressions."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.queries import SuppressionQuery
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.exclusions import find_covering
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.addresses.address_hash import NO_ADDRESS_HASHER, AddressHasher
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.errors import ResourceExists, ResourceNotFound
from clarion_server.domain.events.event import EventType, suppression_event
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import SUPPRESSIONS
from clarion_server.domain.suppressions.suppression import (
    Suppression,
    SuppressionIndex,
    SuppressionKey,
    SuppressionReason,
    SuppressionScope,
)
from clarion_server.domain.suppressions.suppression_rules import (
    channel_violations,
    override_violations,
    suppression_violations,
    target_violations,
)
from clarion_server.domain.violation import Violation

#: Is the field of the suppression in the request that carries one.
_FIELD = "suppression"
#: Is the number of suppressions that an export has in memory at a time.
_EXPORT_PAGE = 500


@dataclass(frozen=True, slots=True)
class CreateSuppression:
    target: str
    target_field: str
    """Is `address` or `domain`."""
    channel: Channel = Channel.EMAIL
    reason: SuppressionReason = SuppressionReason.MANUAL
    scope: SuppressionScope = SuppressionScope.ALL
    expire_time: Instant | None = None
    violations: tuple[Violation, ...] = ()
    """Is what could not be read, by paths in the suppression."""


@dataclass(frozen=True, slots=True)
class SuppressionCheck:
    """Is what an address is suppressed by."""

    suppressions: Sequence[Suppression]
    """Holds those in force, the oldest first."""
    excluded_categories: Sequence[Category]


class ManageSuppressions:
    def __init__(
        self, transactions: Transactions, clock: Clock, ids: Ids, hasher: AddressHasher = NO_ADDRESS_HASHER
    ) -> None:
        """`hasher` recognises the addresses of erased people."""
        self._transactions = transactions
        self._clock = clock
        self._ids = ids
        self._hasher = hasher

    async def create(self, command: CreateSuppression, caller: Caller) -> Suppression:
        """Stores a suppression. Raises InvalidFields, and ResourceExists with the name of the one that is there."""
        suppression = new_suppression(command, self._ids.new_id(), self._clock.now(), caller)
        broken = suppression_violations(suppression, command.target_field, suppression.create_time)
        refuse_invalid([each.under(_FIELD) for each in command.violations], (each.under(_FIELD) for each in broken))

        def add(unit: UnitOfWork) -> None:
            now = suppression.create_time
            existing = in_force_among(unit, [suppression], now).get(suppression.key)
            if existing is not None:
                raise ResourceExists(existing.name)
            unit.suppressions.add_all([suppression])
            created = suppression_event(EventType.SUPPRESSION_CREATED, suppression, now, suppression.creator)
            unit.events.add_all([created])

        await self._transactions.write(add)
        return suppression

    async def get(self, suppression_id: str, caller: Caller) -> Suppression:
        """Raises ResourceNotFound."""
        return await self._transactions.read(lambda unit: _find(unit, caller, suppression_id))

    async def page(self, query: SuppressionQuery) -> list[Suppression]:
        return await self._transactions.read(lambda unit: unit.suppressions.page(query))

    async def pages(self, after: str | None, caller: Caller) -> AsyncIterator[Sequence[Suppression]]:
        """Yields pages of all suppressions, newest first, beginning behind the id `after`, until one is empty.

        Each page is read when it is asked for, from the state of that moment: a slow caller holds nothing open.
        """
        while True:
            page = await self.page(SuppressionQuery(caller.visibility, before=after, limit=_EXPORT_PAGE))
            yield page
            if not page:
                return
            after = page[-1].id

    async def delete(self, suppression_id: str, override_reason: str, caller: Caller) -> None:
        """Raises ResourceNotFound, and InvalidFields without a reason for overriding a complaint."""

        def delete(unit: UnitOfWork) -> None:
            suppression = _find(unit, caller, suppression_id)
            refuse_invalid([], override_violations(suppression, override_reason))
            unit.suppressions.delete(suppression)
            now = self._clock.now()
            unit.events.add_all(
                [suppression_event(EventType.SUPPRESSION_DELETED, suppression, now, caller.name, override_reason)]
            )

        await self._transactions.write(delete)

    async def check(self, address: str, channel: Channel, caller: Caller) -> SuppressionCheck:
        """Returns what covers the address now. Raises InvalidFields."""
        refuse_invalid([], [*channel_violations(channel), *target_violations(address, "address")])
        wanted = {caller.sandbox: [address]}
        found = await self._transactions.read(lambda unit: find_covering(unit, wanted, self._hasher))
        covering = SuppressionIndex(found, self._hasher).covering(caller.sandbox, channel, address, self._clock.now())
        excluded = [category for category in Category if any(each.stops(category) for each in covering)]
        return SuppressionCheck(covering, excluded)


def new_suppression(command: CreateSuppression, suppression_id: str, now: Instant, caller: Caller) -> Suppression:
    return Suppression(
        id=suppression_id,
        sandbox=caller.sandbox,
        channel=command.channel,
        target=command.target,
        reason=command.reason,
        scope=command.scope,
        create_time=now,
        creator=caller.name,
        expire_time=command.expire_time,
    )


def in_force_among(
    unit: UnitOfWork, suppressions: Sequence[Suppression], now: Instant
) -> dict[SuppressionKey, Suppression]:
    """Returns the stored suppressions with the keys of these, by key. Deletes those that have expired."""
    wanted = {each.key for each in suppressions}
    stored = unit.suppressions.covering({each.target_key for each in suppressions}) if suppressions else ()
    found = [each for each in stored if each.key in wanted]
    for each in found:
        if not each.is_in_force(now):
            expire(unit, each, now)
    return {each.key: each for each in found if each.is_in_force(now)}


def purge_expired(unit: UnitOfWork, now: Instant, limit: int) -> int:
    """Deletes suppressions that have expired, and records that. Returns how many."""
    expired = unit.suppressions.expired(now, limit)
    for suppression in expired:
        expire(unit, suppression, now)
    return len(expired)


def expire(unit: UnitOfWork, suppression: Suppression, now: Instant) -> None:
    """Deletes a suppression that has expired, and records that."""
    unit.suppressions.delete(suppression)
    unit.events.add_all([suppression_event(EventType.SUPPRESSION_EXPIRED, suppression, now)])


def _find(unit: UnitOfWork, caller: Caller, suppression_id: str) -> Suppression:
    suppression = unit.suppressions.get(caller.visibility, suppression_id)
    if suppression is None:
        raise ResourceNotFound(SUPPRESSIONS.format(suppression_id))
    return suppression
