"""Converts topics from and to protobuf."""

from __future__ import annotations

from clarion.v1 import topic_pb2 as pb

from clarion_server.application.resources import ResourceInput
from clarion_server.domain.consent.topic import MAX_TRANSLATIONS, OneClick, Topic, TopicTranslation, TopicVisibility
from clarion_server.transport.api.convert.enums import ONE_CLICK, SILENCE, TOPIC_VISIBILITY
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_TRANSLATIONS_READ = MAX_TRANSLATIONS + 1

_EMPTY = Topic(sandbox="", id="", create_time=0, update_time=0, display_name="")


def to_topic_input(topic: pb.Topic) -> ResourceInput[Topic]:
    """Reads the editable fields, with defaults for those that are not set. The input carries the violations."""
    parser = RequestParser()
    read = Topic(
        sandbox="",
        id="",
        display_name=topic.display_name,
        create_time=0,
        update_time=0,
        description=topic.description,
        default_locale=topic.default_locale or _EMPTY.default_locale,
        translations=tuple(
            TopicTranslation(each.locale, each.display_name, each.description)
            for each in topic.translations[:_TRANSLATIONS_READ]
        ),
        visibility=parser.member(TOPIC_VISIBILITY, topic.visibility, "visibility") or TopicVisibility.PUBLIC,
        one_click=parser.member(ONE_CLICK, topic.one_click, "one_click") or OneClick.TOPIC,
        silence=parser.member(SILENCE, topic.silence, "silence"),
    )
    return ResourceInput(read, parser.violations)


def to_topic(topic: Topic) -> pb.Topic:
    return pb.Topic(
        name=topic.name,
        display_name=topic.display_name,
        description=topic.description,
        default_locale=topic.default_locale,
        translations=[
            pb.TopicTranslation(locale=each.locale, display_name=each.display_name, description=each.description)
            for each in topic.translations
        ],
        visibility=TOPIC_VISIBILITY.number(topic.visibility),
        one_click=ONE_CLICK.number(topic.one_click),
        silence=SILENCE.number(topic.silence),
        etag=topic.etag,
        create_time=to_timestamp(topic.create_time),
        update_time=to_timestamp(topic.update_time),
        archive_time=to_optional_timestamp(topic.archive_time),
    )
