"""`clarion executions`: lists, shows and cancels accepted triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain, state

if TYPE_CHECKING:
    from clarion_client import Execution, ExecutionCancellation

ExecutionName = Annotated[str, Parameter(help="The id of the execution.")]

executions = App(name="executions", help="List, show and cancel accepted triggers.")


@executions.command(name="list")
def list_executions(
    *,
    campaign: Annotated[str, Parameter(help="Only executions of this campaign.")] = "",
    request_id: Annotated[str, Parameter(help="Only the execution with this request id. Needs --campaign.")] = "",
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List accepted triggers, newest first."""
    pager = session.client.executions.list(campaign=campaign, request_id=request_id, page_size=page_size(limit))
    columns = {
        "ID": lambda execution: id_of(execution.name),
        "CAMPAIGN": lambda execution: id_of(execution.campaign),
        "ACCEPTED": lambda execution: moment(execution.accept_time),
        "REQUEST ID": lambda execution: plain(execution.request_id or "-"),
    }
    show_list(session.output, pager, limit, columns)


@executions.command(name="get")
def get_execution(
    execution: ExecutionName,
    /,
    *,
    wait: Annotated[
        bool, Parameter(help="Show the progress, and return when every member of its audience was decided about.")
    ] = False,
    session: CurrentSession,
) -> None:
    """Show an accepted trigger, and how many of its messages are in each state."""
    from clarion_server.transport.cli.audience_run import follow  # noqa: PLC0415 - loads gRPC

    found = session.client.executions.get(execution)
    if wait:
        found = follow(session, found)
    session.output.show(found.to_dict(), lambda: _execution_view(found))


@executions.command(name="cancel")
def cancel_execution(execution: ExecutionName, /, *, session: CurrentSession) -> Exit:
    """Cancel the messages of an execution that are not being handed off yet, and end the run of an audience.

    Exit code 1 when it was too late for some of them.
    """
    from clarion_client import CancelOutcome  # noqa: PLC0415 - gRPC takes longer to load than help to print

    cancellation = session.client.executions.cancel(execution)
    session.output.show(
        cancellation.to_dict(),
        lambda: Text.assemble(state(cancellation.outcome), f": {_sentence(cancellation)}"),
    )
    return Exit.OK if cancellation.outcome is CancelOutcome.CANCELLED else Exit.BAD_NEWS


def _sentence(cancellation: ExecutionCancellation) -> str:
    from clarion_server.transport.cli.audience_run import left_count  # noqa: PLC0415 - loads gRPC

    counts = f"{cancellation.cancelled_count:,} cancelled, too late for {cancellation.too_late_count:,}."
    run = cancellation.execution.audience_run
    left = left_count(run) if run is not None else 0
    return f"{counts} {left:,} members were left, who get nothing." if left else counts


def _execution_view(execution: Execution) -> RenderableType:
    from clarion_server.transport.cli.audience_run import run_rows  # noqa: PLC0415 - loads gRPC

    about: list[tuple[str, RenderableType]] = [
        ("execution", plain(execution.name)),
        ("campaign", plain(f"{execution.campaign}, version {execution.campaign_version}")),
        ("request id", plain(execution.request_id or "-")),
        ("caller", plain(execution.caller)),
        ("accepted", moment(execution.accept_time)),
        ("send time", moment(execution.send_time)),
        ("expires", moment(execution.expire_time)),
    ]
    counts = execution.message_counts.to_dict() if execution.message_counts else {}
    about += [(name.removesuffix("_count").replace("_", " "), plain(count)) for name, count in counts.items() if count]
    if execution.rejected_count:
        about.append(("rejected", plain(execution.rejected_count)))
    if execution.audience_run:
        about += run_rows(execution.audience_run)
    return fields(about)
