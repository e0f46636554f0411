"""`clarion policies`: lists, shows and deletes sending policies. `clarion apply` writes them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from clarion_server.transport.cli.commands.lists import Limit, page_size, show_list
from clarion_server.transport.cli.commands.resources import show_as_file, show_deleted
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import id_of, moment, plain

if TYPE_CHECKING:
    from clarion_client import FrequencyCap, WallClockInterval

_WEEK = 7

PolicyName = Annotated[str, Parameter(help="The sending policy, such as default.")]

policies = App(name="policies", help="List, show and delete sending policies.")


@policies.command(name="list")
def list_policies(*, limit: Limit = 50, session: CurrentSession) -> None:
    """List sending policies by name."""
    columns = {
        "ID": lambda policy: id_of(policy.name),
        "QUIET HOURS": lambda policy: plain(_times(policy.quiet_hours)),
        "SEND WINDOWS": lambda policy: plain(_times(policy.send_windows)),
        "CAPS": lambda policy: plain(", ".join(map(_cap, policy.caps)) or "-"),
        "RATE": lambda policy: plain(f"{policy.rate:g}/s" if policy.rate else "-"),
        "TIME ZONE": lambda policy: plain(policy.time_zone),
        "WHEN CLOSED": lambda policy: plain(policy.when_closed or "-"),
        "UPDATED": lambda policy: moment(policy.update_time),
        "NAME": lambda policy: plain(policy.display_name),
    }
    pager = session.client.sending_policies.list(page_size=page_size(limit))
    show_list(session.output, pager, limit, columns)


@policies.command(name="get")
def get_policy(policy: PolicyName, /, *, session: CurrentSession) -> None:
    """Print a sending policy as a file for `clarion apply`."""
    show_as_file(session.output, session.client.sending_policies.get(policy))


@policies.command(name="delete")
def delete_policy(policy: PolicyName, /, *, session: CurrentSession) -> None:
    """Delete a sending policy that no campaign in use names."""
    session.client.sending_policies.delete(policy)
    show_deleted(session.output, policy)


def _times(intervals: Sequence[WallClockInterval]) -> str:
    """Returns the times of the intervals, with the days of those that do not begin on each day."""
    return ", ".join(f"{_days(each)}{each.start}-{each.end}" for each in intervals) or "-"


def _days(interval: WallClockInterval) -> str:
    """Returns the days on which the interval begins as `MON+SUN `, and nothing for every day."""
    if len(set(interval.days)) in {0, _WEEK}:
        return ""
    return f"{'+'.join(day[:3] for day in interval.days)} "


def _cap(cap: FrequencyCap) -> str:
    """Returns the count and the window of the cap without what it counts."""
    if cap.sliding is None:
        return f"{cap.count}/{(cap.calendar or '-').lower()}"
    return f"{cap.count} in {_span(cap.sliding)}"


def _span(span: dt.timedelta) -> str:
    """Returns a window as `90 d`, `24 h`, `30 min` or `90 s`."""
    units = {"d": dt.timedelta(days=1), "h": dt.timedelta(hours=1), "min": dt.timedelta(minutes=1)}
    for name, unit in units.items():
        if span > unit and not span % unit:
            return f"{span // unit} {name}"
    return f"{span.total_seconds():g} s"
