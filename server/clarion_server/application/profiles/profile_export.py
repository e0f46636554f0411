"""Exports all profiles of a sandbox, a page at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.consent.consent import Consents
from clarion_server.domain.people.profile import Profile

#: Is the number of profiles that are in memory at a time: 4 MB if all of them are as large as they may be.
_PAGE = 100


@dataclass(frozen=True, slots=True)
class ExportedProfile:
    profile: Profile
    consents: Consents


class ExportProfiles:
    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    async def pages(self, after: str | None, caller: Caller) -> AsyncIterator[Sequence[ExportedProfile]]:
        """Yields pages of profiles in the order of their creation, beginning behind the id `after`, until one is empty.

        Each page is read when it is asked for, from the state of that moment: a slow caller holds nothing open.
        """
        while True:
            page = await self._transactions.read(lambda unit, after=after: _page(unit, caller, after))  # type: ignore[misc] # a default binds it now
            yield page
            if not page:
                return
            after = page[-1].profile.id


def _page(unit: UnitOfWork, caller: Caller, after: str | None) -> list[ExportedProfile]:
    profiles = unit.profiles.page(caller.visibility, after, _PAGE)
    consents = unit.consents.of_profiles([profile.key for profile in profiles]) if profiles else {}
    return [ExportedProfile(profile, consents[profile.key]) for profile in profiles]
