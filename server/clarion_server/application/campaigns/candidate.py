"""Defines what is reviewed, approved and activated: a definition with all resources that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from clarion_server.application.campaigns.cell_rendering import CellRenderer
from clarion_server.application.campaigns.changes import Target
from clarion_server.application.fragment_lookup import NO_PINS, Pins, named_fragments, versions_of
from clarion_server.application.ports.content import Attachments, ContentCompiler, Fragments
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.resource_lookup import find_campaign, find_version
from clarion_server.domain.access.access import Visibility, whole_sandbox
from clarion_server.domain.addresses.public_url import PublicUrl
from clarion_server.domain.approvals.approval import hash_of_content
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.campaigns.test_case import TestCase
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.consent.topic import Topic
from clarion_server.domain.content.built_source import BuiltSources
from clarion_server.domain.fragments.fragment_reference import FragmentReference
from clarion_server.domain.instant import Instant
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy


@dataclass(frozen=True, slots=True)
class Candidate:
    """Is a definition that may become live, and the state in which it was read."""

    campaign: Campaign
    definition: CampaignDefinition
    channels: tuple[ChannelConfiguration | None, ...]
    """Holds the channel configuration of each action, in their order; None for one that does not exist."""
    topic: Topic | None
    """Is the topic that the definition names; None when it names none, or one that does not exist."""
    sending_policy: SendingPolicy | None
    visibility: Visibility
    """Says what the caller sees who read the candidate."""
    attachments: Attachments
    """Holds the stored attachments that the definition names."""
    live: CampaignDefinition | None = None
    """Is the version that triggers use now; None for a campaign that was never activated."""
    version: CampaignVersion | None = None
    """Is the existing version that would become live again; None when a version is to be made of the draft."""
    test_cases: tuple[TestCase, ...] = ()
    """Holds the test cases of the campaign, for its draft alone. An earlier version may have other data, for which its
    cases are gone.
    """
    built: BuiltSources | None = None
    """Holds the built sources that are stored with the version; None when the sources of the draft are still to be
    built.
    """
    fragments: Fragments = field(default_factory=dict)
    """Holds the stored fragments that the definition leads to: for a version, those that it is pinned to. As the hash
    of the content must be the same for every caller, some may be hidden from this one.
    """
    newest: Mapping[str, int] = field(default_factory=dict)
    """Is the newest version of each of these fragments, by id."""
    live_fragments: Mapping[str, int] = field(default_factory=dict)
    """For the draft, holds the versions of fragments that the live version is pinned to, as in `CampaignVersion`."""
    pins: Pins = field(default_factory=dict)
    """Holds the versions that names without a number mean. A fragment that is not there is meant in its newest version.
    """
    is_draft: bool = True
    """Is false for a version, and for the live one with other fragments."""
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    """Holds the stored audiences that its rules ask about, by id. As with fragments, some may be hidden from the
    caller.
    """

    @property
    def shown_fragments(self) -> Fragments:
        """Returns the fragments without those of a draft that the caller does not see. Those of a version are shown:
        whoever sees a campaign sees what it sends.
        """
        if not self.is_draft:
            return self.fragments
        sees = self.visibility.sees
        return {reference: each for reference, each in self.fragments.items() if sees(each.access_labels)}

    @property
    def is_live(self) -> bool:
        if self.version is not None:
            return self.version.number == self.campaign.live_version
        if not self.is_draft:
            return False
        # Activated again, a draft takes the fragments that were published since.
        return not self.campaign.draft_pending and versions_of(self.fragments) == self.live_fragments

    @property
    def content_hash(self) -> str:
        named = (*self.channels, self.topic, self.sending_policy)
        states = [(each.name, each.etag) for each in named if each is not None]
        states += [(each.name, each.digest.hex()) for _, each in sorted(self.attachments.items())]
        states += sorted({(each.name, each.digest) for each in self.fragments.values()})
        states += sorted(_states_of(self.audiences))
        return hash_of_content(asdict(self.definition), states)

    def is_unchanged(self, unit: UnitOfWork, campaign: Campaign, visibility: Visibility) -> bool:
        """Returns whether the campaign and all that the definition names are still as they were read, and keeps its
        attachments, fragments and audiences until the transaction ends.
        """
        return (
            campaign == self.campaign
            and _channels_of(unit, self.definition, visibility) == self.channels
            and _topic_of(unit, self.definition, visibility) == self.topic
            and _policy_of(unit, self.definition, visibility) == self.sending_policy
            and unit.attachments.hold(visibility, self.definition.attachment_ids) == self.attachments
            and named_fragments(unit, whole_sandbox(visibility.sandbox), self.definition, self.pins, hold=True)
            == self.fragments
            and _states_of(_audiences_of(unit, self.definition, visibility, hold=True)) == _states_of(self.audiences)
        )


def read_candidate(unit: UnitOfWork, target: Target, number: int, now: Instant) -> Candidate:
    """Returns a version by its number, or the draft for 0. Raises ResourceNotFound."""
    campaign = find_campaign(unit, target.visibility, target.campaign_id).at(now)
    version = find_version(unit, campaign, number) if number else None
    return candidate_of(unit, campaign, target.visibility, version)


def candidate_of(
    unit: UnitOfWork, campaign: Campaign, visibility: Visibility, version: CampaignVersion | None = None
) -> Candidate:
    """Returns a version, or the draft for None."""
    if version is not None:
        candidate = _candidate(unit, campaign, visibility, version.definition, version.pins)
        built = unit.campaigns.built_sources(campaign.key, version.number)
        live = _live_version(unit, campaign)
        return replace(candidate, live=live.definition if live else None, version=version, built=built)
    candidate = _candidate(unit, campaign, visibility, campaign.definition, NO_PINS)
    live = _live_version(unit, campaign)
    return replace(
        candidate,
        live=live.definition if live else None,
        test_cases=tuple(unit.test_cases.all(campaign)),
        live_fragments=live.fragments if live else {},
        is_draft=True,
    )


def repinned_candidate_of(
    unit: UnitOfWork, campaign: Campaign, visibility: Visibility, live: CampaignVersion, target: FragmentReference
) -> Candidate:
    """Returns the live version with another version of a fragment, which it has by a name without a number."""
    pins = {**live.pins, target.fragment_id: target.version}
    candidate = _candidate(unit, campaign, visibility, live.definition, pins)
    # The data of test cases are those of the draft.
    cases = () if campaign.draft_pending else tuple(unit.test_cases.all(campaign))
    return replace(candidate, test_cases=cases)


def _candidate(
    unit: UnitOfWork, campaign: Campaign, visibility: Visibility, definition: CampaignDefinition, pins: Pins
) -> Candidate:
    everything = whole_sandbox(visibility.sandbox)
    fragments = named_fragments(unit, everything, definition, pins)
    return Candidate(
        campaign,
        definition,
        _channels_of(unit, definition, visibility),
        _topic_of(unit, definition, visibility),
        _policy_of(unit, definition, visibility),
        visibility,
        unit.attachments.by_ids(visibility, definition.attachment_ids),
        fragments=fragments,
        newest=_newest_of(unit, fragments, everything),
        pins=pins,
        is_draft=False,
        audiences=_audiences_of(unit, definition, visibility),
    )


def _live_version(unit: UnitOfWork, campaign: Campaign) -> CampaignVersion | None:
    return unit.campaigns.version(campaign.key, campaign.live_version)


def renderer_of(candidate: Candidate, compiler: ContentCompiler, public_url: PublicUrl | None) -> CellRenderer:
    """Returns a renderer of test cases for a candidate. `public_url` is what the links of recipients begin with."""
    return CellRenderer(
        compiler,
        public_url,
        candidate.campaign.id,
        candidate.definition,
        candidate.channels,
        candidate.attachments,
        candidate.built,
        candidate.shown_fragments,
    )


def _newest_of(unit: UnitOfWork, fragments: Fragments, visibility: Visibility) -> dict[str, int]:
    ids = {each.fragment_id for each in fragments.values()}
    found = {each: unit.fragments.find(visibility, FragmentReference(each)) for each in sorted(ids)}
    return {fragment_id: version.number for fragment_id, version in found.items() if version is not None}


def _audiences_of(
    unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility, *, hold: bool = False
) -> dict[str, Audience]:
    asked = definition.audience_ids
    return unit.audiences.named(whole_sandbox(visibility.sandbox), asked, hold=hold) if asked else {}


def _states_of(audiences: Mapping[str, Audience]) -> set[tuple[str, str]]:
    """Returns those properties of audiences that must not change. Their lists may grow while a campaign is reviewed."""
    return {(each.name, each.etag) for each in audiences.values()}


def _channels_of(
    unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility
) -> tuple[ChannelConfiguration | None, ...]:
    return tuple(unit.channels.get(visibility, action.channel_configuration) for action in definition.actions)


def _topic_of(unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility) -> Topic | None:
    return None if definition.topic is None else unit.topics.get(visibility, definition.topic)


def _policy_of(unit: UnitOfWork, definition: CampaignDefinition, visibility: Visibility) -> SendingPolicy | None:
    named = definition.sending_policy
    return None if named is None else unit.sending_policies.get(visibility, named)
