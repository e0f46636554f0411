"""Makes the services of the contract from the components."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from clarion.v1 import (
    approval_policy_service_pb2,
    identity_namespace_service_pb2,
    sending_policy_service_pb2,
    topic_service_pb2,
)

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.application.consent.topics import TOPIC
from clarion_server.application.resources import ManageResources, ResourceKind
from clarion_server.application.sending_policies.policies import SENDING_POLICY
from clarion_server.bootstrap.access import Access
from clarion_server.bootstrap.attachments import Attachments
from clarion_server.bootstrap.authoring import Authoring
from clarion_server.bootstrap.core import Core
from clarion_server.bootstrap.people import People
from clarion_server.bootstrap.reading import Reading
from clarion_server.bootstrap.triggering import Triggers
from clarion_server.domain.approvals.approval_policy import MAX_POLICIES, ApprovalPolicy, approval_policy_violations
from clarion_server.transport.api.convert.approval_policies import to_approval_policy, to_approval_policy_input
from clarion_server.transport.api.convert.identity_namespaces import to_identity_namespace, to_namespace_input
from clarion_server.transport.api.convert.sending_policies import to_policy_input, to_sending_policy
from clarion_server.transport.api.convert.topics import to_topic, to_topic_input
from clarion_server.transport.api.methods import Service
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.api.request_streams import RequestStreams
from clarion_server.transport.grpc.allow_lists import AllowListService
from clarion_server.transport.grpc.approvals import ApprovalService
from clarion_server.transport.grpc.attachments import AttachmentService
from clarion_server.transport.grpc.audiences import AudienceService
from clarion_server.transport.grpc.campaigns import CampaignService
from clarion_server.transport.grpc.channels import ChannelConfigurationService
from clarion_server.transport.grpc.consents import ConsentService
from clarion_server.transport.grpc.executions import ExecutionService
from clarion_server.transport.grpc.fragments import FragmentService
from clarion_server.transport.grpc.imports import ImportService
from clarion_server.transport.grpc.keys import ApiKeyService
from clarion_server.transport.grpc.messages import MessageService
from clarion_server.transport.grpc.profiles import ProfileService
from clarion_server.transport.grpc.proofs import ProofService
from clarion_server.transport.grpc.reports import ReportService
from clarion_server.transport.grpc.resources import ArchivableMethods, StandardMethods, service_of
from clarion_server.transport.grpc.suppressions import SuppressionService
from clarion_server.transport.grpc.test_cases import TestCaseService
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
    servicers: list[object] = [
        *_authoring_servicers(authoring, attachments, addresses),
        trigger_service,
        ExecutionService(reading.lookups, triggers.cancelling),
        MessageService(reading.lookups, triggers.cancelling, reading.watch),
        ReportService(reading.reports),
        *_people_servicers(people, request_streams),
        ApiKeyService(access.keys),
    ]
    return [*map(Service.of, servicers), *map(service_of, _plain_kinds(core, people))]


def _authoring_servicers(
    authoring: Authoring, attachments: Attachments, addresses: PublicAddresses
) -> Iterator[object]:
    yield CampaignService(
        authoring.campaigns,
        authoring.life_cycle,
        authoring.comparer,
        authoring.health,
        authoring.previewer,
        authoring.sampler,
        addresses,
    )
    yield ProofService(authoring.proofs)
    yield ApprovalService(authoring.approving_campaigns, authoring.approving_fragments)
    yield TestCaseService(authoring.test_cases, authoring.case_tester)
    yield ChannelConfigurationService(authoring.channels)
    yield FragmentService(authoring.fragments, authoring.repinner)
    yield AttachmentService(attachments.uploads)


def _people_servicers(people: People, request_streams: RequestStreams) -> Iterator[object]:
    audiences = people.audiences
    yield ProfileService(
        people.profiles, people.profile_imports, people.profile_exports, people.profile_merger, people.erasures
    )
    yield AllowListService(people.allow_lists)
    yield SuppressionService(people.suppressions, people.suppression_imports)
    yield AudienceService(audiences.audiences, audiences.uploads, audiences.counter)
    yield ImportService(people.profile_imports, people.suppression_imports, audiences.uploads, request_streams)
    yield ConsentService(people.consents.consents, people.consents.settings)


def _plain_kinds(core: Core, people: People) -> Iterator[StandardMethods[Any]]:
    """Yields the methods of each kind that has no others than the standard ones."""
    approval_policy = ResourceKind.plain(ApprovalPolicy, MAX_POLICIES, approval_policy_violations)
    policies = ManageResources(approval_policy, core.transactions, core.clock)
    yield StandardMethods(approval_policy_service_pb2, policies, to_approval_policy_input, to_approval_policy)
    topics = ManageArchivableResources(TOPIC, core.transactions, core.clock)
    yield ArchivableMethods(topic_service_pb2, topics, to_topic_input, to_topic)
    sending = ManageResources(SENDING_POLICY, core.transactions, core.clock)
    yield StandardMethods(sending_policy_service_pb2, sending, to_policy_input, to_sending_policy)
    namespaces = people.identity_namespaces
    yield StandardMethods(identity_namespace_service_pb2, namespaces, to_namespace_input, to_identity_namespace)
