"""Provides the calls about topics and consents."""

from __future__ import annotations

import clarion_client as client
from clarion.v1 import consent_pb2 as consent_pb
from clarion.v1 import consent_service_pb2 as consents_pb
from clarion.v1 import silence_pb2
from clarion.v1 import topic_pb2 as topic_pb
from clarion.v1 import topic_service_pb2 as topics_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case, holds

WIRE_TOPIC = topic_pb.Topic(name="topics/x", display_name="News")
TOPIC = client.Topic(name="topics/x", display_name="News")
WIRE_CHANGE = consent_pb.ConsentChange(
    topic="topics/x",
    choice=consent_pb.Consent.CHOICE_DENIED,
    source=consent_pb.ConsentChange.SOURCE_FORM,
    evidence=consent_pb.ConsentEvidence(text="No."),
)
CHANGE = client.ConsentChange(
    topic="topics/x",
    choice=client.ConsentChoice.DENIED,
    source=client.ConsentSource.FORM,
    evidence=client.ConsentEvidence(text="No."),
)
WIRE_SETTINGS = consent_pb.ConsentSettings(name="consentSettings", silence=silence_pb2.SILENCE_SEND_UNLESS_DENIED)
SETTINGS = client.ConsentSettings(name="consentSettings", silence=client.Silence.SEND_UNLESS_DENIED)

CASES = {
    "topics.create": Case(
        "CreateTopic",
        lambda c: c.topics.create(TOPIC, validate_only=True),
        topics_pb.CreateTopicRequest(topic_id="x", topic=WIRE_TOPIC, validate_only=True),
        topics_pb.CreateTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.get": Case(
        "GetTopic",
        lambda c: c.topics.get("x"),
        topics_pb.GetTopicRequest(name="topics/x"),
        topics_pb.GetTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.update": Case(
        "UpdateTopic",
        lambda c: c.topics.update(TOPIC, ["display_name"]),
        topics_pb.UpdateTopicRequest(topic=WIRE_TOPIC, update_mask=FieldMask(paths=["display_name"])),
        topics_pb.UpdateTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.archive": Case(
        "ArchiveTopic",
        lambda c: c.topics.archive("x", etag="7"),
        topics_pb.ArchiveTopicRequest(name="topics/x", etag="7"),
        topics_pb.ArchiveTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "topics.unarchive": Case(
        "UnarchiveTopic",
        lambda c: c.topics.unarchive("x"),
        topics_pb.UnarchiveTopicRequest(name="topics/x"),
        topics_pb.UnarchiveTopicResponse(topic=WIRE_TOPIC),
        TOPIC,
    ),
    "consents.set": Case(
        "SetConsents",
        lambda c: c.consents.set("jane@example.com", [CHANGE]),
        consents_pb.SetConsentsRequest(identity="email:jane@example.com", changes=[WIRE_CHANGE]),
        consents_pb.SetConsentsResponse(profile="profiles/1", changes=[WIRE_CHANGE]),
        holds(profile="profiles/1", consents=(), changes=(CHANGE,)),
    ),
    "consents.set of a profile": Case(
        "SetConsents",
        lambda c: c.consents.set("profiles/1", [CHANGE]),
        consents_pb.SetConsentsRequest(profile="profiles/1", changes=[WIRE_CHANGE]),
        consents_pb.SetConsentsResponse(profile="profiles/1"),
        holds(profile="profiles/1"),
    ),
    "consents.get": Case(
        "GetConsents",
        lambda c: c.consents.get("customer:4711"),
        consents_pb.GetConsentsRequest(identity="customer:4711"),
        consents_pb.GetConsentsResponse(
            profile="profiles/1", consents=[consent_pb.Consent(choice=consent_pb.Consent.CHOICE_DENIED)]
        ),
        lambda found: [consent.choice for consent in found.consents] == [client.ConsentChoice.DENIED],
    ),
    "consents.settings": Case(
        "GetConsentSettings",
        lambda c: c.consents.settings(),
        consents_pb.GetConsentSettingsRequest(name="consentSettings"),
        consents_pb.GetConsentSettingsResponse(consent_settings=WIRE_SETTINGS),
        SETTINGS,
    ),
    "consents.update_settings": Case(
        "UpdateConsentSettings",
        lambda c: c.consents.update_settings(client.ConsentSettings(silence=client.Silence.SEND_UNLESS_DENIED)),
        consents_pb.UpdateConsentSettingsRequest(consent_settings=WIRE_SETTINGS, update_mask=FieldMask(paths=["*"])),
        consents_pb.UpdateConsentSettingsResponse(consent_settings=WIRE_SETTINGS),
        SETTINGS,
    ),
}
