"""Chooses members of an audience at random, each with the same probability, without looking at all of them.

Profiles are drawn by their keys, and a key without a member is drawn in vain: acceptance-rejection sampling (Olken and
Rotem, "Simple Random Sampling from Relational Databases", VLDB 1986). The places of members of a list are drawn, and
the list is walked through once: sequential sampling (Vitter, "Faster Methods for Random Sampling", CACM 1984).
"""

from __future__ import annotations

from random import Random

from clarion_server.application.audiences.evaluation import Evaluator
from clarion_server.application.audiences.selection import PAGE, MembersByCondition, Source
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.audiences.audience import Audience, AudienceMember, IdentityList
from clarion_server.domain.audiences.condition import FailureCounts
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.identity import Identity, IdentityKey

#: In a sandbox with fewer profiles than this all are looked at, as hardly any drawn key would be one of theirs.
FEW = 5_000
#: At most this many keys are drawn, which takes a second or two.
DRAWS = 50_000
#: One step skips at most this many members of a list, which takes a few milliseconds.
_SKIPPED = 20_000


class RandomByCondition:
    """Draws until it is not asked any more, or DRAWS keys were drawn: fewer members may be found than there are."""

    def __init__(self, visibility: Visibility, evaluator: Evaluator, start: Instant, size: int, random: Random) -> None:
        self._visibility = visibility
        self._evaluator = evaluator
        self._start = start
        self._size = size
        self._random = random
        self._all = MembersByCondition(visibility, evaluator, start)
        self._first: list[AudienceMember] = []
        self._keys: list[int] | None = None
        self._is_at_end = False

    @property
    def evaluated_count(self) -> int:
        return self._all.evaluated_count

    @property
    def failures(self) -> FailureCounts:
        return self._all.failures

    def has_more(self) -> bool:
        return not self._is_at_end

    def next_members(self, unit: UnitOfWork) -> list[AudienceMember]:
        if self._keys is None and self._all.evaluated_count < FEW:
            self._first += self._all.next_members(unit)
            if self._all.has_more():
                return []
            self._is_at_end = True
            return self._random.sample(self._first, min(self._size, len(self._first)))
        if self._keys is None:
            self._first = []
            largest = unit.audiences.largest_profile_key()
            self._keys = self._random.sample(range(1, largest + 1), min(DRAWS, largest))
        drawn, self._keys = self._keys[:PAGE], self._keys[PAGE:]
        self._is_at_end = not self._keys
        return self._members(unit, drawn)

    def _members(self, unit: UnitOfWork, keys: list[int]) -> list[AudienceMember]:
        """Returns the members with one of the keys, in the order of the keys."""
        subjects = unit.audiences.subjects_of(
            self._visibility, keys, self._start, with_choices=self._evaluator.reads_choices
        )
        found = {member.profile.key: member for member in self._all.members_among(subjects) if member.profile}
        return [found[key] for key in keys if key in found]


class RandomListed:
    """Draws as many places as members are wanted, and goes from one to the next."""

    def __init__(self, listed: IdentityList, size: int, random: Random) -> None:
        self.evaluated_count = 0
        self.failures = FailureCounts()
        self._list_key = listed.key
        count = listed.identity_count
        self._places = sorted(random.sample(range(count), min(size, count)))
        self._next_place = 0
        self._after = IdentityKey("", "")

    def has_more(self) -> bool:
        return bool(self._places)

    def next_members(self, unit: UnitOfWork) -> list[AudienceMember]:
        skipped = self._places[0] - self._next_place
        if skipped >= _SKIPPED:
            self._read(unit, _SKIPPED - 1)
            return []
        found = self._read(unit, skipped)
        if found is None:
            return []
        del self._places[0]
        self.evaluated_count += 1
        return [AudienceMember(None, found)]

    def _read(self, unit: UnitOfWork, skipped: int) -> Identity | None:
        """Returns the member behind so many. None at the end, where the list has become shorter: then none is left."""
        found = unit.audiences.member_behind(self._list_key, self._after, skipped)
        if found is None:
            self._places = []
            return None
        self._after = found.key
        self._next_place += skipped + 1
        return found


def random_source(audience: Audience, evaluator: Evaluator | None, start: Instant, size: int, random: Random) -> Source:
    """Returns the source of members at random. `evaluator` is that of the condition, which a list does not have."""
    if evaluator is not None:
        return RandomByCondition(whole_sandbox(audience.sandbox), evaluator, start, size, random)
    assert audience.listed is not None
    return RandomListed(audience.listed, size, random)
