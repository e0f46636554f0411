"""Defines the result of rolling a version of a fragment out to a campaign."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.finding import Finding
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.fragments.fragment_reference import FragmentReference, read_reference
from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.violation import Violation, required, too_many

#: A call names at most this many campaigns.
MAX_CAMPAIGNS = 100
_WITH_A_LIVE_VERSION = (CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED)


class RepinOutcome(StrEnum):
    REPINNED = "REPINNED"
    UNCHANGED = "UNCHANGED"
    REFUSED = "REFUSED"
    """Review found errors."""
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    FIXED = "FIXED"
    """Its content names a version itself."""
    NOT_USED = "NOT_USED"
    NOT_LIVE = "NOT_LIVE"
    NOT_FOUND = "NOT_FOUND"
    CONTENDED = "CONTENDED"
    """It was changed each time while it was reviewed."""


@dataclass(frozen=True, slots=True)
class FragmentRepin:
    campaign_id: str
    outcome: RepinOutcome
    from_version: int = 0
    """Is that of the fragment which the live version had; 0: none by a name without a number."""
    campaign_version: int = 0
    """Is the version of the campaign that is live now, or would be; 0 when there is none."""
    findings: tuple[Finding, ...] = ()
    """Errors, or warnings when there are none."""
    policies: tuple[str, ...] = ()
    """Holds the names of those whose approvals are missing."""


def repin_without_change(campaign: Campaign, live: CampaignVersion | None, target: FragmentReference) -> FragmentRepin:
    """Returns the result for a campaign that cannot get the version; for one that can, a result with the outcome
    REPINNED.

    `live` is the live version of the campaign; `target` is the version of the fragment that it is to get.
    """
    if live is None or campaign.state not in _WITH_A_LIVE_VERSION:
        return FragmentRepin(campaign.id, RepinOutcome.NOT_LIVE)
    pinned = live.pins.get(target.fragment_id)
    if pinned is not None:
        outcome = RepinOutcome.UNCHANGED if pinned == target.version else RepinOutcome.REPINNED
        return FragmentRepin(campaign.id, outcome, pinned, live.number)
    named = (read_reference(name) for name in live.fragments)
    is_fixed = any(each is not None and each.fragment_id == target.fragment_id for each in named)
    outcome = RepinOutcome.FIXED if is_fixed else RepinOutcome.NOT_USED
    return FragmentRepin(campaign.id, outcome, 0, live.number)


def repin_violations(campaign_ids: tuple[str, ...], to_version: int) -> Iterator[Violation]:
    """Yields what is wrong with a request. `to_version` 0 stands for the newest version."""
    if not campaign_ids:
        yield required("campaigns")
    elif len(campaign_ids) > MAX_CAMPAIGNS:
        yield too_many("campaigns", MAX_CAMPAIGNS)
    else:
        yield from repetition_violations(campaign_ids, "campaigns")
    if to_version < 0:
        yield _no_version("Must be the number of a version, or absent for the newest one.")


def version_violations(fragment: Fragment, to_version: int) -> Iterator[Violation]:
    """Yields that a fragment does not have that version; 0 stands for the newest one."""
    if not fragment.published_version:
        yield _no_version("The fragment was never published. Publish it first.")
    elif to_version > fragment.published_version:
        yield _no_version(f"The newest version of the fragment is {fragment.published_version}.")


def _no_version(description: str) -> Violation:
    return Violation("to_version", "UNKNOWN_VALUE", description)
