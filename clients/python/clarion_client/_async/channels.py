"""The methods of `client.channels`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import channel_configuration_pb2
from clarion.v1 import channel_configuration_service_pb2 as wire
from clarion.v1 import channel_configuration_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all, write
from clarion_client._names import full_name, short_name
from clarion_client._values import ChannelConfiguration, Verification

COLLECTION = "channelConfigurations"


class AsyncChannels:
    """Writes and verifies channel configurations: `client.channels`. A name may be given as `orders` or
    `channelConfigurations/orders`. `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.ChannelConfigurationServiceAsyncStub:
        return rpc.ChannelConfigurationServiceStub(self._calls.channel)

    async def create(
        self,
        channel_configuration: ChannelConfiguration,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> ChannelConfiguration:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.CreateChannelConfigurationRequest(
            channel_configuration_id=short_name(full_name(COLLECTION, channel_configuration.name)),
            channel_configuration=write(channel_configuration, channel_configuration_pb2.ChannelConfiguration),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(
            self._stub.CreateChannelConfiguration, request, repeatable=validate_only, timeout=timeout
        )
        return read(ChannelConfiguration, answer.channel_configuration)

    async def get(self, name: str, *, timeout: float | None = None) -> ChannelConfiguration:
        request = wire.GetChannelConfigurationRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetChannelConfiguration, request, repeatable=True, timeout=timeout)
        return read(ChannelConfiguration, answer.channel_configuration)

    def list(self, *, page_size: int = 0, timeout: float | None = None) -> AsyncPager[ChannelConfiguration]:
        """Lists channel configurations by name. `page_size` is 50 unless given, and at most 1,000."""
        return paged(
            self._calls,
            self._stub.ListChannelConfigurations,
            wire.ListChannelConfigurationsRequest(page_size=page_size),
            lambda page: read_all(ChannelConfiguration, page.channel_configurations),
            timeout,
        )

    async def update(
        self,
        channel_configuration: ChannelConfiguration,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> ChannelConfiguration:
        """Changes it to these values: all of them, or the top-level `fields` named. An empty password keeps the
        stored one. Refused (ConflictError) when the value's etag is not the stored one. `validate_only` runs every
        check, stores nothing and returns what would be stored.
        """
        request = wire.UpdateChannelConfigurationRequest(
            channel_configuration=write(channel_configuration, channel_configuration_pb2.ChannelConfiguration),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(
            self._stub.UpdateChannelConfiguration, request, repeatable=validate_only, timeout=timeout
        )
        return read(ChannelConfiguration, answer.channel_configuration)

    async def delete(self, name: str, *, etag: str = "", timeout: float | None = None) -> None:
        """Deletes a channel configuration that no campaign uses and no message waits for."""
        request = wire.DeleteChannelConfigurationRequest(name=full_name(COLLECTION, name), etag=etag)
        await self._calls.unary(self._stub.DeleteChannelConfiguration, request, repeatable=False, timeout=timeout)

    async def verify(self, name: str, *, timeout: float | None = None) -> Verification:
        """Connects to the provider and tries every step of a hand-off. A failed step is part of the answer and
        raises no error.
        """
        request = wire.VerifyChannelConfigurationRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(
            self._stub.VerifyChannelConfiguration, request, repeatable=True, timeout=timeout
        )
        return read(Verification, answer)
