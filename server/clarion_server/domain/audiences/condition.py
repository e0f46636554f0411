"""Conditions over what is known about a person: what they read, and how an evaluation fails."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from clarion_server.domain.consent.consent import ConsentScope

#: A condition has at most this many bytes in UTF-8.
MAX_CONDITION = 4 * 1024
#: At most this many people are named for each cause of failed evaluations.
MAX_SAMPLES = 10


class FailureCause(StrEnum):
    """Says why a condition is neither true nor false of somebody."""

    MISSING_VALUE = "MISSING_VALUE"
    """It reads an attribute, or an element of a list, that is not there."""
    WRONG_TYPE = "WRONG_TYPE"
    """A value is of another type than the condition needs."""
    OTHER = "OTHER"
    """Such as a text that is no time, a division by zero, or a list that is too long to go through."""


class Position(NamedTuple):
    """Is a place in the text of a condition."""

    line: int
    """Counts from 1."""
    column: int
    """Counts characters from 1."""


class ConditionProblem(NamedTuple):
    """Is what is wrong with the text of a condition."""

    position: Position
    message: str
    """Is a sentence."""


@dataclass(frozen=True, slots=True)
class ConditionReads:
    """Says what a condition reads. Its evaluation needs nothing else."""

    attributes: frozenset[tuple[str, ...]] = frozenset()
    """Holds paths of attributes. The empty path stands for all of them."""
    names: frozenset[str] = frozenset()
    """Holds names such as `profile.locale` and `now`, without `profile.attributes`."""
    consents: Mapping[ConsentScope, Position] = field(default_factory=dict)
    """Holds the scopes whose consent it asks for, each with the position of the call in its text."""


@dataclass(slots=True)
class FailureCounts:
    """Counts failed evaluations by their cause, and keeps some of the people for each."""

    counts: dict[FailureCause, int] = field(default_factory=dict)
    samples: dict[FailureCause, list[str]] = field(default_factory=dict)
    """Names of profiles, never values."""

    def add(self, cause: FailureCause, profile: str) -> None:
        self.counts[cause] = self.counts.get(cause, 0) + 1
        samples = self.samples.setdefault(cause, [])
        if len(samples) < MAX_SAMPLES:
            samples.append(profile)

    @property
    def total(self) -> int:
        return sum(self.counts.values())


class ConditionInvalid(Exception):
    """The text is no condition."""

    def __init__(self, problems: Sequence[ConditionProblem]) -> None:
        super().__init__(problems)
        self.problems = tuple(problems)
