"""Accepts the messages to the members of a run, some members in each commit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from clarion_server.application.audience_runs.ownership import lock_own
from clarion_server.application.audience_runs.parts import Part
from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.accept import AcceptItem, AcceptTriggers
from clarion_server.domain.acceptance import Accepted, Decision
from clarion_server.domain.audience_run import AudienceRun, RunState
from clarion_server.domain.event import run_event
from clarion_server.domain.execution import Execution

#: How many members one commit decides about.
PART = 500
#: No further members are decided about while so many messages of the same lane are due and wait for a channel
#: configuration. So neither the queue grows with the audience, nor does a stop come too late for most of it.
MAX_WAITING = 5_000


class Progress(Enum):
    """What became of a step."""

    ADVANCED = auto()
    ENDED = auto()
    """No member is left."""
    CAMPAIGN_CHANGED = auto()
    """Nothing was done, as the campaign is another one than the step was made for."""


@dataclass(frozen=True, slots=True)
class _Step:
    progress: Progress
    item: AcceptItem
    decision: Decision


@dataclass(frozen=True, slots=True)
class MemberAcceptor:
    """Messages, exclusions and how far the run has come are one commit. The rules are those of a trigger."""

    transactions: Transactions
    accept_triggers: AcceptTriggers
    clock: Clock
    on_commit: Callable[[], None]

    async def accept_next(self, run: AudienceRun, owner: str, execution: Execution, live: LiveCampaign) -> Progress:
        """Decides about the next members. Raises RunLost and Unavailable."""

        def write(unit: UnitOfWork) -> _Step:
            return self._write(unit, lock_own(unit, run.key, owner, RunState.ACCEPTING), execution, live)

        step = await self.transactions.write(write, bulk=True)
        if step.progress is not Progress.CAMPAIGN_CHANGED:
            self.accept_triggers.committed([step.item], [step.decision])
            self.on_commit()
        return step.progress

    async def has_room(self, live: LiveCampaign) -> bool:
        """Returns whether few enough messages wait for the channel configurations of the campaign."""
        keys = {action.channel_key for action in live.version.actions}
        now = self.clock.now()
        return await self.transactions.read(
            lambda unit: not any(unit.messages.has_waiting(key, live.lane, now, MAX_WAITING) for key in keys)
        )

    def _write(self, unit: UnitOfWork, run: AudienceRun, execution: Execution, live: LiveCampaign) -> _Step:
        now = self.clock.now()
        part = Part(run, live, unit.audience_runs.members(run, live.namespace.id, PART))
        item = part.item(execution, now)
        (decision,) = self.accept_triggers.apply(unit, [item])
        if not isinstance(decision, Accepted):
            return _Step(Progress.CAMPAIGN_CHANGED, item, decision)
        advanced = run.advanced(part.result(decision))
        if advanced.left_count:
            unit.audience_runs.save(advanced)
            return _Step(Progress.ADVANCED, item, decision)
        done = advanced.done(now)
        unit.audience_runs.save(done)
        unit.events.add_all([run_event(done, now)])
        return _Step(Progress.ENDED, item, decision)
