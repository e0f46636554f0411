"""Imports many profiles, a few in each commit, so that triggers hardly wait."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import ProfileFields
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.import_result import ImportOutcome, ImportResult
from clarion_server.domain.profile import repeated_identity_violations
from clarion_server.domain.profile_import import ImportBatch, ImportRow
from clarion_server.domain.violation import Violation, required, too_many

MAX_ROWS = 1_000
#: How many profiles one transaction writes: it takes a few milliseconds, for which a trigger may have to wait.
_STEP = 100


class ImportProfiles:
    def __init__(self, transactions: Transactions, identities: IdentityReader, clock: Clock, ids: Ids) -> None:
        self._transactions = transactions
        self._identities = identities
        self._clock = clock
        self._ids = ids

    async def import_rows(self, profiles: Sequence[ProfileFields], caller: Caller) -> list[ImportResult]:
        """Returns what became of each profile, in their order. Raises InvalidFields or Unavailable.

        When it raises Unavailable, some of them may be stored. It may be repeated.
        """
        if not profiles:
            raise InvalidFields((required("profiles"),))
        if len(profiles) > MAX_ROWS:
            raise InvalidFields((too_many("profiles", MAX_ROWS),))
        results: list[ImportResult] = []
        for start in range(0, len(profiles), _STEP):
            step = profiles[start : start + _STEP]
            results += await self._import_step(step, caller.sandbox)
        return results

    async def _import_step(self, profiles: Sequence[ProfileFields], sandbox: str) -> list[ImportResult]:
        def write(unit: UnitOfWork) -> list[ImportResult]:
            return self._write(unit, [self._read(fields) for fields in profiles], sandbox)

        return await self._transactions.write(write, bulk=True)

    def _read(self, fields: ProfileFields) -> ImportRow | list[Violation]:
        identities, violations = self._identities.read_all(fields.identities, "identities")
        violations = [*fields.violations, *violations, *repeated_identity_violations(identities)]
        return violations or ImportRow(identities, fields.attributes, fields.locale, fields.time_zone)

    def _write(self, unit: UnitOfWork, rows: Sequence[ImportRow | list[Violation]], sandbox: str) -> list[ImportResult]:
        keys = {identity.key for row in rows if isinstance(row, ImportRow) for identity in row.identities}
        batch = ImportBatch(sandbox, unit.profiles.by_identities(sandbox, keys), self._clock.now())
        results = [
            batch.apply(row, self._ids.new_id())
            if isinstance(row, ImportRow)
            else ImportResult(ImportOutcome.REJECTED, violations=tuple(row))
            for row in rows
        ]
        unit.profiles.add_all(batch.created)
        unit.profiles.extend_all(batch.changed)
        return results
