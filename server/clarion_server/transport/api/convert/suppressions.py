"""Converts suppressions from and to protobuf."""

from __future__ import annotations

from clarion.v1 import event_pb2
from clarion.v1 import suppression_pb2 as pb
from clarion.v1 import suppression_service_pb2 as service_pb

from clarion_server.application.suppressions.entries import CreateSuppression
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.people.import_result import ImportResult
from clarion_server.domain.suppressions.suppression import (
    Suppression,
    SuppressionChange,
    SuppressionReason,
    SuppressionScope,
)
from clarion_server.transport.api.convert.enums import CHANNEL, IMPORT_OUTCOME, SUPPRESSION_REASON, SUPPRESSION_SCOPE
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp
from clarion_server.transport.api.errors import field_violation


def to_command(suppression: pb.Suppression) -> CreateSuppression:
    """Reads a new suppression. The command carries the violations."""
    parser = RequestParser()
    field = suppression.WhichOneof("target") or "address"
    expires = suppression.HasField("expire_time")
    return CreateSuppression(
        target=getattr(suppression, field),
        target_field=field,
        channel=parser.member(CHANNEL, suppression.channel, "channel") or Channel.EMAIL,
        reason=parser.member(SUPPRESSION_REASON, suppression.reason, "reason") or SuppressionReason.MANUAL,
        scope=parser.member(SUPPRESSION_SCOPE, suppression.scope, "scope") or SuppressionScope.ALL,
        expire_time=parser.instant(suppression.expire_time, "expire_time") if expires else None,
        violations=parser.violations,
    )


def to_suppression(suppression: Suppression) -> pb.Suppression:
    field = "domain" if suppression.is_of_domain else "address"
    target = {} if suppression.is_hashed else {field: suppression.target}
    return pb.Suppression(
        name=suppression.name,
        channel=CHANNEL.number(suppression.channel),
        reason=SUPPRESSION_REASON.number(suppression.reason),
        scope=SUPPRESSION_SCOPE.number(suppression.scope),
        expire_time=to_optional_timestamp(suppression.expire_time),
        create_time=to_timestamp(suppression.create_time),
        creator=suppression.creator,
        **target,
    )


def to_result(result: ImportResult) -> service_pb.ImportedSuppression:
    return service_pb.ImportedSuppression(
        outcome=IMPORT_OUTCOME.number(result.outcome),
        suppression=result.name,
        violations=map(field_violation, result.violations),
    )


def to_change(change: SuppressionChange) -> event_pb2.SuppressionChange:
    return event_pb2.SuppressionChange(
        channel=CHANNEL.number(change.channel),
        reason=SUPPRESSION_REASON.number(change.reason),
        scope=SUPPRESSION_SCOPE.number(change.scope),
        actor=change.actor,
        override_reason=change.override_reason,
    )
