"""Compares versions of a campaign."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from clarion_server.application.background import run_in_background
from clarion_server.application.campaigns.candidate import Candidate, candidate_of, renderer_of
from clarion_server.application.campaigns.rendered_comparison import (
    NOT_RENDERED,
    RenderedDifferences,
    rendered_differences,
)
from clarion_server.application.fragment_lookup import fragments_to_show
from clarion_server.application.ports.content import ContentCompiler, Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.application.transactions import Transactions
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.schema_difference import SchemaDifference
from clarion_server.domain.campaigns.test_case import TestCase


@dataclass(frozen=True, slots=True)
class CompareVersions:
    campaign_id: str
    base_version: int = 0
    """Is 0 for the live one."""
    version: int = 0
    """Is 0 for the draft."""
    render_test_cases: bool = False
    """Says whether to render the test cases with both versions and to compare the results."""


@dataclass(frozen=True, slots=True)
class Comparison:
    before: CampaignDefinition | None
    """None means that there is no live version."""
    after: CampaignDefinition
    schema_differences: list[SchemaDifference]
    fragments_before: Fragments = field(default_factory=dict)
    """Holds the fragments that the version is pinned to or that the draft would use now, as does `fragments_after`."""
    fragments_after: Fragments = field(default_factory=dict)
    rendered: RenderedDifferences = NOT_RENDERED


_Compared = tuple[CampaignDefinition, Fragments]


class CampaignComparer:
    def __init__(
        self, transactions: Transactions, compiler: ContentCompiler, public_url: PublicUrl | None = None
    ) -> None:
        """`public_url` is what the links of recipients begin with; None where there are none."""
        self._transactions = transactions
        self._compiler = compiler
        self._public_url = public_url

    async def compare(self, command: CompareVersions, caller: Caller) -> Comparison:
        """Raises ResourceNotFound."""
        found = await self._compare(command, caller)
        if not command.render_test_cases:
            return found
        return replace(found, rendered=await self._rendered(command, caller))

    async def _rendered(self, command: CompareVersions, caller: Caller) -> RenderedDifferences:
        """Returns how the renderings of today's test cases differ between both versions. Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> tuple[Candidate | None, Candidate, list[TestCase]]:
            campaign = find_campaign(unit, caller.visibility, command.campaign_id)

            def candidate(number: int) -> Candidate:
                version = find_version(unit, campaign, number) if number else None
                return candidate_of(unit, campaign, caller.visibility, version)

            base = command.base_version or campaign.live_version
            return candidate(base) if base else None, candidate(command.version), unit.test_cases.all(campaign)

        before, after, cases = await self._transactions.read(read)
        compiler, public_url = self._compiler, self._public_url
        earlier = None if before is None else renderer_of(before, compiler, public_url)
        later = renderer_of(after, compiler, public_url)
        return await run_in_background(rendered_differences, earlier, later, cases)

    async def _compare(self, command: CompareVersions, caller: Caller) -> Comparison:
        """Raises ResourceNotFound."""

        def read(unit: UnitOfWork) -> tuple[_Compared | None, _Compared]:
            campaign = find_campaign(unit, caller.visibility, command.campaign_id)
            base = command.base_version or campaign.live_version
            before = _compared(unit, campaign, base, caller.visibility) if base else None
            return before, _compared(unit, campaign, command.version, caller.visibility)

        stored, (after, fragments) = await self._transactions.read(read)
        if stored is None:
            return Comparison(None, after, [], fragments_after=fragments)
        before, fragments_before = stored
        # Schemas may take milliseconds, in which the event loop serves others.
        differences = await run_in_background(
            self._compiler.schema_differences, before.context_schema, after.context_schema
        )
        return Comparison(before, after, differences, fragments_before, fragments)


def _compared(unit: UnitOfWork, campaign: Campaign, number: int, visibility: Visibility) -> _Compared:
    """Returns a version, or the draft for 0, with its fragments."""
    version = find_version(unit, campaign, number) if number else None
    definition = version.definition if version else campaign.definition
    return definition, fragments_to_show(unit, visibility, definition, version)
