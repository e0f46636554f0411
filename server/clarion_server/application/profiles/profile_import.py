"""Imports many profiles, a few in each commit, so that triggers hardly wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from clarion_server.application.identity_reader import IdentityReader, stored_namespaces
from clarion_server.application.ports.clock import Clock, Ids
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.profiles.profiles import ProfileFields
from clarion_server.application.resumable_imports import handle_once
from clarion_server.application.transactions import Transactions
from clarion_server.application.validation import count_violations, refuse_invalid
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent_change import MAX_IMPORTED_CHANGES, ConsentChange, change_violations
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Namespaces
from clarion_server.domain.people.import_place import ImportPlace
from clarion_server.domain.people.import_result import ImportOutcome, ImportResult
from clarion_server.domain.people.profile import ProfileRef, repeated_identity_violations
from clarion_server.domain.people.profile_import import ImportBatch, ImportRow
from clarion_server.domain.violation import Violation, too_many

MAX_ROWS = 1_000
#: One transaction writes at most this much, which takes a few milliseconds, for which a trigger may have to wait.
_STEP = 100


@dataclass(frozen=True, slots=True)
class RecordedChoices:
    """Is the result of storing the choices of one row."""

    is_changed: bool
    forbidden: Sequence[int]
    """Holds the positions of those that grant what the person denied. They are not stored."""


#: Stores the choices of people, each choice by itself, in a constant number of statements.
RecordChoices = Callable[
    [UnitOfWork, Caller, Sequence[tuple[ProfileRef, Sequence[ConsentChange]]]], Sequence[RecordedChoices]
]


@dataclass(frozen=True, slots=True)
class ImportedProfile:
    """One profile of an import, as the caller sent it."""

    fields: ProfileFields
    choices: tuple[ConsentChange, ...] = ()


class ImportProfiles:
    def __init__(
        self,
        transactions: Transactions,
        identities: IdentityReader,
        record_choices: RecordChoices,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._transactions = transactions
        self._identities = identities
        self._record_choices = record_choices
        self._clock = clock
        self._ids = ids

    async def import_rows(
        self, profiles: Sequence[ImportedProfile], caller: Caller, place: ImportPlace | None = None
    ) -> list[ImportResult]:
        """Returns the result for each profile, in their order. Raises InvalidFields or Unavailable.

        When it raises Unavailable, some of them may be stored. It may be repeated. Of those that belong to a place in
        an import, none is imported twice.
        """
        refuse_invalid(place.violations() if place else (), count_violations("profiles", len(profiles), MAX_ROWS))
        results: list[ImportResult] = []
        for step in _steps(profiles):
            results += await self._import_step(step, caller, place and place.behind(len(results)))
        await self._transactions.await_durable()
        return results

    async def _import_step(
        self, profiles: Sequence[ImportedProfile], caller: Caller, place: ImportPlace | None
    ) -> list[ImportResult]:
        def write(unit: UnitOfWork) -> list[ImportResult]:
            return handle_once(
                unit, place, len(profiles), lambda start: self._store(unit, profiles[start:], caller), self._clock.now()
            )

        return await self._transactions.write(write, bulk=True, rest=self._transactions.usual_rest, durable_later=True)

    def _store(self, unit: UnitOfWork, profiles: Sequence[ImportedProfile], caller: Caller) -> list[ImportResult]:
        if any(profile.choices for profile in profiles):
            # Before any profile is locked, as whoever stores choices locks in this order.
            unit.consents.lock(caller.visibility)
        topics = _unknown_topics(unit, profiles, caller)
        identities = (identity for profile in profiles for identity in profile.fields.identities)
        namespaces = stored_namespaces(unit, caller.sandbox, identities)
        return self._write(unit, [self._read(profile, topics, namespaces) for profile in profiles], caller)

    def _read(
        self, profile: ImportedProfile, unknown_topics: set[str], namespaces: Namespaces
    ) -> ImportRow | list[Violation]:
        fields = profile.fields
        identities, violations = self._identities.read_all(fields.identities, "identities", namespaces)
        violations = [
            *fields.violations,
            *violations,
            *repeated_identity_violations(identities),
            *_choice_violations(profile.choices, unknown_topics, self._clock.now()),
        ]
        return violations or ImportRow(identities, fields.attributes, fields.locale, fields.time_zone, profile.choices)

    def _write(
        self, unit: UnitOfWork, rows: Sequence[ImportRow | list[Violation]], caller: Caller
    ) -> list[ImportResult]:
        sandbox = caller.sandbox
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
        return self._record(unit, rows, results, caller)

    def _record(
        self,
        unit: UnitOfWork,
        rows: Sequence[ImportRow | list[Violation]],
        results: Sequence[ImportResult],
        caller: Caller,
    ) -> list[ImportResult]:
        """Stores the choices of the rows, and returns their results with what that adds to them."""
        choosing = {
            index: row
            for index, (row, result) in enumerate(zip(rows, results, strict=True))
            if isinstance(row, ImportRow) and row.choices and result.outcome is not ImportOutcome.REJECTED
        }
        if not choosing:
            return list(results)
        keys = {index: row.identities[0].key for index, row in choosing.items()}
        people = unit.profiles.owners(caller.sandbox, set(keys.values()))
        recorded = self._record_choices(
            unit, caller, [(people[keys[index]], row.choices) for index, row in choosing.items()]
        )
        changed = dict(zip(choosing, recorded, strict=True))
        return [_with_choices(result, changed.get(index)) for index, result in enumerate(results)]


def _with_choices(result: ImportResult, choices: RecordedChoices | None) -> ImportResult:
    if choices is None:
        return result
    is_updated = choices.is_changed and result.outcome is ImportOutcome.UNCHANGED
    outcome = ImportOutcome.UPDATED if is_updated else result.outcome
    notes = tuple(
        [
            Violation(f"consents[{index}]", "DENIAL_STANDS", "Grants what the person denied.")
            for index in choices.forbidden
        ]
    )
    return replace(result, outcome=outcome, notes=notes)


def _steps(profiles: Sequence[ImportedProfile]) -> Iterator[list[ImportedProfile]]:
    """Splits the profiles into parts that take about the same time to write."""
    step: list[ImportedProfile] = []
    weight = 0
    for profile in profiles:
        step.append(profile)
        weight += 1 + len(profile.choices)
        if weight >= _STEP:
            yield step
            step, weight = [], 0
    if step:
        yield step


def _unknown_topics(unit: UnitOfWork, profiles: Sequence[ImportedProfile], caller: Caller) -> set[str]:
    named = {change.scope.topic for profile in profiles for change in profile.choices}
    return unit.topics.unknown(caller.visibility, {topic for topic in named if topic is not None})


def _choice_violations(choices: Sequence[ConsentChange], unknown_topics: set[str], now: Instant) -> Iterator[Violation]:
    if len(choices) > MAX_IMPORTED_CHANGES:
        yield too_many("consents", MAX_IMPORTED_CHANGES)
        return
    for index, change in enumerate(choices):
        if change.scope.topic in unknown_topics:
            yield Violation(f"consents[{index}].topic", "UNKNOWN_VALUE", "Must be a topic of this sandbox.")
        for violation in change_violations(change, now):
            yield violation.under(f"consents[{index}]")
