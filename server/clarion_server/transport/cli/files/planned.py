"""Defines what is to become of the resources in files, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from clarion_client import Campaign, CampaignState, ClarionError, Finding, Severity

from clarion_server.transport.cli.files.resource_types import FRAGMENT
from clarion_server.transport.cli.files.resources import Resource
from clarion_server.transport.cli.files.source_location import Location

ACTIVE_STATES = frozenset({CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED})


class Change(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Planned:
    """Is what is to become of one resource. `diff` is unified, and empty unless the resource is updated."""

    resource: Resource[Any]
    stored: Any = None
    #: Holds the top-level fields that differ.
    fields: tuple[str, ...] = ()
    diff: str = ""
    #: Says whether the files no longer have it, and it is to be deleted.
    is_removed: bool = False
    #: Holds the policies that ask for approvals before the changed fragment is published.
    approval_policies: tuple[str, ...] = ()
    #: Holds the paths of what is stored and the file leaves out, where the key may not ask whether that is a change.
    not_compared: tuple[str, ...] = ()

    @property
    def comparison_note(self) -> str:
        """Returns what there is to say about what was not compared; empty when there is nothing."""
        if not self.not_compared:
            return ""
        paths = ", ".join(self.not_compared)
        return f"This key may not change it. It is stored as the file says, which leaves out {paths}: not compared."

    @property
    def change(self) -> Change:
        if self.is_removed:
            return Change.DELETED
        if self.stored is None:
            return Change.CREATED
        return Change.UPDATED if self.fields else Change.UNCHANGED

    @property
    def approvals_note(self) -> str:
        """Returns what there is to say about the approvals of a fragment; empty when there is nothing."""
        if not self.approval_policies:
            return ""
        names = ", ".join(self.approval_policies)
        return f"Publishing it takes the approvals of {names}: `clarion approvals submit {self.resource.name}`."

    def to_dict(self) -> dict[str, Any]:
        policies = {"approval_policies": list(self.approval_policies)} if self.approval_policies else {}
        plan = {"name": self.resource.name, "change": self.change, "fields": list(self.fields), "diff": self.diff}
        not_compared = {"not_compared": list(self.not_compared)} if self.not_compared else {}
        return plan | policies | not_compared


@dataclass(frozen=True, slots=True)
class Applied:
    """Says what became of one resource."""

    planned: Planned
    #: Is the campaign as it is now. None in a dry run, and for other resources.
    campaign: Campaign | None = None
    activated: bool = False
    #: Is the version that was made of a fragment's draft. 0: none.
    new_version: int = 0
    #: Says what review found, and where in the files, when campaigns were to be activated.
    findings: tuple[tuple[Location, Finding], ...] = ()
    #: Says why the draft was not activated or published: its approvals are missing, or stale.
    refusal: ClarionError | None = None

    @property
    def has_errors(self) -> bool:
        return any(finding.severity is Severity.ERROR for _, finding in self.findings)

    @property
    def can_be_activated(self) -> bool:
        """Returns whether it is a campaign, or a fragment, which is published."""
        return self.campaign is not None or self.planned.resource.type is FRAGMENT

    @property
    def is_blocked(self) -> bool:
        """Returns whether the campaign was to be activated and could not be."""
        return self.has_errors and self.campaign is not None and not is_active(self.campaign)

    def to_dict(self) -> dict[str, Any]:
        state: dict[str, Any] = {}
        if self.campaign is not None:
            state |= {"state": self.campaign.state, "live_version": self.campaign.live_version}
        state |= {"published_version": self.new_version} if self.new_version else {}
        state |= {"approval_policies": list(policies)} if (policies := self.planned.approval_policies) else {}
        if self.planned.not_compared:
            state |= {"not_compared": list(self.planned.not_compared)}
        if self.refusal is not None:
            state |= {"refusal": {"reason": self.refusal.reason, "message": self.refusal.message}}
        return {
            "name": self.planned.resource.name,
            "change": self.planned.change,
            "diff": self.planned.diff,
            **state,
            "activated": self.activated,
            "findings": [{**finding.to_dict(), "place": str(location)} for location, finding in self.findings],
        }


def is_active(campaign: Campaign) -> bool:
    """Returns whether there is nothing to activate."""
    return campaign.state in ACTIVE_STATES and not campaign.draft_pending
