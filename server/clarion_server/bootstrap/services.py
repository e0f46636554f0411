"""The services of the contract over the use cases."""

from __future__ import annotations

from dataclasses import dataclass

from clarion.v1 import (
    api_key_service_pb2,
    campaign_service_pb2,
    channel_configuration_service_pb2,
    execution_service_pb2,
    message_service_pb2,
    report_service_pb2,
    trigger_service_pb2,
)

from clarion_server.application.access.api_keys import ManageApiKeys
from clarion_server.application.campaigns.drafts import ManageCampaigns
from clarion_server.application.campaigns.life_cycle import CampaignLifeCycle
from clarion_server.application.campaigns.preview import CampaignPreviewer
from clarion_server.application.campaigns.trigger_sample import TriggerSampler
from clarion_server.application.channels.configurations import ManageChannelConfigurations
from clarion_server.application.queries.event_watch import EventWatch
from clarion_server.application.queries.lookups import Lookups
from clarion_server.application.reports.campaign_report import CampaignReports
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.transport.api.public_addresses import PublicAddresses
from clarion_server.transport.grpc.campaigns import CampaignService
from clarion_server.transport.grpc.channels import ChannelConfigurationService
from clarion_server.transport.grpc.executions import ExecutionService
from clarion_server.transport.grpc.keys import ApiKeyService
from clarion_server.transport.grpc.messages import MessageService
from clarion_server.transport.grpc.reports import ReportService
from clarion_server.transport.grpc.server import Service
from clarion_server.transport.grpc.triggers import TriggerService


@dataclass(frozen=True, slots=True)
class CampaignUseCases:
    """What is done with campaigns themselves."""

    authoring: ManageCampaigns
    life_cycle: CampaignLifeCycle
    previewing: CampaignPreviewer
    sampling: TriggerSampler


def grpc_services(
    campaigns: CampaignUseCases,
    channels: ManageChannelConfigurations,
    triggers: TriggerService,
    inspecting: Lookups,
    cancelling: CancelMessages,
    watching: EventWatch,
    reporting: CampaignReports,
    keys: ManageApiKeys,
    doors: PublicAddresses,
) -> list[Service]:
    """`doors` tell a caller where the service is found."""
    campaign_service = CampaignService(
        campaigns.authoring, campaigns.life_cycle, campaigns.previewing, campaigns.sampling, doors
    )
    return [
        _service(campaign_service_pb2, campaign_service),
        _service(channel_configuration_service_pb2, ChannelConfigurationService(channels)),
        _service(trigger_service_pb2, triggers),
        _service(execution_service_pb2, ExecutionService(inspecting, cancelling)),
        _service(message_service_pb2, MessageService(inspecting, cancelling, watching)),
        _service(report_service_pb2, ReportService(reporting)),
        _service(api_key_service_pb2, ApiKeyService(keys)),
    ]


def _service(module: object, servicer: object) -> Service:
    (descriptor,) = module.DESCRIPTOR.services_by_name.values()  # type: ignore[attr-defined] # a generated module
    return Service(descriptor, servicer)
