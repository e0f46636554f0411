"""Reads what is wrong with campaigns in use."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from clarion_server.application.ports.certificates import CertificateReader
from clarion_server.application.ports.clock import Clock
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.campaign_health import (
    RULE_NOTICE,
    ChannelFacts,
    HealthProblem,
    problems_of,
    rule_problem,
)
from clarion_server.domain.instant import DAY, Instant

_IN_USE = frozenset({CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED})

Health = Mapping[int, tuple[HealthProblem, ...]]


class CampaignHealthReader:
    def __init__(self, transactions: Transactions, certificates: CertificateReader, clock: Clock) -> None:
        self._transactions = transactions
        self._certificates = certificates
        self._clock = clock

    async def of(self, campaigns: Collection[Campaign], visibility: Visibility) -> Health:
        """Returns the problems of those that are in use, by their keys; others have no entry.

        Nothing is said of channel configurations that the caller does not see.
        """
        in_use = [campaign for campaign in campaigns if campaign.state in _IN_USE]
        return await self._transactions.read(lambda unit: self._read(unit, in_use, visibility)) if in_use else {}

    def _read(self, unit: UnitOfWork, in_use: Collection[Campaign], visibility: Visibility) -> Health:
        keys = [campaign.key for campaign in in_use]
        rules = self._rule_problems(unit, in_use)
        used = unit.campaigns.live_channel_keys(keys)
        failing = unit.messages.failing(keys)
        channel_keys = {channel_key for some in used.values() for channel_key in some}
        found = unit.channels.by_keys(channel_keys)
        configurations = {each.key: each for each in found if visibility.sees(each.access_labels)}
        failing_channels = unit.messages.failing_channels(channel_keys)
        server_ends = unit.channels.certificate_ends(channel_keys)
        now = self._clock.now()
        return {
            key: tuple(rules.get(key, ()))
            + tuple(
                problem
                for channel_key in dict.fromkeys(used.get(key, ()))
                if (configuration := configurations.get(channel_key)) is not None
                for problem in problems_of(
                    configuration,
                    ChannelFacts(
                        failing.get((key, channel_key)),
                        failing_channels.get(channel_key),
                        self._client_certificate_end(configuration),
                        server_ends.get(channel_key),
                    ),
                    now,
                )
            )
            for key in keys
        }

    def _rule_problems(self, unit: UnitOfWork, in_use: Collection[Campaign]) -> dict[int, list[HealthProblem]]:
        versions = [(campaign.key, campaign.live_version) for campaign in in_use if campaign.used_rules]
        found: dict[int, list[HealthProblem]] = {}
        if versions:
            for failed in unit.counters.failed_rules(versions, (self._clock.now() - RULE_NOTICE) // DAY):
                found.setdefault(failed.campaign_key, []).append(rule_problem(failed))
        return found

    def _client_certificate_end(self, configuration: ChannelConfiguration) -> Instant | None:
        shown = configuration.provider.client_certificate
        return self._certificates.end_of(shown) if shown else None
