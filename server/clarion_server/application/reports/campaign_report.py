"""Makes the report of a campaign: what became of its messages, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.reports.counts import CampaignCounts, read_counts
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller
from clarion_server.domain.events.counter import Metric
from clarion_server.domain.instant import Instant


@dataclass(frozen=True, slots=True)
class CampaignReport:
    campaign_name: str
    version: int
    """Is 0 for all of them."""
    counts: CampaignCounts
    read_time: Instant
    locale_counts: Mapping[tuple[str, Metric], int] = field(default_factory=dict)
    """Counts messages by the locale of the content and the metric."""
    rule_counts: Mapping[tuple[str, str, Metric], int] = field(default_factory=dict)
    """Counts messages by action, rule and metric. Messages by no rule have an empty one."""


class CampaignReports:
    def __init__(self, transactions: Transactions, clock: Clock) -> None:
        self._transactions = transactions
        self._clock = clock

    async def report(self, campaign_id: str, version: int, caller: Caller) -> CampaignReport:
        """Returns the report of one version, or of all versions when `version` is 0. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> CampaignReport:
            campaign = find_campaign(unit, caller.visibility, campaign_id)
            if version:
                find_version(unit, campaign, version)
            counts = read_counts(unit, campaign.key, version or None)
            by_locale = unit.counters.by_locale(campaign.key, version or None)
            by_rule = unit.counters.by_rule(campaign.key, version or None) if campaign.used_rules else {}
            return CampaignReport(campaign.name, version, counts, self._clock.now(), by_locale, by_rule)

        return await self._transactions.read(read)
