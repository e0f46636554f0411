"""Finds out to which of the audiences that rules ask about the recipients of triggers belong."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from clarion_server.application.audiences.evaluation import Evaluator
from clarion_server.application.ports.audiences import AudienceSource, Subject
from clarion_server.application.ports.conditions import Condition, ConditionCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.audiences.condition import ConditionInvalid
from clarion_server.domain.campaigns.targeting import Memberships
from clarion_server.domain.triggering.trigger import Trigger

#: Is a trigger whose recipients are completed, with the ids of the audiences that its rules ask about.
Asking = tuple[Trigger, AbstractSet[str]]


@dataclass(frozen=True, slots=True)
class _Found:
    """Holds the audiences and the profiles of a batch as the store has them."""

    sources: Mapping[tuple[str, str], AudienceSource]
    conditions: Mapping[str, Condition]
    """Holds conditions by their texts."""
    subjects: Mapping[int, Subject]
    """Holds them by the keys of the profiles. It is empty when no audience is by a condition."""
    listed: AbstractSet[tuple[int, int]]
    """Holds the keys of lists, each with that of a profile that has an identity in it."""


class MembershipReader:
    """Reads audiences as they are when the trigger is decided about, as those are read that are sent to."""

    def __init__(self, compiler: ConditionCompiler) -> None:
        self._compiler = compiler

    def read(self, unit: UnitOfWork, asking: Sequence[Asking], strangers: AbstractSet[int]) -> dict[str, Memberships]:
        """Returns to which audiences the recipients of each trigger belong, by the ids of the executions.

        That takes a constant number of statements. `strangers` are the keys of profiles that these triggers made:
        nobody belongs to an audience who had no profile before.
        """
        people = {trigger.execution.id: _people(trigger, strangers) for trigger, _ in asking}
        found = self._find(unit, asking, {key for each in people.values() for key in each.values()})
        return {
            trigger.execution.id: self._memberships(trigger, names, people[trigger.execution.id], found)
            for trigger, names in asking
        }

    def _find(self, unit: UnitOfWork, asking: Sequence[Asking], people: Collection[int]) -> _Found:
        if not people:
            return _Found({}, {}, {}, frozenset())
        named = {(trigger.execution.sandbox, name) for trigger, names in asking for name in names}
        sources = unit.audiences.sources(named)
        conditions = self._compiled({each.condition for each in sources.values() if each.condition is not None})
        with_choices = any(each.reads.consents for each in conditions.values())
        subjects = unit.audiences.subjects_by_key(people, with_choices=with_choices) if conditions else {}
        lists = {each.list_key for each in sources.values() if each.list_key is not None}
        return _Found(sources, conditions, subjects, unit.audiences.listed(lists, people) if lists else frozenset())

    def _compiled(self, conditions: Collection[str]) -> dict[str, Condition]:
        """Returns the conditions that can be compiled. An earlier Clarion may have taken one that this one does not:
        nobody belongs to its audience.
        """
        found = {}
        for condition in conditions:
            try:
                found[condition] = self._compiler.compile(condition)
            except ConditionInvalid:
                continue
        return found

    def _memberships(
        self, trigger: Trigger, names: AbstractSet[str], people: Mapping[int, int], found: _Found
    ) -> Memberships:
        members: dict[int, set[str]] = {}
        for name in names:
            source = found.sources.get((trigger.execution.sandbox, name))
            if source is None:
                continue
            keys = self._members(trigger, source, set(people.values()), found)
            for index, key in people.items():
                if key in keys:
                    members.setdefault(index, set()).add(name)
        return {index: frozenset(each) for index, each in members.items()}

    def _members(
        self, trigger: Trigger, source: AudienceSource, people: AbstractSet[int], found: _Found
    ) -> AbstractSet[int]:
        """Returns the keys of the profiles that belong to an audience."""
        if source.condition is None:
            return {key for key in people if (source.list_key, key) in found.listed}
        condition = found.conditions.get(source.condition)
        if condition is None:
            return frozenset()
        evaluator = Evaluator(condition, self._compiler, trigger.execution.accept_time)
        # A failure counts as true in Python, but whoever a condition fails for is no member.
        return {key for key in people if (subject := found.subjects.get(key)) and evaluator.verdict(subject) is True}


def _people(trigger: Trigger, strangers: AbstractSet[int]) -> dict[int, int]:
    """Returns the keys of the profiles of a trigger's recipients, by position."""
    return {index: key for index, key in trigger.profile_keys.items() if key not in strangers}
