"""`clarion campaigns`: lists, shows and deletes campaigns. `clarion apply` writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter
from rich.console import RenderableType

from clarion_server.transport.cli.commands.life_cycle import state_view
from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import (
    CampaignName,
    Instant,
    option_group,
    parse_members,
    parse_time,
    split_words,
)
from clarion_server.transport.cli.commands.resources import show_deleted
from clarion_server.transport.cli.session import CurrentSession, Session
from clarion_server.transport.cli.views import difference_view, id_of, labels_of, moment, plain, state

if TYPE_CHECKING:
    from clarion_client import Campaign, Client, Pager

campaigns = App(name="campaigns", help="List, show, copy, archive and delete campaigns, and see their versions.")


@option_group
class CampaignFilters:
    """Says which campaigns a list has. A campaign is in it that passes all filters."""

    states: Annotated[
        tuple[str, ...],
        Parameter(
            ("--states", "--state"),
            help="Only campaigns in these states: draft, scheduled, live, paused, stopped, completed, archived."
            " Default: all but archived.",
        ),
    ] = ()
    categories: Annotated[
        tuple[str, ...],
        Parameter(("--categories", "--category"), help="Only campaigns of these categories: transactional, marketing."),
    ] = ()
    tags: Annotated[
        tuple[str, ...], Parameter(("--tags", "--tag"), help="Only campaigns with one of these tags, in any case.")
    ] = ()
    channels: Annotated[
        tuple[str, ...],
        Parameter(("--channels", "--channel"), help="Only campaigns that send on these channels, such as email."),
    ] = ()
    creator: Annotated[str, Parameter(help="Only campaigns that this key created, such as apiKeys/4711.")] = ""
    mine: Annotated[bool, Parameter(help="Only campaigns that your own key created.")] = False
    created_since: Annotated[Instant, Parameter(help="Only campaigns created at this time or later.")] = ""
    updated_since: Annotated[Instant, Parameter(help="Only campaigns changed at this time or later.")] = ""
    text: Annotated[str, Parameter(help="Only campaigns with this text in their id, name or description.")] = ""

    def found(self, client: Client, limit: int) -> Pager[Campaign]:
        """Raises CommandFailed for a filter that makes no sense."""
        from clarion_client import CampaignState, Category, Channel  # noqa: PLC0415 - gRPC takes longer to load than help to print

        return client.campaigns.list(
            states=parse_members(CampaignState, self.states, "--state"),
            categories=parse_members(Category, self.categories, "--category"),
            tags=split_words(self.tags),
            channels=parse_members(Channel, self.channels, "--channel"),
            creator="me" if self.mine else self.creator,
            min_create_time=parse_time(self.created_since, "--created-since"),
            min_update_time=parse_time(self.updated_since, "--updated-since"),
            text=self.text,
            page_size=page_size(limit),
        )


EVERY_CAMPAIGN = CampaignFilters()


@campaigns.command(name="list")
def list_campaigns(*, filters: CampaignFilters = EVERY_CAMPAIGN, limit: Limit = 50, session: CurrentSession) -> None:
    """List campaigns by name. States, categories, channels and tags may be lists with commas."""
    columns = {
        "ID": lambda campaign: id_of(campaign.name),
        "STATE": lambda campaign: state(campaign.state),
        "VERSION": lambda campaign: plain(campaign.live_version or "-"),
        "DRAFT": lambda campaign: plain("pending" if campaign.draft_pending else "-"),
        "HEALTH": _health,
        "ACCESS LABELS": labels_of,
        "UPDATED": lambda campaign: moment(campaign.update_time),
        "NAME": lambda campaign: plain(campaign.display_name),
    }
    show_list(session.output, filters.found(session.client, limit), limit, columns)


@campaigns.command(name="tags")
def list_tags(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List the tags of campaigns, and how many campaigns have each."""
    columns = {
        "TAG": lambda use: plain(use.tag),
        "CAMPAIGNS": lambda use: plain(use.campaign_count),
    }
    show_list(session.output, session.client.campaigns.tags(page_size=page_size(limit)), limit, columns)


def _health(campaign: Campaign) -> RenderableType:
    """Returns `ok`, or the codes of what is wrong; a dash for a campaign that is not in use."""
    if campaign.health is None:
        return plain("-")
    codes = dict.fromkeys(problem.code.value for problem in campaign.health.problems)
    return plain(", ".join(codes), "red") if codes else plain("ok", "green")


@campaigns.command(name="get")
def get_campaign(
    campaign: CampaignName,
    /,
    *,
    version: Annotated[int, Parameter(help="Print this version. Default: the draft.")] = 0,
    session: CurrentSession,
) -> None:
    """Print a campaign's draft, or one of its versions, as a file for `clarion apply`."""
    from clarion_server.transport.cli.files.resource_types import CAMPAIGN  # noqa: PLC0415 - see above

    if version:
        _print_version(session, campaign, version)
        return
    found = session.client.campaigns.get(campaign)
    if session.output.as_json:
        session.output.show(found.to_dict(), str)
        return
    live = f", version {found.live_version}" if found.live_version else ""
    pending = ", with changes that are not activated" if live and found.draft_pending else ""
    session.output.write(CAMPAIGN.exported(found, f"{found.state}{live}{pending}"))
    for problem in found.health.problems if found.health else ():
        session.output.inform(f"{problem.code}: {problem.message}")


def _print_version(session: Session, campaign: str, number: int) -> None:
    from clarion_server.transport.cli.files.resource_types import CAMPAIGN  # noqa: PLC0415 - loads gRPC

    found = session.client.campaigns.version(campaign, number)
    if session.output.as_json:
        session.output.show(found.to_dict(), str)
        return
    snapshot = replace(found.snapshot, name=found.campaign)
    session.output.write(
        CAMPAIGN.exported(snapshot, f"version {found.version}, without tags and access labels: these have no versions")
    )


@campaigns.command(name="versions")
def list_versions(campaign: CampaignName, /, *, limit: Limit = 50, session: CurrentSession) -> None:
    """List activated versions, newest first. `clarion activate --version` goes back to one."""
    pager = session.client.campaigns.versions(campaign, page_size=page_size(limit))
    columns = {
        "VERSION": lambda version: plain(version.version),
        "ACTIVATED": lambda version: moment(version.create_time),
        "BY": lambda version: plain(version.creator),
    }
    show_list(session.output, pager, limit, columns)


@campaigns.command(name="diff")
def diff_versions(
    campaign: CampaignName,
    /,
    *,
    base: Annotated[int, Parameter(help="The earlier version. Default: the live one.")] = 0,
    version: Annotated[int, Parameter(help="The later version. Default: the draft.")] = 0,
    rendered: Annotated[bool, Parameter(help="Show which test cells come out differently, too.")] = False,
    session: CurrentSession,
) -> None:
    """Show how two versions differ, and what a change of the context schema means to callers."""
    difference = session.client.campaigns.diff(campaign, base_version=base, version=version, render_test_cases=rendered)
    session.output.show(difference.to_dict(), lambda: difference_view(difference))


@campaigns.command(name="duplicate")
def duplicate_campaign(
    campaign: CampaignName,
    copy: Annotated[str, Parameter(help="The id of the copy.")],
    /,
    *,
    version: Annotated[int, Parameter(help="Copy this version. Default: the draft.")] = 0,
    display_name: Annotated[str, Parameter(help="The display name of the copy. Default: the same.")] = "",
    session: CurrentSession,
) -> None:
    """Make a new draft of a campaign."""
    made = session.client.campaigns.duplicate(campaign, copy, version=version, display_name=display_name)
    session.output.show(made.to_dict(), lambda: state_view(made))


@campaigns.command(name="archive")
def archive_campaign(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Put aside a draft or a campaign that has ended: lists leave it out."""
    archived = session.client.campaigns.archive(campaign)
    session.output.show(archived.to_dict(), lambda: state_view(archived))


@campaigns.command(name="unarchive")
def unarchive_campaign(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Bring an archived campaign back."""
    found = session.client.campaigns.unarchive(campaign)
    session.output.show(found.to_dict(), lambda: state_view(found))


@campaigns.command(name="delete")
def delete_campaign(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Delete a campaign that was never activated."""
    session.client.campaigns.delete(campaign)
    show_deleted(session.output, campaign)
