"""Makes sure that one process alone executes a run."""

from __future__ import annotations

from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.audiences.audience_run import AudienceRun, RunState


class RunLost(Exception):
    """The run has ended, or another process has it now."""


def lock_own(unit: UnitOfWork, key: int, owner: str, state: RunState) -> AudienceRun:
    """Locks a run that the process `owner` executes and that is in this state. Raises RunLost for any other.

    Every commit for a run begins so. A process that was taken for dead therefore changes nothing more.
    """
    run = unit.audience_runs.lock(key)
    if run is None or run.owner != owner or run.state is not state:
        raise RunLost
    return run
