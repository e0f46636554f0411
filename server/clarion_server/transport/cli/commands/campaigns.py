"""`clarion campaigns`: lists, shows and deletes campaigns. `clarion apply` writes them."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.options import CampaignName, parse_members, split_words
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain, state

campaigns = App(name="campaigns", help="List, show and delete campaigns, and see their versions.")


@campaigns.command(name="list")
def list_campaigns(
    *,
    states: Annotated[
        tuple[str, ...],
        Parameter(
            ("--states", "--state"),
            help="Only campaigns in these states: draft, scheduled, live, paused, stopped, completed.",
        ),
    ] = (),
    categories: Annotated[
        tuple[str, ...],
        Parameter(("--categories", "--category"), help="Only campaigns of these categories: transactional, marketing."),
    ] = (),
    tags: Annotated[
        tuple[str, ...], Parameter(("--tags", "--tag"), help="Only campaigns with one of these tags.")
    ] = (),
    text: Annotated[str, Parameter(help="Only campaigns with this text in their id, name or description.")] = "",
    limit: Limit = 50,
    session: CurrentSession,
) -> None:
    """List campaigns by name. States, categories and tags may be lists with commas."""
    from clarion_client import CampaignState, Category  # noqa: PLC0415 - gRPC takes longer to load than help to print

    pager = session.client.campaigns.list(
        states=parse_members(CampaignState, states, "--states"),
        categories=parse_members(Category, categories, "--categories"),
        tags=split_words(tags),
        text=text,
        page_size=page_size(limit),
    )
    columns = {
        "ID": lambda campaign: id_of(campaign.name),
        "STATE": lambda campaign: state(campaign.state),
        "VERSION": lambda campaign: plain(campaign.live_version or "-"),
        "DRAFT": lambda campaign: plain("pending" if campaign.draft_pending else "-"),
        "UPDATED": lambda campaign: moment(campaign.update_time),
        "NAME": lambda campaign: plain(campaign.display_name),
    }
    show_list(session.output, pager, limit, columns)


@campaigns.command(name="get")
def get_campaign(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Print a campaign's draft as a file for `clarion apply`."""
    from clarion_server.transport.cli.files.resource_types import CAMPAIGN  # noqa: PLC0415 - see above

    found = session.client.campaigns.get(campaign)
    if session.output.as_json:
        session.output.show(found.to_dict(), str)
        return
    version = f", version {found.live_version}" if found.live_version else ""
    pending = ", with changes that are not activated" if version and found.draft_pending else ""
    session.output.write(CAMPAIGN.exported(found, f"{found.state}{version}{pending}"))


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


@campaigns.command(name="delete")
def delete_campaign(campaign: CampaignName, /, *, session: CurrentSession) -> None:
    """Delete a campaign that was never activated."""
    session.client.campaigns.delete(campaign)
    session.output.show({"deleted": campaign}, lambda: plain(f"{campaign} is deleted."))
