"""`clarion report`: what became of a campaign's messages, in figures."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from clarion_server.transport.cli.charts import report_view
from clarion_server.transport.cli.commands.options import CampaignName
from clarion_server.transport.cli.session import CurrentSession, Session

if TYPE_CHECKING:
    from clarion_client import CampaignReport

#: Seconds between two looks at the figures.
INTERVAL = 1.0


def report(
    campaign: CampaignName,
    /,
    *,
    version: Annotated[int, Parameter(help="Only messages of this version. Default: all.")] = 0,
    watch: Annotated[bool, Parameter(help="Keep the figures up to date until Ctrl-C.")] = False,
    session: CurrentSession,
) -> None:
    """Show how many messages were sent, failed, excluded, are queued, and how long the hand-off took."""
    if watch:
        _watch(campaign, version, session)
        return
    figures = session.client.reports.get(campaign, version=version)
    session.output.show(figures.to_dict(), lambda: report_view(figures, bars=session.output.screen.is_terminal))


def _watch(campaign: str, version: int, session: Session) -> None:
    ended = threading.Event()
    with session.interruption.means(ended.set):
        if session.output.screen.is_terminal and not session.output.as_json:
            _watch_live(campaign, version, session, ended)
        while not ended.is_set():
            _show_line(session.client.reports.get(campaign, version=version), session)
            ended.wait(INTERVAL)


def _watch_live(campaign: str, version: int, session: Session, ended: threading.Event) -> None:
    from rich.live import Live  # noqa: PLC0415 - for this alone

    with Live(console=session.output.screen, auto_refresh=False) as screen:
        while not ended.is_set():
            figures = session.client.reports.get(campaign, version=version)
            screen.update(report_view(figures, bars=True), refresh=True)
            ended.wait(INTERVAL)


def _show_line(figures: CampaignReport, session: Session) -> None:
    session.output.show_line(figures.to_dict(), lambda: report_view(figures, bars=False))
