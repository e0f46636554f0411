"""Compares versions of a campaign."""

from __future__ import annotations

from dataclasses import dataclass

from clarion_server.application.background import run_in_background
from clarion_server.application.ports.content import ContentCompiler
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access import Caller
from clarion_server.domain.campaign import Campaign, CampaignDefinition
from clarion_server.domain.schema_difference import SchemaDifference


@dataclass(frozen=True, slots=True)
class CompareVersions:
    campaign_id: str
    base_version: int = 0
    """0: the live one."""
    version: int = 0
    """0: the draft."""


@dataclass(frozen=True, slots=True)
class Comparison:
    before: CampaignDefinition | None
    """None: there is no live version."""
    after: CampaignDefinition
    schema_differences: list[SchemaDifference]


class CampaignComparer:
    def __init__(self, transactions: Transactions, compiler: ContentCompiler) -> None:
        self._transactions = transactions
        self._compiler = compiler

    async def compare(self, command: CompareVersions, caller: Caller) -> Comparison:
        """Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> tuple[CampaignDefinition | None, CampaignDefinition]:
            campaign = find_campaign(unit, caller.visibility, command.campaign_id)
            base = command.base_version or campaign.live_version
            before = find_version(unit, campaign, base).definition if base else None
            return before, _definition(unit, campaign, command.version)

        before, after = await self._transactions.read(read)
        if before is None:
            return Comparison(None, after, [])
        # Schemas may take milliseconds, in which the event loop serves others.
        differences = await run_in_background(
            self._compiler.schema_differences, before.context_schema, after.context_schema
        )
        return Comparison(before, after, differences)


def _definition(unit: UnitOfWork, campaign: Campaign, number: int) -> CampaignDefinition:
    return find_version(unit, campaign, number).definition if number else campaign.definition
