"""Shows how far a run of an audience has come, until it has ended."""

from __future__ import annotations

import time

from clarion_client import AudienceRun, AudienceRunState, ClarionError, Execution
from rich.console import RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.refusals import explain
from clarion_server.transport.cli.session import Session
from clarion_server.transport.cli.views import moment, plain, state

#: Seconds between two looks.
_EVERY = 1.0
_OPEN = frozenset({AudienceRunState.SCHEDULED, AudienceRunState.SELECTING, AudienceRunState.ACCEPTING})
#: States in which the members are not all known.
_UNKNOWN_MEMBERS = frozenset({AudienceRunState.SCHEDULED, AudienceRunState.SELECTING})


def follow(session: Session, execution: Execution) -> Execution:
    """Returns the execution when its run has ended, or at once if it has none. Ctrl-C ends the command, not the run.

    Looks on when the service comes back within the time of a call. Raises CommandFailed, which says how to look on
    later: whoever repeated the trigger under another request id would write to everybody again.
    """
    try:
        return _followed(session, execution)
    except ClarionError as error:
        failure = explain(error)
        assert failure is not None
        failure.hint = f"The run goes on by itself. {to_follow(execution)}"
        raise failure from error


def to_follow(execution: Execution) -> str:
    return f"Next: clarion executions get --wait {execution.name.rpartition('/')[2]}"


def _followed(session: Session, execution: Execution) -> Execution:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with session.output.progress(*columns) as progress:
        task = progress.add_task("", total=None)
        while (run := execution.audience_run) is not None:
            progress.update(
                task,
                description=run.state.lower(),
                total=run.selected_count or None,
                completed=decided_count(run),
            )
            if run.state not in _OPEN:
                break
            time.sleep(_EVERY)
            execution = session.persistent_client.executions.get(execution.name)
    return execution


def decided_count(run: AudienceRun) -> int:
    return run.accepted_count + sum(run.excluded_counts.values()) + run.deleted_count


def left_count(run: AudienceRun) -> int:
    """Returns how many members were not decided about, as far as they are known."""
    return max(run.selected_count - decided_count(run), 0)


def exit_code(run: AudienceRun | None) -> Exit:
    has_failed = run is not None and run.state in {AudienceRunState.REFUSED, AudienceRunState.CANCELLED}
    return Exit.BAD_NEWS if has_failed else Exit.OK


def members_row(run: AudienceRun) -> tuple[str, RenderableType]:
    return "members", plain(f"{run.selected_count:,} of at most {run.max_recipients:,}")


def run_rows(run: AudienceRun) -> list[tuple[str, RenderableType]]:
    """Returns what there is to show of a run, by name."""
    rows: list[tuple[str, RenderableType]] = [
        ("audience", plain(run.audience)),
        ("run", state(run.state)),
    ]
    if run.end_reason is not None:
        rows.append(("because", plain(run.end_reason)))
    rows.append(("starts", moment(run.start_time)))
    if run.state in _UNKNOWN_MEMBERS:
        rows.append(("members", plain(f"at most {run.max_recipients:,}")))
        return rows
    rows += [members_row(run), ("accepted for", plain(run.accepted_count))]
    rows += [(f"excluded {reason}", plain(count)) for reason, count in run.excluded_counts.items()]
    if run.deleted_count:
        rows.append(("profile deleted", plain(run.deleted_count)))
    rows += [(f"no member {failed.cause}", plain(failed.count)) for failed in run.failed_evaluations]
    if run.snapshot_count > 1:
        rows.append(("states read", plain(run.snapshot_count)))
    return rows
