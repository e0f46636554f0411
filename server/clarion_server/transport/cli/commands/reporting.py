"""`clarion report`: counts the messages of a campaign by outcome."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from clarion_server.transport.cli.charts import report_view
from clarion_server.transport.cli.commands.options import CampaignName
from clarion_server.transport.cli.session import CurrentSession, Session

if TYPE_CHECKING:
    from clarion_client import CampaignReport

#: The time between two reports of --watch, in seconds.
INTERVAL = 1.0


def report(
    campaign: CampaignName,
    /,
    *,
    version: Annotated[int, Parameter(help="Only messages of this version. Default: all versions.")] = 0,
    watch: Annotated[bool, Parameter(help="Update the report every second until Ctrl-C.")] = False,
    session: CurrentSession,
) -> None:
    """Show how many messages are sent, failed, excluded or queued, and how long the hand-off took."""
    if watch:
        _watch(campaign, version, session)
        return
    found = session.client.reports.get(campaign, version=version)
    session.output.show(found.to_dict(), lambda: report_view(found, bars=session.output.stdout.is_terminal))


def _watch(campaign: str, version: int, session: Session) -> None:
    ended = threading.Event()
    with session.interruption.handled_by(ended.set):
        if session.output.stdout.is_terminal and not session.output.as_json:
            _watch_live(campaign, version, session, ended)
        while not ended.is_set():
            _show_line(session.client.reports.get(campaign, version=version), session)
            ended.wait(INTERVAL)


def _watch_live(campaign: str, version: int, session: Session, ended: threading.Event) -> None:
    from rich.live import Live  # noqa: PLC0415 - only used here

    with Live(console=session.output.stdout, auto_refresh=False) as screen:
        while not ended.is_set():
            found = session.client.reports.get(campaign, version=version)
            screen.update(report_view(found, bars=True), refresh=True)
            ended.wait(INTERVAL)


def _show_line(found: CampaignReport, session: Session) -> None:
    session.output.show_line(found.to_dict(), lambda: report_view(found, bars=False))
