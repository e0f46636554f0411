"""Counts the members of audiences, and shows some of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from random import Random

from clarion_server.application.audiences.condition_errors import condition_error
from clarion_server.application.audiences.random_members import random_source
from clarion_server.application.audiences.selection import AudienceSelector, SelectedPage
from clarion_server.application.ports.clock import Clock
from clarion_server.application.resource_lookup import find_audience
from clarion_server.application.transactions import LONG_READERS, Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.audiences.audience import Audience, AudienceMember
from clarion_server.domain.audiences.condition import ConditionInvalid, FailureCounts


@dataclass(slots=True)
class Counted:
    """Holds the numbers of members and of failed evaluations."""

    member_count: int = 0
    evaluated_count: int = 0
    failures: FailureCounts = field(default_factory=FailureCounts)
    sample: list[AudienceMember] = field(default_factory=list)

    def add(self, page: SelectedPage, sample_size: int) -> None:
        self.member_count += len(page.members)
        self.evaluated_count, self.failures = page.evaluated_count, page.failures
        self.sample += page.members[: sample_size - len(self.sample)]


class AudienceCounter:
    def __init__(
        self, transactions: Transactions, selector: AudienceSelector, clock: Clock, random: Random | None = None
    ) -> None:
        self._transactions = transactions
        self._selector = selector
        self._clock = clock
        self._random = random or Random()  # noqa: S311 - for a sample, not for a secret
        # Each keeps a snapshot open, and keeps one of the threads for long reads busy.
        self._turns = asyncio.Semaphore(LONG_READERS)

    async def count(self, audience_id: str, caller: Caller) -> Counted:
        """Counts all members. Raises ResourceNotFound or AudienceConditionInvalid."""
        counted = Counted()
        async with self._turns, aclosing(self._pages(audience_id, caller)) as pages:
            async for page in pages:
                counted.add(page, 0)
        return counted

    async def sample(self, audience_id: str, size: int, caller: Caller, *, at_random: bool = False) -> Counted:
        """Looks for the first members, or for some at random, and ends when it has `size` of them. At random there may
        be fewer although the audience has as many. Raises what `count` does.
        """
        counted = Counted()
        random_size = size if at_random else None
        async with self._turns, aclosing(self._pages(audience_id, caller, random_size)) as pages:
            async for page in pages:
                counted.add(page, size)
                if len(counted.sample) == size:
                    break
        return counted

    async def _pages(
        self, audience_id: str, caller: Caller, random_size: int | None = None
    ) -> AsyncGenerator[SelectedPage, None]:
        visibility = caller.visibility
        audience = await self._transactions.read(lambda unit: find_audience(unit, visibility, audience_id))
        try:
            async with aclosing(self._members(audience, random_size)) as pages:
                async for page in pages:
                    yield page
        except ConditionInvalid as error:
            raise condition_error(error.problems, "condition") from error

    def _members(self, audience: Audience, random_size: int | None) -> AsyncGenerator[SelectedPage, None]:
        """Raises ConditionInvalid."""
        now = self._clock.now()
        if random_size is None:
            return self._selector.pages(audience, now)
        evaluator = None if audience.condition is None else self._selector.evaluator(audience.condition, now)
        return self._selector.read(random_source(audience, evaluator, now, random_size, self._random))
