"""Serves the ChannelConfigurationService of the contract."""

from __future__ import annotations

from clarion.v1 import channel_configuration_pb2 as configuration_pb
from clarion.v1 import channel_configuration_service_pb2 as pb

from clarion_server.application.channels.configurations import (
    EDITABLE_FIELDS,
    CreateChannelConfiguration,
    ManageChannelConfigurations,
    UpdateChannelConfiguration,
)
from clarion_server.domain.access.access import Caller
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import CHANNEL_CONFIGURATIONS
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.channels import to_channel_configuration, to_settings, to_step
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of


class ChannelConfigurationService:
    def __init__(self, configurations: ManageChannelConfigurations) -> None:
        self._configurations = configurations

    async def create_channel_configuration(
        self, request: pb.CreateChannelConfigurationRequest, caller: Caller
    ) -> pb.CreateChannelConfigurationResponse:
        _need_configuration(request)
        command = CreateChannelConfiguration(
            request.channel_configuration_id, to_settings(request.channel_configuration), request.validate_only
        )
        created = await self._configurations.create(command, caller)
        return pb.CreateChannelConfigurationResponse(channel_configuration=_written(created, request.validate_only))

    async def get_channel_configuration(
        self, request: pb.GetChannelConfigurationRequest, caller: Caller
    ) -> pb.GetChannelConfigurationResponse:
        found = await self._configurations.get(CHANNEL_CONFIGURATIONS.parse(request.name), caller)
        return pb.GetChannelConfigurationResponse(channel_configuration=to_channel_configuration(found))

    async def list_channel_configurations(
        self, request: pb.ListChannelConfigurationsRequest, caller: Caller
    ) -> pb.ListChannelConfigurationsResponse:
        page = page_of(request, caller, str)
        found = await self._configurations.page(page.after[0] if page.after else None, page.limit, caller)
        shown, token = page.cut(found, lambda configuration: (configuration.id,))
        return pb.ListChannelConfigurationsResponse(
            channel_configurations=map(to_channel_configuration, shown), next_page_token=token
        )

    async def update_channel_configuration(
        self, request: pb.UpdateChannelConfigurationRequest, caller: Caller
    ) -> pb.UpdateChannelConfigurationResponse:
        _need_configuration(request)
        wanted = request.channel_configuration
        mask = read_mask(request.update_mask, wanted, EDITABLE_FIELDS)
        command = UpdateChannelConfiguration(
            CHANNEL_CONFIGURATIONS.parse(wanted.name, "channel_configuration.name"),
            to_settings(wanted),
            mask.fields,
            wanted.etag,
            mask.violations,
            request.validate_only,
        )
        updated = await self._configurations.update(command, caller)
        return pb.UpdateChannelConfigurationResponse(channel_configuration=_written(updated, request.validate_only))

    async def delete_channel_configuration(
        self, request: pb.DeleteChannelConfigurationRequest, caller: Caller
    ) -> pb.DeleteChannelConfigurationResponse:
        await self._configurations.delete(CHANNEL_CONFIGURATIONS.parse(request.name), request.etag, caller)
        return pb.DeleteChannelConfigurationResponse()

    async def verify_channel_configuration(
        self, request: pb.VerifyChannelConfigurationRequest, caller: Caller
    ) -> pb.VerifyChannelConfigurationResponse:
        steps = await self._configurations.verify(CHANNEL_CONFIGURATIONS.parse(request.name), caller)
        usable = all(step.passed for step in steps)
        return pb.VerifyChannelConfigurationResponse(usable=usable, steps=map(to_step, steps))


def _need_configuration(
    request: pb.CreateChannelConfigurationRequest | pb.UpdateChannelConfigurationRequest,
) -> None:
    if not request.HasField("channel_configuration"):
        raise InvalidFields((required("channel_configuration"),))


def _written(configuration: ChannelConfiguration, validate_only: bool) -> configuration_pb.ChannelConfiguration:
    message = to_channel_configuration(configuration)
    if validate_only:
        # Nothing was stored, so there is no etag.
        message.ClearField("etag")
    return message
