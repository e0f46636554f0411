"""Finds in the store what other processes have queued and changed."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.claim_schedule import ClaimSchedule
from clarion_server.application.sending.dispatchers import Dispatchers
from clarion_server.application.transactions import Transactions
from clarion_server.domain.channels.channel import ChannelConfiguration

#: A look follows after this many seconds when any process has committed something since the last one.
LOOK_SECONDS = 1.0
#: It follows after this many seconds even if nothing seems to have been committed.
_LOOK_ANYWAY_SECONDS = 10.0
#: One look reads at most this many new or changed channel configurations. The next look reads further ones.
_CHANGES_PER_LOOK = 200


@dataclass(frozen=True, slots=True)
class _Configurations:
    """Is what a look has found about the channel configurations."""

    keys: Collection[int]
    """Holds the keys of all channel configurations in the store."""
    changed: Sequence[ChannelConfiguration]
    """Holds the channel configurations that are new or changed, at most _CHANGES_PER_LOOK of them."""


class StoreLook:
    """Brings the schedule and the channel configurations of the dispatchers up to date.

    One look covers all channel configurations, so that idle ones cost next to nothing. What a look costs depends on how
    many of them have queued messages.
    """

    def __init__(
        self, dispatchers: Dispatchers, schedule: ClaimSchedule, transactions: Transactions, clock: Clock
    ) -> None:
        self._dispatchers = dispatchers
        self._schedule = schedule
        self._transactions = transactions
        self._clock = clock
        self._version: object = None
        self._time = 0.0
        self._is_wanted = self._wants_configurations = True

    def want(self, *, configurations: bool) -> None:
        """Makes a look due. It reads the channel configurations as well if that is asked for."""
        self._is_wanted = True
        self._wants_configurations |= configurations

    def is_due(self) -> bool:
        passed = time.monotonic() - self._time
        if not self._is_wanted and passed >= LOOK_SECONDS:
            is_changed = self._transactions.commit_version() != self._version
            if is_changed or passed >= _LOOK_ANYWAY_SECONDS:
                self.want(configurations=True)
        return self._is_wanted

    async def run(self) -> None:
        """Looks once. Raises Unavailable, and is due again then."""
        wants_configurations = self._wants_configurations
        # It is cleared first: a request during this look is one for another look.
        self._is_wanted = self._wants_configurations = False
        try:
            self._version, self._time = self._transactions.commit_version(), time.monotonic()
            if wants_configurations:
                await self._update_configurations()
            await self._update_schedule()
        except Exception:
            self.want(configurations=wants_configurations)
            raise
        self._dispatchers.close_idle()

    async def _update_configurations(self) -> None:
        known = self._dispatchers.revisions()
        found = await self._transactions.read(partial(_configurations, known=known))
        self._dispatchers.keep_only(found.keys)
        self._dispatchers.configure(found.changed)
        if len(found.changed) == _CHANGES_PER_LOOK:
            self.want(configurations=True)

    async def _update_schedule(self) -> None:
        now = self._clock.now()
        self._schedule.replace(await self._transactions.read(lambda unit: unit.messages.waiting()), now)


def _configurations(unit: UnitOfWork, known: Mapping[int, int]) -> _Configurations:
    revisions = unit.channels.revisions()
    changed = [key for key, revision in revisions.items() if known.get(key) != revision]
    return _Configurations(revisions.keys(), unit.channels.by_keys(changed[:_CHANGES_PER_LOOK]))
