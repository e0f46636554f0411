"""The methods of `client.topics`."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from clarion.v1 import topic_pb2
from clarion.v1 import topic_service_pb2 as wire
from clarion.v1 import topic_service_pb2_grpc as rpc
from google.protobuf.field_mask_pb2 import FieldMask

from clarion_client._async.calls import AsyncCalls
from clarion_client._async.pager import AsyncPager, paged
from clarion_client._conversion import read, read_all, write
from clarion_client._names import full_name, short_name
from clarion_client._values import Topic

COLLECTION = "topics"


class AsyncTopics:
    """Writes topics, which people subscribe to: `client.topics`. A name may be given as `news` or `topics/news`.
    `timeout` is in seconds.
    """

    def __init__(self, calls: AsyncCalls) -> None:
        self._calls = calls

    @cached_property
    def _stub(self) -> rpc.TopicServiceAsyncStub:
        return rpc.TopicServiceStub(self._calls.channel)

    async def create(self, topic: Topic, *, validate_only: bool = False, timeout: float | None = None) -> Topic:
        """Creates it under its name. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.CreateTopicRequest(
            topic_id=short_name(full_name(COLLECTION, topic.name)),
            topic=write(topic, topic_pb2.Topic),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.CreateTopic, request, repeatable=validate_only, timeout=timeout)
        return read(Topic, answer.topic)

    async def get(self, name: str, *, timeout: float | None = None) -> Topic:
        request = wire.GetTopicRequest(name=full_name(COLLECTION, name))
        answer = await self._calls.unary(self._stub.GetTopic, request, repeatable=True, timeout=timeout)
        return read(Topic, answer.topic)

    def list(
        self, *, show_archived: bool = False, page_size: int = 0, timeout: float | None = None
    ) -> AsyncPager[Topic]:
        """Lists topics by name, those that are archived only when asked for. `page_size` is 50 unless given, and at
        most 1,000.
        """
        request = wire.ListTopicsRequest(page_size=page_size, show_archived=show_archived)
        return paged(self._calls, self._stub.ListTopics, request, lambda page: read_all(Topic, page.topics), timeout)

    async def update(
        self,
        topic: Topic,
        fields: Iterable[str] | None = None,
        *,
        validate_only: bool = False,
        timeout: float | None = None,
    ) -> Topic:
        """Changes it to these values: all of them, or the top-level `fields` named. Refused (ConflictError) when the
        value's etag is not the stored one. `validate_only` runs every check, stores nothing and returns what would be
        stored.
        """
        request = wire.UpdateTopicRequest(
            topic=write(topic, topic_pb2.Topic),
            update_mask=FieldMask(paths=["*"] if fields is None else fields),
            validate_only=validate_only,
        )
        answer = await self._calls.unary(self._stub.UpdateTopic, request, repeatable=validate_only, timeout=timeout)
        return read(Topic, answer.topic)

    async def archive(self, name: str, *, etag: str = "", timeout: float | None = None) -> Topic:
        """Takes a topic out of use. What people chose stays."""
        request = wire.ArchiveTopicRequest(name=full_name(COLLECTION, name), etag=etag)
        answer = await self._calls.unary(self._stub.ArchiveTopic, request, repeatable=not etag, timeout=timeout)
        return read(Topic, answer.topic)

    async def unarchive(self, name: str, *, etag: str = "", timeout: float | None = None) -> Topic:
        """Takes an archived topic into use again."""
        request = wire.UnarchiveTopicRequest(name=full_name(COLLECTION, name), etag=etag)
        answer = await self._calls.unary(self._stub.UnarchiveTopic, request, repeatable=not etag, timeout=timeout)
        return read(Topic, answer.topic)
