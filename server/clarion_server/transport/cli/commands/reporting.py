"""`clarion report`: counts the messages of a campaign by outcome."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

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
    ended: Future[None] = Future()
    with session.interruption.handled_by(lambda: ended.set_result(None)):
        found = _reports(campaign, version, session, ended)
        if session.output.stdout.is_terminal and not session.output.as_json:
            _show_live(found, session)
        else:
            for each in found:
                _show_line(each, session)


def _reports(campaign: str, version: int, session: Session, ended: Future[None]) -> Iterator[CampaignReport]:
    """Yields the report again and again until the end. The first look fails at once when the service does not run, and
    the later ones when it has been away for the time of a call.
    """
    client = session.client
    while not ended.done():
        found = _unless_ended(partial(client.reports.get, campaign, version=version), ended)
        if found is None:
            return
        yield found
        client = session.persistent_client
        wait([ended], INTERVAL)


def _unless_ended(look: Callable[[], CampaignReport], ended: Future[None]) -> CampaignReport | None:
    """Returns the report, or None when the watch ends before its answer, for which a person would not wait."""
    answer: Future[CampaignReport] = Future()

    def fill() -> None:
        try:
            answer.set_result(look())
        except Exception as error:  # noqa: BLE001 - whoever waits for the answer gets it
            answer.set_exception(error)

    threading.Thread(target=fill, name="clarion-report", daemon=True).start()
    either: list[Future[Any]] = [answer, ended]
    wait(either, return_when=FIRST_COMPLETED)
    return None if ended.done() else answer.result()


def _show_live(found: Iterable[CampaignReport], session: Session) -> None:
    from rich.live import Live  # noqa: PLC0415 - only used here

    with Live(console=session.output.stdout, auto_refresh=False) as screen:
        for each in found:
            screen.update(report_view(each, bars=True), refresh=True)


def _show_line(found: CampaignReport, session: Session) -> None:
    session.output.show_line(found.to_dict(), lambda: report_view(found, bars=False))
