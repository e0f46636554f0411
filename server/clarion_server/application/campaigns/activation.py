"""Makes a reviewed candidate the live version of its campaign."""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.application.approvals.check import NO_APPROVAL, GivenApproval
from clarion_server.application.campaigns.candidate import Candidate
from clarion_server.application.campaigns.changes import Change
from clarion_server.application.fragment_lookup import NO_PINS, named_fragments, versions_of
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.access.access import Caller, whole_sandbox
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.turns import campaign_schedule

#: Returns the approvals by which the candidate may become live, and records its activation. Raises ApprovalRequired or
#: ApprovalStale.
CheckApproval = Callable[[UnitOfWork, Instant], GivenApproval]


class CampaignChanged(Exception):
    """The campaign, or something that it names, has changed since it was reviewed."""


def activation_of(candidate: Candidate, built: BuiltSources, caller: Caller, check_approval: CheckApproval) -> Change:
    """Returns the change that makes the candidate live. An earlier version needs no approval. The change raises
    CampaignChanged, and what `check_approval` raises.
    """
    channels = [channel for channel in candidate.channels if channel is not None]
    assert len(channels) == len(candidate.channels), "review lets no campaign pass that lacks one"

    def activate(unit: UnitOfWork, campaign: Campaign, now: Instant) -> Campaign:
        if not candidate.is_unchanged(unit, campaign, caller.visibility):
            raise CampaignChanged
        # Keeps the namespace as it is until the campaign is committed, which then uses it.
        unit.identity_namespaces.named({(campaign.sandbox, candidate.definition.identity_namespace)})
        if candidate.is_live:
            return campaign
        version = candidate.version
        approval = NO_APPROVAL if version else check_approval(unit, now)
        if version is None or any(version.create_time < channel.create_time for channel in channels):
            # A version keeps to the channel configurations that it was activated with. Where one was deleted and
            # another one has its name, the earlier content becomes a version anew.
            version = CampaignVersion(
                campaign.key,
                campaign.last_version + 1,
                candidate.definition,
                now,
                caller.name,
                approval.approvers if version is None else version.approvers,
                approval.bypass_reason if version is None else version.bypass_reason,
                versions_of(candidate.fragments),
            )
            unit.campaigns.add_version(version, [channel.key for channel in channels], built)
        rate = version.definition.rate
        name, a_second = campaign_schedule(campaign.key), 0.0 if rate is None else rate.a_second
        unit.turn_schedules.set_rate(name, campaign.sandbox, a_second, now)
        return campaign.activated(version, caller.name, now, _fragments_of_submission(unit, campaign))

    return activate


def _fragments_of_submission(unit: UnitOfWork, campaign: Campaign) -> dict[str, int] | None:
    """Returns the versions of fragments that the draft would use now; None when no approval of it is asked for."""
    if campaign.approval_state is None:
        return None
    everything = whole_sandbox(campaign.sandbox)
    return versions_of(named_fragments(unit, everything, campaign.definition, NO_PINS))
