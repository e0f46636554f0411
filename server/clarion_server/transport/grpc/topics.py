"""The TopicService of the contract."""

from __future__ import annotations

from clarion.v1 import topic_service_pb2 as pb

from clarion_server.application.consent.topics import ManageTopics
from clarion_server.domain.access import Caller
from clarion_server.domain.names import TOPICS
from clarion_server.transport.api.convert.topics import to_topic, to_topic_input
from clarion_server.transport.api.pagination import page_of
from clarion_server.transport.grpc.resources import StandardMethods


class TopicService:
    def __init__(self, topics: ManageTopics) -> None:
        self._topics = topics
        standard = StandardMethods(pb, "Topic", topics, to_topic_input, to_topic)
        self.create_topic = standard.create
        self.get_topic = standard.get
        self.update_topic = standard.update

    async def list_topics(self, request: pb.ListTopicsRequest, caller: Caller) -> pb.ListTopicsResponse:
        page = page_of(request, caller, str)
        after = page.after[0] if page.after else None
        found = await self._topics.page(after, page.limit, caller, archived=request.show_archived)
        shown, token = page.cut(found, lambda topic: (topic.id,))
        return pb.ListTopicsResponse(topics=map(to_topic, shown), next_page_token=token)

    async def archive_topic(self, request: pb.ArchiveTopicRequest, caller: Caller) -> pb.ArchiveTopicResponse:
        archived = await self._topics.archive(TOPICS.parse(request.name), request.etag, caller)
        return pb.ArchiveTopicResponse(topic=to_topic(archived))

    async def unarchive_topic(self, request: pb.UnarchiveTopicRequest, caller: Caller) -> pb.UnarchiveTopicResponse:
        topic = await self._topics.unarchive(TOPICS.parse(request.name), request.etag, caller)
        return pb.UnarchiveTopicResponse(topic=to_topic(topic))
