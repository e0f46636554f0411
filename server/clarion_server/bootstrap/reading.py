"""Wires the component that shows executions, messages, events and reports."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.queries.event_watch import EventWatch
from clarion_server.application.queries.lookups import Lookups
from clarion_server.application.reports.campaign_report import CampaignReports
from clarion_server.bootstrap.core import Core


@dataclass(frozen=True, slots=True)
class Reading:
    lookups: Lookups
    watch: EventWatch
    reports: CampaignReports


def wire_reading(core: Core) -> Reading:
    return Reading(
        Lookups(core.transactions),
        EventWatch(core.transactions, core.commit_signal),
        CampaignReports(core.transactions, core.clock),
    )
