"""`clarion suppressions`: keeps the addresses and domains that messages must not go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import Instant, parse_member, parse_members, parse_time
from clarion_server.transport.cli.commands.resources import show_deleted
from clarion_server.transport.cli.commands.suppression_files import export_suppressions, import_suppressions
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Suppression, SuppressionCheck

suppressions = App(name="suppressions", help="Keep the addresses and domains that messages must not go to.")
suppressions.command(import_suppressions, name="import")
suppressions.command(export_suppressions, name="export")

Target = Annotated[str, Parameter(help="An address, a domain such as example.com, or *.example.com for all below it.")]
COLUMNS: dict[str, Any] = {
    "ID": lambda entry: id_of(entry.name),
    "TARGET": lambda entry: plain(_target(entry)),
    "REASON": lambda entry: plain(entry.reason),
    "SCOPE": lambda entry: plain(entry.scope),
    "CREATED": lambda entry: moment(entry.create_time),
    "EXPIRES": lambda entry: moment(entry.expire_time),
}


@suppressions.command
def add(
    target: Target,
    /,
    *,
    reason: Annotated[str, Parameter(help="Why: hard-bounce, complaint, manual, invalid or unsubscribed.")] = "manual",
    scope: Annotated[str, Parameter(help="Which messages it stops: all or marketing.")] = "all",
    expire_time: Instant = "",
    session: CurrentSession,
) -> None:
    """Suppress an address or a domain. Messages that wait are stopped too."""
    from clarion_client import SuppressionReason, SuppressionScope  # noqa: PLC0415 - gRPC takes longer to load

    added = session.client.suppressions.create(
        target,
        reason=parse_member(SuppressionReason, reason, "--reason"),
        scope=parse_member(SuppressionScope, scope, "--scope"),
        expire_time=parse_time(expire_time, "--expire-time"),
    )
    session.output.show(added.to_dict(), lambda: plain(f"{_target(added)} is suppressed: {added.name}."))


@suppressions.command(name="list")
def list_suppressions(
    target: Annotated[str, Parameter(help="Only suppressions of exactly this address or domain.")] = "",
    /,
    *,
    reasons: Annotated[tuple[str, ...], Parameter(("--reasons", "--reason"), help="Only these reasons.")] = (),
    scopes: Annotated[tuple[str, ...], Parameter(("--scopes", "--scope"), help="Only these scopes.")] = (),
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List suppressions, newest first."""
    from clarion_client import SuppressionReason, SuppressionScope  # noqa: PLC0415 - gRPC takes longer to load

    found = session.client.suppressions.list(
        target=target,
        reasons=parse_members(SuppressionReason, reasons, "--reason"),
        scopes=parse_members(SuppressionScope, scopes, "--scope"),
        page_size=page_size(limit),
    )
    show_list(session.output, found, limit, COLUMNS)


@suppressions.command
def check(
    address: Annotated[str, Parameter(help="The address.")],
    /,
    *,
    session: CurrentSession,
) -> Exit:
    """Show what covers an address, by itself or by its domain.

    Exit code 1 when something is not sent to it.
    """
    checked = session.client.suppressions.check(address)
    session.output.show(checked.to_dict(), lambda: _check_view(address, checked))
    return Exit.BAD_NEWS if checked.excluded_categories else Exit.OK


@suppressions.command
def remove(
    suppression: Annotated[str, Parameter(help="The id of the suppression, as `clarion suppressions list` shows it.")],
    /,
    *,
    override_reason: Annotated[
        str, Parameter(help="Why a complaint is overridden. It is kept, so leave personal data out.")
    ] = "",
    session: CurrentSession,
) -> None:
    """Delete a suppression. Others of the same address or domain stay."""
    session.client.suppressions.delete(suppression, override_reason=override_reason)
    show_deleted(session.output, suppression)


def _target(suppression: Suppression) -> str:
    return suppression.address or suppression.domain or "-"


def _check_view(address: str, checked: SuppressionCheck) -> RenderableType:
    if not checked.excluded_categories:
        return plain(f"No suppression keeps anything from {address}.", "green")
    only_marketing = list(checked.excluded_categories) == ["MARKETING"]
    verdict = "Only transactional messages are sent" if only_marketing else "Nothing is sent"
    return Group(table(checked.suppressions, COLUMNS), plain(f"{verdict} to {address}.", "yellow"))
