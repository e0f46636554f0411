"""`clarion fragments`: lists, publishes, rolls out, archives and deletes fragments. `clarion apply` writes them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import Group, RenderableType
from rich.padding import Padding

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.resources import show_as_file, show_deleted
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.listing import table
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import findings_view, id_of, labels_of, moment, plain, state

if TYPE_CHECKING:
    from clarion_client import Fragment, FragmentRepin, FragmentVersion, Publication, RollOut

#: Says how many campaigns one call may name.
_MOST_CAMPAIGNS = 100
#: Holds the outcomes after which a campaign has the version.
_HAVE_IT = ("REPINNED", "UNCHANGED")
#: Says what a person may do about the other outcomes.
_ADVICE = {
    "APPROVAL_REQUIRED": "Submit the draft by `clarion approvals submit`, and repeat this once it is approved.",
    "FIXED": "It names a version itself, as in fragments/footer@4: change that.",
    "NOT_USED": "Its live version does not have the fragment.",
    "NOT_LIVE": "It is not live.",
    "NOT_FOUND": "There is no such campaign.",
    "CONTENDED": "Somebody changed it meanwhile. Repeat this.",
}

FragmentName = Annotated[str, Parameter(help="The fragment, such as footer.")]

fragments = App(
    name="fragments", help="List, show, publish, roll out, archive and delete content that campaigns share."
)


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
        "DRAFT": lambda fragment: plain(_draft(fragment)),
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
    show_as_file(session.output, session.client.fragments.get(fragment))


@fragments.command(name="publish")
def publish_fragment(
    fragment: FragmentName,
    /,
    *,
    dry_run: Annotated[bool, Parameter(help="Check the draft, and publish nothing.")] = False,
    bypass: Annotated[str, Parameter(help="Why it is published without its approvals. For administrators.")] = "",
    session: CurrentSession,
) -> None:
    """Make a version of the draft. Campaigns that are activated from now on may take it; what is live stays."""
    publication = session.client.fragments.publish(fragment, validate_only=dry_run, bypass_reason=bypass)
    session.output.show(publication.to_dict(), lambda: _publication_view(publication, dry_run=dry_run))


@fragments.command(name="repin")
def repin_fragment(
    fragment: FragmentName,
    /,
    *campaigns: Annotated[str, Parameter(help="The campaigns to roll it out to, such as order-confirmed.")],
    to: Annotated[int, Parameter(help="Roll out this version. Default: the newest.")] = 0,
    every: Annotated[
        bool, Parameter(name="--all", help="Roll it out to every campaign that has the fragment live.")
    ] = False,
    dry_run: Annotated[bool, Parameter(help="Review each campaign, and change nothing.")] = False,
    bypass: Annotated[str, Parameter(help="Why campaigns get it without their approvals. For administrators.")] = "",
    session: CurrentSession,
) -> Exit:
    """Roll a version of a fragment out to campaigns that are live. Each gets a new version; drafts stay as they are.

    Exit code 1 when a campaign did not get it. `clarion campaigns activate CAMPAIGN --version N` goes back.
    """
    if every == bool(campaigns):
        raise CommandFailed("Name the campaigns, or give --all for each that has the fragment live.")
    names = _live_users(session, fragment) if every else campaigns
    parts = [
        session.client.fragments.repin(fragment, part, to_version=to, validate_only=dry_run, bypass_reason=bypass)
        for part in _parts(names)
    ]
    repins = [repin for part in parts for repin in part.repins]
    session.output.show([repin.to_dict() for repin in repins], lambda: _roll_out_view(parts, repins, dry_run=dry_run))
    return Exit.OK if all(repin.outcome in _HAVE_IT for repin in repins) else Exit.BAD_NEWS


@fragments.command(name="versions")
def list_versions(fragment: FragmentName, /, *, limit: Limit = 50, session: CurrentSession) -> None:
    """List the versions of a fragment, the newest first."""
    columns = {
        "VERSION": lambda version: plain(str(version.version)),
        "PUBLISHED": lambda version: moment(version.create_time),
        "BY": lambda version: id_of(version.creator),
        "APPROVED BY": lambda version: plain(_approval(version)),
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
    show_deleted(session.output, fragment)


def _draft(fragment: Fragment) -> str:
    """Returns where the draft stands, in a word or two."""
    if fragment.approval_state:
        return fragment.approval_state.replace("_", " ").lower()
    return "pending" if fragment.draft_pending else "-"


def _approval(version: FragmentVersion) -> str:
    """Returns who approved a version, or why nobody did."""
    approvers = ", ".join(name.rpartition("/")[2] for name in version.approvers)
    return f"bypassed: {version.bypass_reason}" if version.bypass_reason else approvers or "-"


def _publication_view(publication: Publication, *, dry_run: bool) -> RenderableType:
    would = "would be" if dry_run else "is"
    verdict = f"{publication.fragment.name} version {publication.version.version} {would} published."
    parts = [findings_view(publication.warnings)] if publication.warnings else []
    return Group(*parts, plain(verdict, "green"))


def _live_users(session: CurrentSession, fragment: str) -> list[str]:
    """Returns the names of the campaigns whose live versions have a fragment."""
    uses = session.client.fragments.uses(fragment, page_size=1_000)
    return list(dict.fromkeys(use.user.partition("/versions/")[0] for use in uses if use.live))


def _parts(names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yields as many names as one call may have, in their order."""
    return (names[start : start + _MOST_CAMPAIGNS] for start in range(0, len(names), _MOST_CAMPAIGNS))


def _roll_out_view(parts: Sequence[RollOut], repins: Sequence[FragmentRepin], *, dry_run: bool) -> RenderableType:
    if not parts:
        return plain("No campaign has the fragment live.")
    columns = {
        "CAMPAIGN": lambda repin: id_of(repin.campaign),
        "OUTCOME": lambda repin: state(repin.outcome),
        "FRAGMENT": lambda repin: plain(_change(repin, parts[0].to_version)),
        "VERSION": lambda repin: plain(str(repin.campaign_version or "-")),
        "DETAIL": lambda repin: plain(_detail(repin)),
    }
    refused = [repin for repin in repins if repin.outcome == "REFUSED"]
    shown: list[RenderableType] = [table(repins, columns)]
    for repin in refused:
        shown += [plain(repin.campaign, "bold"), Padding(findings_view(repin.findings), (0, 0, 0, 2))]
    if dry_run:
        shown.append(plain("Nothing was changed."))
    return Group(*shown)


def _change(repin: FragmentRepin, to_version: int) -> str:
    return f"{repin.from_version} → {to_version}" if repin.outcome == "REPINNED" else str(repin.from_version or "-")


def _detail(repin: FragmentRepin) -> str:
    count = len(repin.findings)
    found = f"{count} {'finding' if count == 1 else 'findings'}" if count else ""
    policies = ", ".join(repin.approval_policies)
    return " ".join(filter(None, [policies, _ADVICE.get(repin.outcome, ""), found])) or "-"
