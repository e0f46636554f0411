"""Converts exclusions to protobuf."""

from __future__ import annotations

from clarion.v1 import event_pb2

from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.transport.api.convert.enums import EXCLUSION_PHASE, EXCLUSION_REASON


def to_exclusion(exclusion: Exclusion) -> event_pb2.Exclusion:
    return event_pb2.Exclusion(
        reason=EXCLUSION_REASON.number(exclusion.reason),
        phase=EXCLUSION_PHASE.number(exclusion.phase),
        cause=exclusion.cause,
    )
