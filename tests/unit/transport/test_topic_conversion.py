"""Topics from the wire and back."""

from __future__ import annotations

from clarion.v1 import topic_pb2 as pb
from clarion_server.domain.consent.topic import MAX_TRANSLATIONS, OneClick, Topic, TopicVisibility
from clarion_server.transport.api.convert.topics import to_topic, to_topic_input
from hypothesis import given

from tests.unit.transport.definitions import topics


@given(topics)
def test_a_topic_survives_the_way_to_the_wire_and_back(topic: Topic) -> None:
    wire = to_topic(topic)
    read = to_topic_input(pb.Topic.FromString(wire.SerializeToString()))
    assert read.resource == topic
    assert read.violations == ()


def test_what_is_left_out_has_its_documented_default() -> None:
    read = to_topic_input(pb.Topic()).resource
    assert (read.default_locale, read.visibility, read.silence) == ("en", TopicVisibility.PUBLIC, None)
    assert read.one_click is OneClick.TOPIC


def test_values_that_this_version_does_not_know_are_refused() -> None:
    sent = pb.Topic(visibility=99, one_click=99, silence=99)  # type: ignore[arg-type] # a caller may send any number
    assert [each.field for each in to_topic_input(sent).violations] == ["visibility", "one_click", "silence"]


def test_of_too_many_translations_no_more_are_read_than_show_it() -> None:
    sent = pb.Topic(translations=[pb.TopicTranslation(locale="de")] * 1_000)
    assert len(to_topic_input(sent).resource.translations) == MAX_TRANSLATIONS + 1
