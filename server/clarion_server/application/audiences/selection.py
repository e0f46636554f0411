"""Reads the members of an audience, however many, in pages of one consistent state."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol

from clarion_server.application.audiences.evaluation import Evaluator
from clarion_server.application.ports.audiences import Subject
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.conditions import ConditionCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.audiences.audience import Audience, AudienceMember
from clarion_server.domain.audiences.condition import FailureCounts
from clarion_server.domain.instant import MINUTE, Instant, Span
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import ProfileRef

#: A page is made of this many profiles or identities: reading them takes a few milliseconds, for which triggers may
#: have to wait. The attributes of so many take 6 MB at most.
PAGE = 200
#: A snapshot keeps the database from reusing the space of changed rows. Whatever was not read after this time is read
#: from another snapshot.
SNAPSHOT_SPAN: Span = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class SelectedPage:
    """Some of the members, and how far the selection has come with them."""

    members: list[AudienceMember]
    """May be empty, as a page is made of so many profiles, whether they are members or not."""
    evaluated_count: int
    """Says how many profiles or identities of the list have been looked at so far."""
    failures: FailureCounts
    """Holds the evaluations that have failed so far. These people are no members. All pages have the same object."""
    snapshot_count: int
    """Says how many states the members come from, so far."""


class AudienceSelector:
    def __init__(self, transactions: Transactions, compiler: ConditionCompiler, clock: Clock) -> None:
        self._transactions = transactions
        self._compiler = compiler
        self._clock = clock

    async def pages(self, audience: Audience, start: Instant) -> AsyncGenerator[SelectedPage, None]:
        """Yields the members by the ids of their profiles or, in a list, by namespace and normal value.

        They are read from one state, and from a further one whenever SNAPSHOT_SPAN has passed. Profiles that were
        created after `start`, which is what a condition reads as `now`, are no members. A caller that does not read to
        the end closes the iterator. Raises Unavailable, and ConditionInvalid where an earlier Clarion took a condition
        that this one does not.
        """
        async with aclosing(self.read(self._source(audience, start))) as pages:
            async for page in pages:
                yield page

    async def read(self, source: Source) -> AsyncGenerator[SelectedPage, None]:
        """Yields what a source of members has, read as `pages` says. Raises Unavailable."""
        snapshot_count = 0
        while source.has_more():
            snapshot_count += 1
            close_time = self._clock.now() + SNAPSHOT_SPAN
            async with self._transactions.long_read() as snapshot:
                while source.has_more() and self._clock.now() < close_time:
                    members = await snapshot.read(source.next_members)
                    yield SelectedPage(members, source.evaluated_count, source.failures, snapshot_count)

    def evaluator(self, condition: str, start: Instant) -> Evaluator:
        """Returns what evaluates a condition as of `start`. Raises ConditionInvalid."""
        return Evaluator(self._compiler.compile(condition), self._compiler, start)

    def _source(self, audience: Audience, start: Instant) -> Source:
        if audience.condition is None:
            assert audience.listed is not None
            return _Listed(audience.listed.key)
        return MembersByCondition(whole_sandbox(audience.sandbox), self.evaluator(audience.condition, start), start)


class Source(Protocol):
    """Is where members are read from, step by step."""

    @property
    def evaluated_count(self) -> int: ...

    @property
    def failures(self) -> FailureCounts: ...

    def has_more(self) -> bool: ...

    def next_members(self, unit: UnitOfWork) -> list[AudienceMember]: ...


class MembersByCondition:
    def __init__(self, visibility: Visibility, evaluator: Evaluator, start: Instant) -> None:
        self.evaluated_count = 0
        self.failures = FailureCounts()
        self._visibility = visibility
        self._evaluator = evaluator
        self._start = start
        self._after = ""
        self._is_at_end = False

    def has_more(self) -> bool:
        return not self._is_at_end

    def next_members(self, unit: UnitOfWork) -> list[AudienceMember]:
        subjects = unit.audiences.subjects(
            self._visibility, self._after, self._start, PAGE, with_choices=self._evaluator.reads_choices
        )
        self._is_at_end = len(subjects) < PAGE
        if subjects:
            self._after = subjects[-1].id
        return self.members_among(subjects)

    def members_among(self, subjects: Sequence[Subject]) -> list[AudienceMember]:
        """Returns those whom the condition is true of, and counts all."""
        self.evaluated_count += len(subjects)
        members = []
        for subject in subjects:
            verdict = self._evaluator.verdict(subject)
            # Nothing but `True` makes a member: a failure is true in a condition of Python, too.
            if verdict is True:
                members.append(AudienceMember(ProfileRef(subject.key, subject.id), None))
            elif verdict is not False:
                self.failures.add(verdict, f"profiles/{subject.id}")
        return members


class _Listed:
    def __init__(self, list_key: int) -> None:
        self.evaluated_count = 0
        self.failures = FailureCounts()
        self._list_key = list_key
        self._after = IdentityKey("", "")
        self._is_at_end = False

    def has_more(self) -> bool:
        return not self._is_at_end

    def next_members(self, unit: UnitOfWork) -> list[AudienceMember]:
        identities = unit.audiences.members(self._list_key, self._after, PAGE)
        self._is_at_end = len(identities) < PAGE
        self.evaluated_count += len(identities)
        if identities:
            self._after = identities[-1].key
        return [AudienceMember(None, identity) for identity in identities]
