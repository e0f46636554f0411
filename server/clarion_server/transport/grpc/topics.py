"""The TopicService of the contract."""

from __future__ import annotations

from clarion.v1 import topic_service_pb2

from clarion_server.application.archivable_resources import ManageArchivableResources
from clarion_server.domain.topic import Topic
from clarion_server.transport.api.convert.topics import to_topic, to_topic_input
from clarion_server.transport.grpc.resources import ArchivableMethods


class TopicService:
    def __init__(self, topics: ManageArchivableResources[Topic]) -> None:
        standard = ArchivableMethods(topic_service_pb2, "Topic", topics, to_topic_input, to_topic)
        self.create_topic = standard.create
        self.get_topic = standard.get
        self.list_topics = standard.list
        self.update_topic = standard.update
        self.archive_topic = standard.archive
        self.unarchive_topic = standard.unarchive
