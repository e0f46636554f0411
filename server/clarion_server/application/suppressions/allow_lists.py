"""Reads and changes the allow list of a sandbox."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.events.event import allow_list_event
from clarion_server.domain.suppressions.allow_list import AllowList, entry_violations
from clarion_server.domain.violation import Violation

#: Holds the names, in the contract, of everything that may be changed.
EDITABLE_FIELDS = frozenset({"enabled", "entries"})

#: Is the field of the list in the request that carries one.
_FIELD = "allow_list"


@dataclass(frozen=True, slots=True)
class UpdateAllowList:
    enabled: bool
    entries: tuple[str, ...]
    changed_fields: frozenset[str]
    """Names of EDITABLE_FIELDS. The other fields stay as they are."""
    etag: str = ""
    violations: tuple[Violation, ...] = ()
    """Is what was already wrong with the request."""


class ManageAllowLists:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def get(self, caller: Caller) -> AllowList:
        return await self._transactions.read(lambda unit: _stored(unit, caller))

    async def update(self, command: UpdateAllowList, caller: Caller) -> AllowList:
        """Stores the changed list. Raises InvalidFields or EtagMismatch."""
        changes = {name: getattr(command, name) for name in command.changed_fields}
        broken = entry_violations(command.entries) if "entries" in changes else ()
        refuse_invalid(command.violations, (violation.under(_FIELD) for violation in broken))

        def change(unit: UnitOfWork) -> AllowList:
            stored = _stored(unit, caller)
            stored.check_etag(command.etag)
            now = self._clock.now()
            changed = replace(stored.changed(caller.name, now), **changes)
            unit.allow_lists.save(changed)
            unit.events.add_all([allow_list_event(changed, now)])
            return changed

        return await self._transactions.write(change)


def _stored(unit: UnitOfWork, caller: Caller) -> AllowList:
    return unit.allow_lists.get(caller.visibility) or AllowList(caller.sandbox)
