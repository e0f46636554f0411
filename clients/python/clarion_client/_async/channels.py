"""Defines the methods of `client.channels`."""

from __future__ import annotations

from clarion.v1 import channel_configuration_service_pb2 as wire
from clarion.v1 import channel_configuration_service_pb2_grpc as rpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.resources import AsyncDeletableResources, ResourceKind
from clarion_client._conversion import message_of, read
from clarion_client._names import full_name
from clarion_client._values import ChannelConfiguration, Verification

_KIND = ResourceKind(ChannelConfiguration, wire, rpc)


class AsyncChannels(AsyncDeletableResources[ChannelConfiguration]):
    """Writes and verifies channel configurations: `client.channels`. An update with an empty password keeps the stored
    one. One that a campaign uses, or that a message waits for, is not deleted.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)

    async def verify(self, name: str, *, timeout: float | None = None) -> Verification:
        """Connects to the provider and tries every step of a hand-off. A failed step is part of the answer and
        raises no error.
        """
        request = message_of(wire.VerifyChannelConfigurationRequest, name=full_name(self._kind.collection, name))
        answer = await self._calls.unary(
            self._stub.VerifyChannelConfiguration, request, repeatable=True, timeout=timeout
        )
        return read(Verification, answer)
