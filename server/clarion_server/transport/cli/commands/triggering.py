"""`clarion trigger`: sends a campaign to one recipient, or to the recipients of a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.text import Text

from clarion_server.transport.cli.commands.options import (
    NO_DATA,
    SEND_NOW,
    CampaignName,
    RecipientOptions,
    RequestId,
    SendingOptions,
)
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import plain, state

if TYPE_CHECKING:
    from clarion_client import Accepted, MessageResult

LinesFile = Annotated[
    Path | None,
    Parameter("--from", help="A file with one trigger a line, as JSON objects. - is stdin.", allow_leading_hyphen=True),
]

AllowPartial = Annotated[bool, Parameter(help="Accept the valid recipients of a line although others are invalid.")]


def trigger(
    campaign: CampaignName,
    /,
    *,
    to: Annotated[str, Parameter(help="The recipient's address or identity.")] = "",
    recipient: RecipientOptions = NO_DATA,
    request_id: RequestId = "",
    from_: LinesFile = None,
    sending: SendingOptions = SEND_NOW,
    allow_partial: AllowPartial = False,
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
    if from_ is not None:
        if recipient != NO_DATA or request_id:
            raise CommandFailed("With --from, the lines of the file have the context, profile, locale and request id.")
        return _trigger_lines(
            session, from_, campaign, sending, allow_partial=allow_partial, validate_only=validate_only
        )
    from clarion_server.transport.cli.refusals import repeatable_by_request_id  # noqa: PLC0415 - loads gRPC

    with repeatable_by_request_id():
        accepted = session.client.trigger(
            campaign,
            to=to,
            request_id=request_id,
            validate_only=validate_only,
            **recipient.parsed(),
            **sending.parsed(),
        )
    session.output.show(accepted.to_dict(), lambda: _accepted_view(accepted))
    return Exit.OK


def _trigger_lines(
    session: Session, path: Path, campaign: str, sending: SendingOptions, *, allow_partial: bool, validate_only: bool
) -> Exit:
    from clarion_server.transport.cli.trigger_lines import Defaults  # noqa: PLC0415 - loads gRPC
    from clarion_server.transport.cli.trigger_run import run_lines  # noqa: PLC0415 - see above

    defaults = Defaults(campaign, allow_partial=allow_partial, validate_only=validate_only, **sending.parsed())
    return run_lines(session, path, defaults)


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
