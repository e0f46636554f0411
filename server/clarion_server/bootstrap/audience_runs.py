"""Wires the component that sends campaigns to the members of audiences."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.audience_runs.accepting import MemberAcceptor
from clarion_server.application.audience_runs.runner import AudienceRunner
from clarion_server.application.audience_runs.selecting import MemberSelection
from clarion_server.application.audience_runs.triggering import AudienceTriggering
from clarion_server.application.triggering.accept import AcceptTriggers
from clarion_server.bootstrap.core import Core
from clarion_server.config import Settings


@dataclass(frozen=True, slots=True)
class AudienceRuns:
    triggering: AudienceTriggering
    runner: AudienceRunner | None
    """None in a process that only accepts: another process runs what it has stored."""

    def wake(self) -> None:
        """Looks at the runs again, because one was stored or a campaign has changed."""
        if self.runner is not None:
            self.runner.wake()

    def start(self) -> None:
        if self.runner is not None:
            self.runner.start()

    async def close(self) -> None:
        if self.runner is not None:
            await self.runner.close()


def wire_audience_runs(settings: Settings, core: Core, accept_triggers: AcceptTriggers) -> AudienceRuns:
    transactions, clock = core.transactions, core.clock
    selection = MemberSelection(transactions, core.audiences, clock)
    acceptor = MemberAcceptor(transactions, accept_triggers, clock, core.commit_signal.commit_happened)
    runner = AudienceRunner(transactions, core.campaigns, selection, acceptor, core.lease, clock)
    is_run_here = settings.role != "api"
    triggering = AudienceTriggering(transactions, core.campaigns, selection, clock, core.ids, runner.wake)
    return AudienceRuns(triggering, runner if is_run_here else None)
