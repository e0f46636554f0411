"""The TopicService of the contract."""

from __future__ import annotations

from clarion.v1 import topic_pb2
from clarion.v1 import topic_service_pb2 as pb

from clarion_server.application.consent.topics import EDITABLE_FIELDS, CreateTopic, ManageTopics, UpdateTopic
from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.names import TOPICS
from clarion_server.domain.topic import Topic
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.topics import to_topic, to_topic_input
from clarion_server.transport.api.masks import read_mask
from clarion_server.transport.api.pagination import page_of


class TopicService:
    def __init__(self, topics: ManageTopics) -> None:
        self._topics = topics

    async def create_topic(self, request: pb.CreateTopicRequest, caller: Caller) -> pb.CreateTopicResponse:
        _need_topic(request)
        command = CreateTopic(request.topic_id, to_topic_input(request.topic), request.validate_only)
        created = await self._topics.create(command, caller)
        return pb.CreateTopicResponse(topic=_written(created, request.validate_only))

    async def get_topic(self, request: pb.GetTopicRequest, caller: Caller) -> pb.GetTopicResponse:
        found = await self._topics.get(TOPICS.parse(request.name), caller)
        return pb.GetTopicResponse(topic=to_topic(found))

    async def list_topics(self, request: pb.ListTopicsRequest, caller: Caller) -> pb.ListTopicsResponse:
        page = page_of(request, caller, str)
        after = page.after[0] if page.after else None
        found = await self._topics.page(after, page.limit, caller, archived=request.show_archived)
        shown, token = page.cut(found, lambda topic: (topic.id,))
        return pb.ListTopicsResponse(topics=map(to_topic, shown), next_page_token=token)

    async def update_topic(self, request: pb.UpdateTopicRequest, caller: Caller) -> pb.UpdateTopicResponse:
        _need_topic(request)
        mask = read_mask(request.update_mask, request.topic, EDITABLE_FIELDS)
        command = UpdateTopic(
            TOPICS.parse(request.topic.name, "topic.name"),
            to_topic_input(request.topic),
            mask.fields,
            request.topic.etag,
            mask.violations,
            request.validate_only,
        )
        updated = await self._topics.update(command, caller)
        return pb.UpdateTopicResponse(topic=_written(updated, request.validate_only))

    async def archive_topic(self, request: pb.ArchiveTopicRequest, caller: Caller) -> pb.ArchiveTopicResponse:
        archived = await self._topics.archive(TOPICS.parse(request.name), request.etag, caller)
        return pb.ArchiveTopicResponse(topic=to_topic(archived))

    async def unarchive_topic(self, request: pb.UnarchiveTopicRequest, caller: Caller) -> pb.UnarchiveTopicResponse:
        topic = await self._topics.unarchive(TOPICS.parse(request.name), request.etag, caller)
        return pb.UnarchiveTopicResponse(topic=to_topic(topic))


def _need_topic(request: pb.CreateTopicRequest | pb.UpdateTopicRequest) -> None:
    if not request.HasField("topic"):
        raise InvalidFields((required("topic"),))


def _written(topic: Topic, validate_only: bool) -> topic_pb2.Topic:
    message = to_topic(topic)
    if validate_only:
        # Nothing was stored, so there is no etag.
        message.ClearField("etag")
    return message
