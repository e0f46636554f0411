"""The methods of `client.topics`."""

from __future__ import annotations

from clarion.v1 import topic_pb2, topic_service_pb2, topic_service_pb2_grpc

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.resources import AsyncArchivableResources, ResourceKind
from clarion_client._values import Topic

_KIND = ResourceKind(Topic, topic_pb2.Topic, topic_service_pb2, topic_service_pb2_grpc)


class AsyncTopics(AsyncArchivableResources[Topic]):
    """Writes topics, which people subscribe to: `client.topics`. What people chose about an archived topic stays."""

    def __init__(self, calls: AsyncCalls) -> None:
        super().__init__(calls, _KIND)
