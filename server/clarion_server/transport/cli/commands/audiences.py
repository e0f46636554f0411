"""`clarion audiences`: lists, shows, counts and deletes audiences, and fills lists. `clarion apply` writes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from cyclopts.validators import Number
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.audience_files import upload_identities
from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import AudienceName
from clarion_server.transport.cli.commands.resources import show_as_file, show_deleted
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, labels_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Audience, FailedEvaluations

#: Says how much of a condition a list shows, in characters.
_SHOWN = 60

audiences = App(name="audiences", help="List, show, count and delete audiences, and fill their lists.")
audiences.command(upload_identities, name="upload")


@audiences.command(name="list")
def list_audiences(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List audiences by name."""
    columns = {
        "ID": lambda audience: id_of(audience.name),
        "MEMBERS": lambda audience: plain(_members(audience)),
        "ACCESS LABELS": labels_of,
        "UPDATED": lambda audience: moment(audience.update_time),
        "NAME": lambda audience: plain(audience.display_name),
    }
    show_list(session.output, session.client.audiences.list(page_size=page_size(limit)), limit, columns)


@audiences.command(name="get")
def get_audience(audience: AudienceName, /, *, session: CurrentSession) -> None:
    """Print an audience as a file for `clarion apply`."""
    show_as_file(session.output, session.client.audiences.get(audience))


@audiences.command
def count(audience: AudienceName, /, *, session: CurrentSession) -> None:
    """Count the members of an audience, and the people for whom its condition fails. A million people take a while."""
    counted = session.client.audiences.count(audience)
    sentence = f"{counted.member_count:,} of {counted.evaluated_count:,} are members."
    session.output.show(counted.to_dict(), lambda: Group(plain(sentence), *_failures(counted.failures)))


@audiences.command
def sample(
    audience: AudienceName,
    /,
    *,
    size: Annotated[int, Parameter(help="How many members, at most 100.", validator=Number(gte=1, lte=100))] = 10,
    random: Annotated[bool, Parameter(negative=(), help="Choose them at random instead of the first ones.")] = False,
    session: CurrentSession,
) -> None:
    """Show some members of an audience: profiles, or identities of a list."""
    found = session.client.audiences.sample(audience, size, at_random=random)
    members = [plain(member) for member in found.members] or [plain("There are no members.")]
    session.output.show(found.to_dict(), lambda: Group(*members, *_failures(found.failures)))


@audiences.command(name="delete")
def delete_audience(audience: AudienceName, /, *, session: CurrentSession) -> None:
    """Delete an audience with its list."""
    session.client.audiences.delete(audience)
    show_deleted(session.output, audience)


def _members(audience: Audience) -> str:
    if audience.identity_list is not None:
        return f"{audience.identity_list.identity_count:,} listed"
    condition = " ".join((audience.condition or "").split())
    return condition if len(condition) <= _SHOWN else f"{condition[:_SHOWN]}…"


def _failures(failures: Sequence[FailedEvaluations]) -> list[RenderableType]:
    """Returns the people for whom a condition failed, by cause, when there are any."""
    if not failures:
        return []
    columns = {
        "FAILED BY": lambda failed: plain(failed.cause, "yellow"),
        "PEOPLE": lambda failed: plain(f"{failed.count:,}"),
        "SUCH AS": lambda failed: plain(failed.profiles[0] if failed.profiles else "-"),
    }
    return [table(failures, columns)]
