"""`clarion trigger-audience`: sends a campaign to the members of an audience."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import RenderableType

from clarion_server.transport.cli.commands.options import (
    SEND_NOW,
    CampaignName,
    JsonData,
    Locale,
    RequestId,
    SendingOptions,
    parse_json_object,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.listing import fields
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain

if TYPE_CHECKING:
    from clarion_client import Execution

#: Seconds in which the members of any audience are counted.
_COUNTING = 600.0


def trigger_audience(
    campaign: CampaignName,
    audience: Annotated[str, Parameter(help="The audience, such as gold-customers.")],
    /,
    *,
    max_recipients: Annotated[
        int, Parameter(help="The most members that the audience may have. If it has more, nobody is written to.")
    ],
    context: JsonData = "",
    locale: Locale = "",
    request_id: RequestId = "",
    sending: SendingOptions = SEND_NOW,
    validate_only: Annotated[bool, Parameter(help="Count the members. Sends nothing.")] = False,
    wait: Annotated[bool, Parameter(help="Show the progress, and return when every member was decided about.")] = False,
    session: CurrentSession,
) -> Exit:
    """Send a campaign to the members of an audience.

    The service goes on by itself: `clarion executions get --wait` shows the progress, and `clarion executions cancel`
    ends it. Exit code 1 when the audience is too large, or when the run was cancelled.
    """
    from clarion_server.transport.cli.audience_run import exit_code, follow, to_follow  # noqa: PLC0415 - loads gRPC
    from clarion_server.transport.cli.refusals import repeatable_by_request_id  # noqa: PLC0415 - see above

    with repeatable_by_request_id():
        answer = session.client.trigger_audience(
            campaign,
            audience,
            max_recipients=max_recipients,
            context=parse_json_object(context, "--context"),
            locale=locale,
            request_id=request_id,
            validate_only=validate_only,
            timeout=_COUNTING if validate_only else None,
            **sending.parsed(),
        )
    execution = answer.execution
    if wait and not validate_only:
        # It stands above the progress, as Ctrl-C ends the command at once.
        session.output.inform(f"The run goes on by itself. {to_follow(execution)}")
        execution = follow(session, execution)
    session.output.show(execution.to_dict(), lambda: _view(execution, replayed=answer.replayed))
    if not (wait or validate_only):
        session.output.inform(to_follow(execution))
    return exit_code(execution.audience_run)


def _view(execution: Execution, *, replayed: bool) -> RenderableType:
    from clarion_server.transport.cli.audience_run import members_row, run_rows  # noqa: PLC0415 - see above

    run = execution.audience_run
    about: list[tuple[str, RenderableType]] = [("execution", plain(execution.name))]
    if run is not None and not execution.name:
        checked = ("execution", plain("only validated, nothing is sent"))
        return fields([checked, ("audience", plain(run.audience)), members_row(run)])
    if replayed:
        about.append(("replayed", plain("An earlier call with the same request id made it. Nothing is sent again.")))
    return fields(about + (run_rows(run) if run else []))
