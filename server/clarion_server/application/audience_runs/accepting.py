"""Accepts the messages to the members of a run, some members in each commit."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import partial

from clarion_server.application.audience_runs.ownership import RunLost, lock_own
from clarion_server.application.audience_runs.part_size import PartSize
from clarion_server.application.audience_runs.parts import Part
from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.accept import AcceptItem, AcceptTriggers
from clarion_server.domain.audiences.audience_run import AudienceRun, RunState
from clarion_server.domain.audiences.taken_addresses import TakenAddresses, split_hashes
from clarion_server.domain.events.event import run_event
from clarion_server.domain.triggering.acceptance import Accepted, Decision
from clarion_server.domain.triggering.execution import Execution

#: No further members are decided about while so many messages of the same lane are due and wait for a channel
#: configuration. So neither the queue grows with the audience, nor does a stop come too late for most of it.
MAX_WAITING = 5_000
#: After each commit a run rests for this share of the commit's duration. Accepting messages is what the store is for,
#: so it rests less than other bulk work.
_REST = 0.25
#: After a crash one step reads the addresses of at most this many commits, as other threads wait for the interpreter
#: meanwhile.
_ROWS_READ_AT_ONCE = 10


class Progress(Enum):
    """Is the outcome of a step."""

    ADVANCED = auto()
    ENDED = auto()
    """No member is left."""
    NO_ROOM = auto()
    """Nothing was done, as too many messages wait."""
    CAMPAIGN_CHANGED = auto()
    """Nothing was done, as the campaign is another one than the step was made for."""


@dataclass(frozen=True, slots=True)
class Step:
    """Is the result of a step, with the run after it."""

    progress: Progress
    run: AudienceRun


@dataclass(frozen=True, slots=True)
class _Written:
    step: Step
    decision: Decision
    seconds: float


@dataclass(frozen=True, slots=True)
class MemberAcceptor:
    """Messages, exclusions and how far the run has come are one commit. The rules are those of a trigger.

    The commit is durable later: all its messages are queued, and whoever claims one to send it makes this commit
    durable with his own. A run that lost its last commits in a crash of the machine decides about those members again.
    """

    transactions: Transactions
    accept_triggers: AcceptTriggers
    clock: Clock
    on_commit: Callable[[], None]
    size: PartSize = field(default_factory=PartSize)

    async def read_taken(self, run: AudienceRun, action_count: int) -> TakenAddresses:
        """Returns the addresses that the messages to the members up to now have, for `accept_next`, which adds those of
        further ones. `run` is in the hands of this process. Raises Unavailable.
        """
        taken, next_ordinal = TakenAddresses(run.member_count * action_count), 0
        while next_ordinal < run.decided_count:
            next_ordinal = await self.transactions.read(partial(_add_stored, run, next_ordinal, taken))
        return taken

    async def accept_next(
        self, run: AudienceRun, owner: str, execution: Execution, live: LiveCampaign, taken: TakenAddresses
    ) -> Step:
        """Decides about the next members. `run` is as the step before has left it, and `taken` has its addresses.

        Raises RunLost and Unavailable. Another `taken` must be read then.
        """
        # Members never change, so that they are read before the transaction that others wait for.
        count = self.size.next(is_busy=self.transactions.is_busy)
        part = await self.transactions.read(lambda unit: self._read_part(unit, run, live, taken, count))
        if part is None:
            return Step(Progress.NO_ROOM, run)
        item = part.item(execution, self.clock.now())
        written = await self.transactions.write(
            lambda unit: self._write(unit, part, item, owner), bulk=True, rest=_REST, durable_later=True
        )
        if isinstance(written.decision, Accepted):
            self.size.record(len(part.members), written.seconds)
            self.accept_triggers.committed([item], [written.decision])
            self.on_commit()
        if written.step.progress is Progress.ENDED:
            await self.transactions.await_durable()
        return written.step

    def _read_part(
        self, unit: UnitOfWork, run: AudienceRun, live: LiveCampaign, taken: TakenAddresses, count: int
    ) -> Part | None:
        """Returns the next members; None while there is no room for messages to them."""
        keys, now = {each.action.channel_key for each in live.version.actions}, self.clock.now()
        if any(unit.messages.has_waiting(key, live.kind.lane, now, MAX_WAITING) for key in keys):
            return None
        return Part(run, live, unit.audience_runs.members(run, live.namespace.id, count), taken)

    def _write(self, unit: UnitOfWork, part: Part, item: AcceptItem, owner: str) -> _Written:
        begin = time.monotonic()
        run = lock_own(unit, part.run.key, owner, RunState.ACCEPTING)
        if run.decided_count != part.run.decided_count:
            raise RunLost
        (decision,) = self.accept_triggers.apply(unit, [item])
        step = Step(Progress.CAMPAIGN_CHANGED, run)
        if isinstance(decision, Accepted):
            step = self._advance(unit, run, part, decision)
        return _Written(step, decision, time.monotonic() - begin)

    def _advance(self, unit: UnitOfWork, run: AudienceRun, part: Part, accepted: Accepted) -> Step:
        part.take_addresses(unit)
        advanced = run.advanced(part.result(accepted))
        if advanced.left_count:
            unit.audience_runs.save(advanced)
            return Step(Progress.ADVANCED, advanced)
        now = self.clock.now()
        done = advanced.done(now)
        unit.audience_runs.save(done)
        unit.events.add_all([run_event(done, now)])
        return Step(Progress.ENDED, done)


def _add_stored(run: AudienceRun, first: int, taken: TakenAddresses, unit: UnitOfWork) -> int:
    """Adds some of the stored addresses. Returns the ordinal to go on with."""
    stored = unit.audience_runs.addresses_from(run, first, _ROWS_READ_AT_ONCE)
    for ordinal, hashes in stored.items():
        taken.add(split_hashes(hashes), ordinal)
    return max(stored) + 1 if stored else run.decided_count
