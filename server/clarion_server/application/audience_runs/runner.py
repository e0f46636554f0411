"""Runs the runs of audiences that are due: each in one process, however many there are."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

import structlog

from clarion_server.application.audience_runs.accepting import MemberAcceptor, Progress, Step
from clarion_server.application.audience_runs.ownership import RunLost
from clarion_server.application.audience_runs.selecting import MemberSelection
from clarion_server.application.campaign_cache import CampaignCache, LiveCampaign
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.lease import Lease
from clarion_server.application.transactions import Transactions
from clarion_server.application.triggering.cancel import end_run
from clarion_server.application.wakeable_loop import WakeableLoop
from clarion_server.domain.access.access import whole_sandbox
from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState
from clarion_server.domain.audiences.taken_addresses import TakenAddresses
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.errors import CampaignOutdated, Unavailable
from clarion_server.domain.instant import MILLISECOND, SECOND, Instant, Span
from clarion_server.domain.triggering.execution import Execution

log = structlog.get_logger()

#: The runner sleeps for at most this long, because another process may have stored a run, or may have died.
MAX_SLEEP: Span = 2 * SECOND
_MIN_SLEEP: Span = 10 * MILLISECOND
#: Says how many runs one process has in its hands at the same time.
_AT_ONCE = 4
#: Says how many runs are looked at. Those that start later come when some of these have ended.
_LOOKED_AT = 200
#: Says how long a run waits, in seconds, before it looks again whether enough of the queue was sent.
_WAIT_FOR_ROOM = 0.1

_GOES_ON = frozenset({Progress.ADVANCED, Progress.NO_ROOM})
_HAS_ENDED = frozenset({CampaignState.STOPPED, CampaignState.COMPLETED, CampaignState.ARCHIVED})
_MAY_BE_LIVE = frozenset({CampaignState.LIVE, CampaignState.SCHEDULED})


@dataclass(frozen=True, slots=True)
class _Outlook:
    """Holds the runs that have not ended, and what decides whether they go on."""

    runs: list[AudienceRun]
    campaigns: Mapping[int, Campaign]
    live_processes: set[str]


class AudienceRunner:
    """Runs the executions that write to audiences. An instance belongs to one event loop."""

    def __init__(
        self,
        transactions: Transactions,
        campaigns: CampaignCache,
        selection: MemberSelection,
        acceptor: MemberAcceptor,
        lease: Lease,
        clock: Clock,
    ) -> None:
        self._transactions = transactions
        self._campaigns = campaigns
        self._selection = selection
        self._acceptor = acceptor
        self._lease = lease
        self._clock = clock
        self._owner = lease.process_id
        self._loop = WakeableLoop(self._start_and_plan)
        #: Holds a task for each run that this process executes, by the run's key.
        self._running: dict[int, asyncio.Task[None]] = {}

    def start(self) -> None:
        self._loop.start()

    def wake(self) -> None:
        """Makes the runner look at the runs again, because one was stored or a campaign has changed."""
        self._loop.wake()

    async def close(self) -> None:
        """Ends after the commits under way, and leaves the runs to other processes or to the next start."""
        await self._loop.close()
        await asyncio.gather(*self._running.values())

    async def _start_and_plan(self) -> Span:
        """Starts what is due. Returns how long to sleep then."""
        try:
            outlook = await self._transactions.read(self._look)
            next_time = await self._start_due(outlook)
        except Exception as error:  # noqa: BLE001 - any fault is logged, and the next round follows
            if not isinstance(error, Unavailable):
                log.warning("audience_runs_failed", error=type(error).__name__)
            return MAX_SLEEP
        return MAX_SLEEP if next_time is None else min(max(next_time - self._clock.now(), _MIN_SLEEP), MAX_SLEEP)

    def _look(self, unit: UnitOfWork) -> _Outlook:
        runs = unit.audience_runs.open(_LOOKED_AT)
        if not runs:
            return _Outlook([], {}, set())
        campaigns = unit.campaigns.by_keys({run.campaign_key for run in runs})
        return _Outlook(runs, campaigns, unit.processes.live(self._clock.now()))

    async def _start_due(self, outlook: _Outlook) -> Instant | None:
        """Starts runs, and ends those of campaigns that have ended. Returns when the next one is due."""
        now = self._clock.now()
        for run in outlook.runs:
            campaign = outlook.campaigns[run.campaign_key]
            if campaign.state in _HAS_ENDED:
                await self._end(run, EndReason.CAMPAIGN_ENDED)
            elif run.start_time <= now and self._may_start(run, campaign, outlook.live_processes, now):
                self._running[run.key] = task = asyncio.create_task(self._go(run))
                task.add_done_callback(lambda _, key=run.key: self._ended(key))  # type: ignore[misc] # mypy knows no default here
        return min((run.start_time for run in outlook.runs if run.start_time > now), default=None)

    def _may_start(self, run: AudienceRun, campaign: Campaign, live_processes: set[str], now: Instant) -> bool:
        is_free = run.owner is None or run.owner == self._owner or run.owner not in live_processes
        has_place = run.key not in self._running and len(self._running) < _AT_ONCE
        return is_free and has_place and _accepts(campaign, now) and self._lease.is_held() and not self._loop.is_closing

    def _ended(self, key: int) -> None:
        del self._running[key]
        self.wake()

    async def _end(self, run: AudienceRun, reason: EndReason) -> None:
        """Cancels a run whose campaign was stopped or has ended."""
        await self._transactions.write(lambda unit: end_run(unit, run, reason, self._clock.now()))

    async def _go(self, run: AudienceRun) -> None:
        """Goes on with a run as long as that is possible."""
        try:
            taken = await self._transactions.write(lambda unit: self._take(unit, run))
            if taken.state is not RunState.ACCEPTING:
                taken = await self._selection.select(taken, self._owner)
            if taken.state is RunState.ACCEPTING:
                await self._accept(taken)
        except (RunLost, Unavailable):
            # Another process has it, or the next round goes on with it.
            return
        except CampaignOutdated:
            await self._end(run, EndReason.CAMPAIGN_OUTDATED)
        except Exception:
            log.exception("audience_run_failed", execution=run.name, sandbox=run.sandbox)
            await asyncio.sleep(MAX_SLEEP / SECOND)

    def _take(self, unit: UnitOfWork, seen: AudienceRun) -> AudienceRun:
        """Makes this process the one that executes the run. Raises RunLost."""
        run = unit.audience_runs.lock(seen.key)
        if run is None or not run.state.is_open or run.owner != seen.owner:
            raise RunLost
        taken = run.taken(self._owner)
        unit.audience_runs.save(taken)
        return taken

    async def _accept(self, run: AudienceRun) -> None:
        """Accepts until no member is left, or until the campaign is paused or ends."""
        step, taken = Step(Progress.CAMPAIGN_CHANGED, run), None
        while step.progress is Progress.CAMPAIGN_CHANGED:
            execution, campaign = await self._transactions.read(lambda unit: _execution_and_campaign(unit, run))
            if not _accepts(campaign, self._clock.now()):
                return
            live = await self._campaigns.with_version(campaign, execution.version)
            if taken is None:
                taken = await self._acceptor.read_taken(run, len(live.version.actions))
            step = await self._accept_under(step.run, execution, live, taken)

    async def _accept_under(
        self, run: AudienceRun, execution: Execution, live: LiveCampaign, taken: TakenAddresses
    ) -> Step:
        """Accepts while the campaign stays what it is."""
        step = Step(Progress.ADVANCED, run)
        while step.progress in _GOES_ON and not self._loop.is_closing:
            step = await self._acceptor.accept_next(step.run, self._owner, execution, live, taken)
            if step.progress is Progress.NO_ROOM:
                await asyncio.sleep(_WAIT_FOR_ROOM)
        return step


def _accepts(campaign: Campaign, now: Instant) -> bool:
    start, end = campaign.schedule.start_time, campaign.schedule.end_time
    within = (start is None or start <= now) and (end is None or now < end)
    return campaign.state in _MAY_BE_LIVE and within


def _execution_and_campaign(unit: UnitOfWork, run: AudienceRun) -> tuple[Execution, Campaign]:
    execution = unit.executions.get(whole_sandbox(run.sandbox), run.execution_id)
    assert execution is not None, "an execution outlives its run"
    return execution, unit.campaigns.by_keys({run.campaign_key})[run.campaign_key]
