"""Makes the services of the contract from the components."""

from __future__ import annotations

from clarion.v1 import (
    allow_list_service_pb2,
    api_key_service_pb2,
    approval_policy_service_pb2,
    approval_service_pb2,
    attachment_service_pb2,
    audience_service_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    consent_service_pb2,
    execution_service_pb2,
    fragment_service_pb2,
    identity_namespace_service_pb2,
    import_service_pb2,
    message_service_pb2,
    profile_service_pb2,
    proof_service_pb2,
    report_service_pb2,
    sending_policy_service_pb2,
    suppression_service_pb2,
    test_case_service_pb2,
    topic_service_pb2,
    trigger_service_pb2,
)

from clarion_server.bootstrap.access import Access
from clarion_server.bootstrap.attachments import Attachments
from clarion_server.bootstrap.authoring import Authoring
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
    return [
        _service(campaign_service_pb2, campaigns),
        _service(proof_service_pb2, ProofService(authoring.proofs)),
        _service(approval_service_pb2, ApprovalService(authoring.approving)),
        _service(approval_policy_service_pb2, ApprovalPolicyService(authoring.approval_policies)),
        _service(test_case_service_pb2, TestCaseService(authoring.test_cases, authoring.case_tester)),
        _service(channel_configuration_service_pb2, ChannelConfigurationService(authoring.channels)),
        _service(fragment_service_pb2, FragmentService(authoring.fragments)),
        _service(attachment_service_pb2, AttachmentService(attachments.uploads)),
        _service(
            profile_service_pb2,
            ProfileService(
                people.profiles,
                people.profile_imports,
                people.profile_exports,
                people.profile_merger,
                people.erasures,
            ),
        ),
        _service(trigger_service_pb2, trigger_service),
        _service(execution_service_pb2, ExecutionService(reading.lookups, triggers.cancelling)),
        _service(message_service_pb2, MessageService(reading.lookups, triggers.cancelling, reading.watch)),
        _service(report_service_pb2, ReportService(reading.reports)),
        _service(allow_list_service_pb2, AllowListService(people.allow_lists)),
        _service(suppression_service_pb2, SuppressionService(people.suppressions, people.suppression_imports)),
        _service(
            audience_service_pb2,
            AudienceService(people.audiences.audiences, people.audiences.uploads, people.audiences.counter),
        ),
        _service(
            import_service_pb2,
            ImportService(
                people.profile_imports, people.suppression_imports, people.audiences.uploads, request_streams
            ),
        ),
        _service(consent_service_pb2, ConsentService(people.consents.consents, people.consents.settings)),
        _service(topic_service_pb2, TopicService(people.consents.topics)),
        _service(sending_policy_service_pb2, SendingPolicyService(people.sending_policies)),
        _service(identity_namespace_service_pb2, IdentityNamespaceService(people.identity_namespaces)),
        _service(api_key_service_pb2, ApiKeyService(access.keys)),
    ]


def _service(module: object, servicer: object) -> Service:
    (descriptor,) = module.DESCRIPTOR.services_by_name.values()  # type: ignore[attr-defined] # a generated module
    return Service(descriptor, servicer)
