"""Converts consents from and to protobuf."""

from __future__ import annotations

from clarion.v1 import consent_pb2 as pb
from clarion.v1 import consent_service_pb2 as service_pb

from clarion_server.application.consent.consents import Person, SetConsents
from clarion_server.domain.consent.consent import Consent, ConsentChoice, Consents, ConsentScope, ConsentSettings
from clarion_server.domain.consent.consent_change import (
    MAX_CHANGES,
    NO_EVIDENCE,
    ConsentChange,
    ConsentSource,
    Evidence,
    change_name,
)
from clarion_server.domain.names import PROFILES, TOPICS
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.enums import CHANNEL, CONSENT_CHOICE, CONSENT_SOURCE, SILENCE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_CHANGES_READ = MAX_CHANGES + 1


def to_set_consents(request: service_pb.SetConsentsRequest) -> SetConsents:
    """Reads the request. The command carries the violations."""
    parser = RequestParser()
    person = to_person(parser, request)
    changes = [
        from_change(parser, change, f"changes[{index}]") for index, change in enumerate(request.changes[:_CHANGES_READ])
    ]
    return SetConsents(person, changes, parser.violations)


def to_person(parser: RequestParser, request: service_pb.SetConsentsRequest | service_pb.GetConsentsRequest) -> Person:
    """Reads whom the request is about."""
    match request.WhichOneof("person"):
        case "profile":
            return Person(profile_id=parser.id(PROFILES, request.profile, "profile"))
        case "identity":
            return Person(identity=request.identity)
        case _:
            parser.add(required("identity"))
            return Person()


def to_consents(consents: Consents) -> list[pb.Consent]:
    """Returns the choices, the widest scope first."""
    ordered = sorted(
        consents.values(), key=lambda each: (-each.scope.width, each.scope.channel or "", each.scope.topic)
    )
    return list(map(_to_consent, ordered))


def to_consent_change(change: ConsentChange) -> pb.ConsentChange:
    return pb.ConsentChange(
        name=change.name,
        channel=CHANNEL.number(change.scope.channel),
        topic=_topic_name(change.scope.topic),
        choice=CONSENT_CHOICE.number(change.choice),
        time=to_timestamp(change.time),
        source=CONSENT_SOURCE.number(change.source),
        evidence=None if change.evidence == NO_EVIDENCE else _to_evidence(change.evidence),
        previous_choice=CONSENT_CHOICE.number(change.previous_choice),
        record_time=to_timestamp(change.record_time),
        actor=change.actor,
    )


def to_settings(settings: ConsentSettings) -> pb.ConsentSettings:
    return pb.ConsentSettings(
        name=settings.name,
        silence=SILENCE.number(settings.silence),
        etag=settings.etag,
        update_time=to_optional_timestamp(settings.update_time),
    )


def from_change(parser: RequestParser, change: pb.ConsentChange, field: str) -> ConsentChange:
    choice = parser.member(CONSENT_CHOICE, change.choice, f"{field}.choice")
    source = parser.member(CONSENT_SOURCE, change.source, f"{field}.source")
    for name in ("choice", "source"):
        if not getattr(change, name):
            parser.add(required(f"{field}.{name}"))
    scope = ConsentScope(
        parser.member(CHANNEL, change.channel, f"{field}.channel"),
        parser.optional_id(TOPICS, change.topic, f"{field}.topic"),
    )
    time = parser.instant(change.time, f"{field}.time") if change.HasField("time") else None
    return ConsentChange(
        scope,
        choice or ConsentChoice.DENIED,
        time or 0,
        source or ConsentSource.SYNC,
        _from_evidence(change.evidence),
    )


def _from_evidence(evidence: pb.ConsentEvidence) -> Evidence:
    return Evidence(
        text=evidence.text,
        text_version=evidence.text_version,
        url=evidence.url,
        locale=evidence.locale,
        ip_address=evidence.ip_address,
        user_agent=evidence.user_agent,
    )


def _to_evidence(evidence: Evidence) -> pb.ConsentEvidence:
    return pb.ConsentEvidence(
        text=evidence.text,
        text_version=evidence.text_version,
        url=evidence.url,
        locale=evidence.locale,
        ip_address=evidence.ip_address,
        user_agent=evidence.user_agent,
    )


def _to_consent(consent: Consent) -> pb.Consent:
    return pb.Consent(
        channel=CHANNEL.number(consent.scope.channel),
        topic=_topic_name(consent.scope.topic),
        choice=CONSENT_CHOICE.number(consent.choice),
        time=to_timestamp(consent.time),
        change=change_name(consent.change_key),
    )


def _topic_name(topic: str | None) -> str:
    return "" if topic is None else TOPICS.format(topic)
