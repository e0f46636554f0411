"""`clarion fragments`: lists, shows, publishes, archives and deletes fragments. `clarion apply` writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import findings_view, id_of, labels_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import Publication

FragmentName = Annotated[str, Parameter(help="The fragment, such as footer.")]

fragments = App(name="fragments", help="List, show, publish, archive and delete content that campaigns share.")


@fragments.command(name="list")
def list_fragments(
    *,
    archived: Annotated[bool, Parameter(help="Show archived fragments too.")] = False,
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List fragments by name."""
    columns = {
        "ID": lambda fragment: id_of(fragment.name),
        "KIND": lambda fragment: plain(fragment.kind),
        "VERSION": lambda fragment: plain(str(fragment.published_version or "-")),
        "DRAFT": lambda fragment: plain("pending" if fragment.draft_pending else "-"),
        "ACCESS LABELS": labels_of,
        "UPDATED": lambda fragment: moment(fragment.update_time),
        "ARCHIVED": lambda fragment: moment(fragment.archive_time),
        "NAME": lambda fragment: plain(fragment.display_name),
    }
    pager = session.client.fragments.list(show_archived=archived, page_size=page_size(limit))
    show_list(session.output, pager, limit, columns)


@fragments.command(name="get")
def get_fragment(fragment: FragmentName, /, *, session: CurrentSession) -> None:
    """Print a fragment as a file for `clarion apply`."""
    from clarion_server.transport.cli.files.resource_types import FRAGMENT  # noqa: PLC0415 - loads gRPC

    found = session.client.fragments.get(fragment)
    if session.output.as_json:
        session.output.show(found.to_dict(), str)
        return
    session.output.write(FRAGMENT.exported(found))


@fragments.command(name="publish")
def publish_fragment(
    fragment: FragmentName,
    /,
    *,
    dry_run: Annotated[bool, Parameter(help="Check the draft, and publish nothing.")] = False,
    session: CurrentSession,
) -> None:
    """Make a version of the draft. Campaigns that are activated from now on may take it; what is live stays."""
    publication = session.client.fragments.publish(fragment, validate_only=dry_run)
    session.output.show(publication.to_dict(), lambda: _publication_view(publication, dry_run=dry_run))


@fragments.command(name="versions")
def list_versions(fragment: FragmentName, /, *, limit: Limit = 50, session: CurrentSession) -> None:
    """List the versions of a fragment, the newest first."""
    columns = {
        "VERSION": lambda version: plain(str(version.version)),
        "PUBLISHED": lambda version: moment(version.create_time),
        "BY": lambda version: id_of(version.creator),
        "USES": lambda version: plain(", ".join(version.fragments) or "-"),
        "HASH": lambda version: plain(version.hash[:12]),
    }
    show_list(session.output, session.client.fragments.versions(fragment, page_size=page_size(limit)), limit, columns)


@fragments.command(name="uses")
def list_uses(fragment: FragmentName, /, *, limit: Limit = 50, session: CurrentSession) -> None:
    """List what has a fragment: drafts and versions of campaigns, and of other fragments."""
    columns = {
        "USER": lambda use: plain(use.user),
        "VERSION": lambda use: plain(str(use.version or "newest")),
        "LIVE": lambda use: plain("live" if use.live else "-"),
    }
    show_list(session.output, session.client.fragments.uses(fragment, page_size=page_size(limit)), limit, columns)


@fragments.command(name="archive")
def archive_fragment(fragment: FragmentName, /, *, session: CurrentSession) -> None:
    """Take a fragment out of use that nothing uses. Its versions stay."""
    archived = session.client.fragments.archive(fragment)
    session.output.show(archived.to_dict(), lambda: plain(f"{archived.name} is archived."))


@fragments.command(name="unarchive")
def unarchive_fragment(fragment: FragmentName, /, *, session: CurrentSession) -> None:
    """Take an archived fragment into use again."""
    unarchived = session.client.fragments.unarchive(fragment)
    session.output.show(unarchived.to_dict(), lambda: plain(f"{unarchived.name} is in use."))


@fragments.command(name="delete")
def delete_fragment(fragment: FragmentName, /, *, session: CurrentSession) -> None:
    """Delete a fragment with its versions, when nothing has it."""
    session.client.fragments.delete(fragment)
    session.output.show({"deleted": fragment}, lambda: plain(f"{fragment} is deleted."))


def _publication_view(publication: Publication, *, dry_run: bool) -> RenderableType:
    would = "would be" if dry_run else "is"
    verdict = f"{publication.fragment.name} version {publication.version.version} {would} published."
    parts = [findings_view(publication.warnings)] if publication.warnings else []
    return Group(*parts, plain(verdict, "green"))
