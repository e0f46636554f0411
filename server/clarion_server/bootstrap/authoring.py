"""Wires the component in which authors work: campaigns, their life cycle, and channel configurations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from clarion_server.adapters.system.certificates import PemCertificateReader
from clarion_server.application.approvals.approving import Approving
from clarion_server.application.campaigns.approvable_drafts import CampaignDrafts
from clarion_server.application.campaigns.comparison import CampaignComparer
from clarion_server.application.campaigns.drafts import ManageCampaigns
from clarion_server.application.campaigns.health import CampaignHealthReader
from clarion_server.application.campaigns.life_cycle import CampaignLifeCycle
from clarion_server.application.campaigns.preview import CampaignPreviewer
from clarion_server.application.campaigns.proofs import ProofSender
from clarion_server.application.campaigns.queue_canceller import QueueCanceller
from clarion_server.application.campaigns.repinning import FragmentRepinner
from clarion_server.application.campaigns.review import Review
from clarion_server.application.campaigns.scheduler import CampaignScheduler
from clarion_server.application.campaigns.test_cases import TestCases
from clarion_server.application.campaigns.testing import CaseTester
from clarion_server.application.campaigns.trigger_sample import TriggerSampler
from clarion_server.application.channels.configurations import ManageChannelConfigurations
from clarion_server.application.fragments.approvable_drafts import FragmentDrafts
from clarion_server.application.fragments.fragments import ManageFragments
from clarion_server.application.sending.files import MessageFiles
from clarion_server.bootstrap.channels import encode_file, open_channel
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.sending import Sending
from clarion_server.domain.campaigns.campaign import Campaign
from clarion_server.domain.fragments.fragment import Fragment


@dataclass(frozen=True, slots=True)
class Authoring:
    campaigns: ManageCampaigns
    life_cycle: CampaignLifeCycle
    comparer: CampaignComparer
    health: CampaignHealthReader
    previewer: CampaignPreviewer
    proofs: ProofSender
    sampler: TriggerSampler
    channels: ManageChannelConfigurations
    scheduler: CampaignScheduler
    queue_canceller: QueueCanceller
    approving_campaigns: Approving[Campaign]
    approving_fragments: Approving[Fragment]
    test_cases: TestCases
    case_tester: CaseTester
    fragments: ManageFragments
    repinner: FragmentRepinner


def wire_authoring(core: Core, sending: Sending, wake_runs: Callable[[], None]) -> Authoring:
    """`wake_runs` is called when a campaign has changed."""
    transactions, clock = core.transactions, core.clock

    def campaign_changed(campaign: Campaign) -> None:
        core.campaigns.invalidate(campaign)
        scheduler.wake()
        sending.campaign_changed()
        wake_runs()
        queue_canceller.start_if_due(campaign)

    scheduler = CampaignScheduler(transactions, clock, campaign_changed)
    queue_canceller = QueueCanceller(transactions, clock)
    review = Review(core.compiler, clock, core.public_url)
    previewer = CampaignPreviewer(transactions, core.compiler, core.public_url)
    return Authoring(
        ManageCampaigns(transactions, clock, campaign_changed, core.compiler),
        CampaignLifeCycle(transactions, review, clock, campaign_changed),
        CampaignComparer(transactions, core.compiler, core.public_url),
        CampaignHealthReader(transactions, PemCertificateReader(), clock),
        previewer,
        _proof_sender(core, previewer),
        TriggerSampler(core.campaigns, core.compiler, core.identities),
        ManageChannelConfigurations(transactions, clock, open_channel, sending.channel_changed),
        scheduler,
        queue_canceller,
        Approving(transactions, clock, CampaignDrafts(transactions, review, clock, campaign_changed)),
        Approving(transactions, clock, FragmentDrafts(transactions, core.compiler, clock)),
        TestCases(transactions, clock),
        CaseTester(transactions, core.compiler, clock, core.public_url),
        ManageFragments(transactions, core.compiler, clock),
        FragmentRepinner(transactions, review, clock, campaign_changed),
    )


def _proof_sender(core: Core, previewer: CampaignPreviewer) -> ProofSender:
    files = MessageFiles(core.transactions, encode_file)
    return ProofSender(core.transactions, previewer, core.exclusions, files, open_channel, core.clock, core.ids)
