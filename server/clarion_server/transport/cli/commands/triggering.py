"""`clarion trigger`: sends a campaign to one recipient, or to the recipients of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.options import (
    CampaignName,
    Instant,
    JsonData,
    Labels,
    Locale,
    parse_json_object,
    parse_labels,
    parse_time,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain, state

if TYPE_CHECKING:
    from clarion_client import Accepted, MessageResult


def trigger(
    campaign: CampaignName,
    /,
    *,
    to: Annotated[str, Parameter(help="The recipient's address or identity.")] = "",
    context: JsonData = "",
    profile: JsonData = "",
    locale: Locale = "",
    request_id: Annotated[
        str, Parameter(help="Makes the command safe to repeat: the service sends once for the same id.")
    ] = "",
    from_: Annotated[
        Path | None,
        Parameter(
            "--from", help="A file with one trigger a line, as JSON objects. - is stdin.", allow_leading_hyphen=True
        ),
    ] = None,
    send_at: Annotated[
        Instant, Parameter(help="Do not send before this time, such as 2027-01-31T09:00:00+01:00.")
    ] = "",
    expire_at: Annotated[Instant, Parameter(help="Do not send after this time.")] = "",
    labels: Labels = (),
    allow_partial: Annotated[
        bool, Parameter(help="Accept the valid recipients of a line although others are invalid.")
    ] = False,
    validate_only: Annotated[bool, Parameter(help="Check and render everything. Sends nothing.")] = False,
    session: CurrentSession,
) -> Exit:
    """Send a campaign to one recipient (--to), or to the recipients of a file (--from).

    A line of the file is a JSON object: {"to": "jane@example.com", "context": {...}}. It may also have "profile",
    "locale", "address", "labels", "request_id", "send_time" and "expire_time", and "recipient": {"identity": ...} or
    "recipients": [...] instead of "to".

    It is safe to run a file again. A line without a request id gets one that depends on the campaign and the line, so
    that the service does not send again what it accepted in the last 7 days. Equal lines are therefore sent once.
    """
    if (from_ is None) == (not to):
        raise CommandFailed("Give either --to or --from.", hint="See clarion trigger --help.")
    shared: dict[str, Any] = {
        "send_time": parse_time(send_at, "--send-at"),
        "expire_time": parse_time(expire_at, "--expire-at"),
        "validate_only": validate_only,
        "labels": parse_labels(labels),
    }
    if from_ is not None:
        if context or profile or locale or request_id:
            raise CommandFailed("With --from, the lines of the file have the context, profile, locale and request id.")
        from clarion_server.transport.cli.trigger_lines import Defaults  # noqa: PLC0415 - loads gRPC
        from clarion_server.transport.cli.trigger_run import run_lines  # noqa: PLC0415 - see above

        return run_lines(session, from_, Defaults(campaign, allow_partial=allow_partial, **shared))
    accepted = session.client.trigger(
        campaign,
        to=to,
        context=parse_json_object(context, "--context"),
        profile=parse_json_object(profile, "--profile"),
        locale=locale,
        request_id=request_id,
        **shared,
    )
    session.output.show(accepted.to_dict(), lambda: _accepted_view(accepted))
    return Exit.OK


def _accepted_view(accepted: Accepted) -> RenderableType:
    lines: list[RenderableType] = [_result_view(message) for each in accepted.recipients for message in each.messages]
    if accepted.replayed:
        lines.append(plain("An earlier trigger with the same request id had this answer. Nothing is sent again."))
    if accepted.execution:
        lines.append(plain(accepted.execution, "dim"))
    return Group(*lines)


def _result_view(result: MessageResult) -> Text:
    reason = f" ({result.exclusion_reason})" if result.exclusion_reason else ""
    name = result.message or "only validated, nothing is sent"
    return Text.assemble(state(result.outcome), plain(reason), "  ", plain(name), "  ", plain(result.action, "dim"))
