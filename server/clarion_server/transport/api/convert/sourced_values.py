"""Converts values that were chosen, with where they come from, to protobuf."""

from __future__ import annotations

from clarion.v1 import explanation_pb2

from clarion_server.domain.sourced_value import SourcedValue
from clarion_server.transport.api.convert.enums import VALUE_SOURCE


def to_sourced_value(value: SourcedValue | None) -> explanation_pb2.SourcedValue | None:
    if value is None:
        return None
    return explanation_pb2.SourcedValue(value=value.value, source=VALUE_SOURCE.number(value.source))
