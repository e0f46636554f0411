"""Makes the services of the contract from the components."""

from __future__ import annotations

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.campaigns.approval_policies import APPROVAL_POLICY
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.resources import ManageResources
from clarion_server.application.sending_policies.policies import SENDING_POLICY
from clarion_server.bootstrap.access import Access
from clarion_server.bootstrap.attachments import Attachments
from clarion_server.bootstrap.authoring import Authoring
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.people import People
from clarion_server.bootstrap.reading import Reading
from clarion_server.bootstrap.triggering import Triggers
from clarion_server.transport.api.methods import Service
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.api.request_streams import RequestStreams
from clarion_server.transport.grpc.allow_lists import AllowListService
from clarion_server.transport.grpc.approvals import ApprovalPolicyService, ApprovalService
from clarion_server.transport.grpc.attachments import AttachmentService
from clarion_server.transport.grpc.audiences import AudienceService
from clarion_server.transport.grpc.campaigns import CampaignService
from clarion_server.transport.grpc.channels import ChannelConfigurationService
from clarion_server.transport.grpc.consents import ConsentService
from clarion_server.transport.grpc.executions import ExecutionService
from clarion_server.transport.grpc.fragments import FragmentService
from clarion_server.transport.grpc.identity_namespaces import IdentityNamespaceService
from clarion_server.transport.grpc.imports import ImportService
from clarion_server.transport.grpc.keys import ApiKeyService
from clarion_server.transport.grpc.messages import MessageService
from clarion_server.transport.grpc.profiles import ProfileService
from clarion_server.transport.grpc.proofs import ProofService
from clarion_server.transport.grpc.reports import ReportService
from clarion_server.transport.grpc.sending_policies import SendingPolicyService
from clarion_server.transport.grpc.suppressions import SuppressionService
from clarion_server.transport.grpc.test_cases import TestCaseService
from clarion_server.transport.grpc.topics import TopicService
from clarion_server.transport.grpc.triggers import TriggerService


def contract_services(
    core: Core,
    authoring: Authoring,
    attachments: Attachments,
    people: People,
    triggers: Triggers,
    trigger_service: TriggerService,
    reading: Reading,
    access: Access,
    addresses: PublicAddresses,
    request_streams: RequestStreams,
) -> list[Service]:
    campaigns = CampaignService(
        authoring.campaigns,
        authoring.life_cycle,
        authoring.comparer,
        authoring.health,
        authoring.previewer,
        authoring.sampler,
        addresses,
    )
    servicers: list[object] = [
        campaigns,
        ProofService(authoring.proofs),
        ApprovalService(authoring.approving),
        ApprovalPolicyService(ManageResources(APPROVAL_POLICY, core.transactions, core.clock)),
        TestCaseService(authoring.test_cases, authoring.case_tester),
        ChannelConfigurationService(authoring.channels),
        FragmentService(authoring.fragments, authoring.repinner),
        AttachmentService(attachments.uploads),
        ProfileService(
            people.profiles,
            people.profile_imports,
            people.profile_exports,
            people.profile_merger,
            people.erasures,
        ),
        trigger_service,
        ExecutionService(reading.lookups, triggers.cancelling),
        MessageService(reading.lookups, triggers.cancelling, reading.watch),
        ReportService(reading.reports),
        AllowListService(people.allow_lists),
        SuppressionService(people.suppressions, people.suppression_imports),
        AudienceService(people.audiences.audiences, people.audiences.uploads, people.audiences.counter),
        ImportService(people.profile_imports, people.suppression_imports, people.audiences.uploads, request_streams),
        ConsentService(people.consents.consents, people.consents.settings),
        TopicService(ManageArchivableResources(TOPIC, core.transactions, core.clock)),
        SendingPolicyService(ManageResources(SENDING_POLICY, core.transactions, core.clock)),
        IdentityNamespaceService(people.identity_namespaces),
        ApiKeyService(access.keys),
    ]
    return list(map(Service.of, servicers))
