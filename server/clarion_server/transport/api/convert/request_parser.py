"""Reads the fields of a request and collects their violations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from google.protobuf import struct_pb2
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import LATEST, SECOND, Instant, Span
from clarion_server.domain.names import Collection
from clarion_server.domain.violation import Violation, malformed, out_of_range, too_many
from clarion_server.transport.api.convert.enums import EnumPair, M, N
from clarion_server.transport.api.convert.structs import NotJson, to_dict, violations_of
from clarion_server.transport.api.convert.times import from_duration, from_timestamp

#: At most this many values of a repeated enum field are read. No enum has as many members.
MAX_MEMBERS = 100

_NANOS = 1_000_000_000


class RequestParser:
    """Reads one request. For a field that it cannot read, a method adds a violation and returns a placeholder.

    Protobuf skips unknown fields before they get here, so that callers and services may have different versions.
    Readers of JSON and YAML refuse unknown names themselves.
    """

    def __init__(self) -> None:
        self._violations: list[Violation] = []

    @property
    def violations(self) -> tuple[Violation, ...]:
        return tuple(self._violations)

    def add(self, violation: Violation) -> None:
        self._violations.append(violation)

    def check(self) -> None:
        """Raises InvalidFields with all violations, if there are any."""
        if self._violations:
            raise InvalidFields(self.violations)

    def member(self, pair: EnumPair[M, N], number: int, field: str) -> M | None:
        """Returns the member of an enum, or None when the field is not set."""
        member = pair.member(number)
        if member is None and number != 0:
            self.add(_unknown_value(pair, field))
        return member

    def members(self, pair: EnumPair[M, N], numbers: Sequence[int], field: str) -> tuple[M, ...]:
        """Returns the members of a repeated field. The zero value is a violation, as it cannot mean an unset field."""
        if len(numbers) > MAX_MEMBERS:
            # A request could hold millions, each of which would become a violation.
            self.add(too_many(field, MAX_MEMBERS))
            return ()
        read = []
        for index, number in enumerate(numbers):
            member = pair.member(number)
            if member is None:
                self.add(_unknown_value(pair, f"{field}[{index}]"))
            else:
                read.append(member)
        return tuple(read)

    def instant(self, timestamp: Timestamp, field: str) -> Instant | None:
        if 0 <= timestamp.seconds <= LATEST // SECOND and 0 <= timestamp.nanos < _NANOS:
            return from_timestamp(timestamp)
        self.add(out_of_range(field, "Must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z."))
        return None

    def span(self, duration: Duration, field: str) -> Span:
        if abs(duration.nanos) < _NANOS:
            return from_duration(duration)
        self.add(malformed(field, "Its nanos must be less than a second."))
        return 0

    def values(self, struct: struct_pb2.Struct, field: str) -> dict[str, Any]:
        try:
            return to_dict(struct)
        except NotJson:
            for violation in violations_of(struct):
                self.add(violation.under(field))
            return {}

    def id(self, collection: Collection, name: str, field: str) -> str:
        """Returns the last segment of a name."""
        try:
            return collection.parse(name, field)
        except InvalidFields as error:
            self._violations.extend(error.violations)
            return ""

    def optional_id(self, collection: Collection, name: str, field: str) -> str | None:
        """Returns the last segment of a name, or None when the field is not set."""
        return self.id(collection, name, field) if name else None


def _unknown_value(pair: EnumPair[M, N], field: str) -> Violation:
    return Violation(field, "UNKNOWN_VALUE", f"Must be one of {', '.join(pair.names)}.")
