"""Shows the report of a campaign as a table and bars."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.bar import Bar
from rich.console import Group, RenderableType
from rich.table import Table

from clarion_server.transport.cli.views import duration, moment, plain, state

if TYPE_CHECKING:
    from clarion_client import CampaignReport, HandOffLatency

#: Holds the outcomes and the colours of their bars, most important first.
OUTCOMES = {
    "sent": "green",
    "queued": "cyan",
    "failed": "red",
    "excluded": "yellow",
    "cancelled": "yellow",
    "expired": "yellow",
    "in_doubt": "magenta",
}
#: Is the length of the longest bar, in columns. A narrow terminal shortens it.
BAR = 40


def report_view(report: CampaignReport, *, bars: bool) -> RenderableType:
    """Returns the counts of a report, with bars beside them when `bars` is true."""
    versions = f"version {report.version}" if report.version else "all versions"
    head = plain(f"{report.campaign}, {versions}, ", "bold").append_text(moment(report.read_time))
    parts: list[RenderableType] = [head, "", _outcomes(report, bars=bars)]
    for title, counts in (
        ("FAILED BECAUSE", report.failed_counts),
        ("EXCLUDED BECAUSE", report.excluded_counts),
        ("OF THOSE AT HAND-OFF", report.hand_off_excluded_counts),
        ("IN THE LOCALE", {each.locale: each.targeted_count for each in report.locale_counts}),
    ):
        if counts and (title != "IN THE LOCALE" or len(counts) > 1):
            parts += ["", _reasons(title, counts, report.targeted_count, bars=bars)]
    if report.rule_counts:
        parts += ["", _rules(report)]
    if report.hand_off_latency.count:
        parts += ["", _latency(report.hand_off_latency, bars=bars)]
    return Group(*parts)


def _outcomes(report: CampaignReport, *, bars: bool) -> Table:
    table = _grid("MESSAGES", "COUNT", "SHARE", bars=bars)
    total = report.targeted_count
    table.add_row(plain("targeted", "bold"), plain(f"{total:,}", "bold"))
    for name, style in OUTCOMES.items():
        count = getattr(report, f"{name}_count")
        table.add_row(
            plain(f"  {name.replace('_', ' ')}", style if count else "dim"),
            plain(f"{count:,}", "" if count else "dim"),
            plain(_share(count, total), "" if count else "dim"),
            _bar(count, total, style, bars=bars),
        )
    table.add_row(plain("retries"), plain(f"{report.retry_count:,}"))
    unsubscribed = report.unsubscribed_count
    table.add_row(plain("unsubscribed"), plain(f"{unsubscribed:,}"), plain(_share(unsubscribed, report.sent_count)))
    return table


def _reasons(title: str, counts: Mapping[Any, int], total: int, *, bars: bool) -> Table:
    table = _grid(title, "COUNT", "SHARE", bars=bars)
    for reason, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(state(reason), plain(f"{count:,}"), plain(_share(count, total)))
    return table


def _rules(report: CampaignReport) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("BY THE RULE", min_width=22, no_wrap=True)
    for title in ("TARGETED", "SENT", "FAILED", "EXCLUDED", "NOT EVALUATED"):
        table.add_column(title, justify="right", no_wrap=True)
    for each in report.rule_counts:
        counts = (each.targeted_count, each.sent_count, each.failed_count, each.excluded_count)
        failed = plain(f"{each.failed_evaluation_count:,}", "red" if each.failed_evaluation_count else "")
        table.add_row(
            plain(f"{each.action}: {each.rule or 'none'}"), *(plain(f"{count:,}") for count in counts), failed
        )
    return table


def _latency(latency: HandOffLatency, *, bars: bool) -> Table:
    table = _grid("ACCEPTED TO HANDED OFF", "TIME", "OF", bars=bars)
    longest = latency.p99.total_seconds() if latency.p99 else 0.0
    for name in ("p50", "p95", "p99"):
        span: dt.timedelta | None = getattr(latency, name)
        if span is not None:
            seconds = span.total_seconds()
            table.add_row(
                plain(f"  {name}"),
                plain(duration(seconds)),
                plain(f"{latency.count:,}"),
                _bar(seconds, longest, "blue", bars=bars),
            )
    return table


def _grid(title: str, count: str, share: str, *, bars: bool) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column(title, min_width=22, no_wrap=True)
    table.add_column(count, justify="right", min_width=8, no_wrap=True)
    table.add_column(share, justify="right", min_width=7, no_wrap=True)
    if bars:
        table.add_column(max_width=BAR)
    return table


def _bar(value: float, whole: float, style: str, *, bars: bool) -> RenderableType:
    return Bar(whole, 0, value, width=BAR, color=style) if bars and value and whole else ""


def _share(count: int, total: int) -> str:
    return f"{count / total:.1%}" if total else "-"
