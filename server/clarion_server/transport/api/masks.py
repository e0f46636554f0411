"""Reads field masks, which say which fields of a resource an update changes (AIP-134)."""

from __future__ import annotations

from dataclasses import dataclass

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message as ProtobufMessage

from clarion_server.domain.violation import Violation, too_many

#: Is the field of every update request that has the mask.
_FIELD = "update_mask"
_ALL = "*"
#: At most this many paths are read. No resource has as many fields.
_MAX_PATHS = 100


@dataclass(frozen=True, slots=True)
class Mask:
    """Holds the top-level fields to change, and the violations of the mask."""

    fields: frozenset[str]
    violations: tuple[Violation, ...] = ()
    members: frozenset[str] = frozenset()
    """Holds the names of single members to change, of the field that allows this."""


def read_mask(mask: FieldMask, resource: ProtobufMessage, editable: frozenset[str], members_of: str = "") -> Mask:
    """Returns the editable fields that the mask names: all for `*`, and those set in `resource` for an empty mask.

    A member of a oneof that is set clears the other ones, so that these are set too.

    `members_of` is the field of which it may also name single members, such as `attributes.plan`.
    """
    paths = list(mask.paths)
    if not paths:
        return Mask(editable & _populated(resource))
    if len(paths) > _MAX_PATHS:
        # A request could hold millions, each of which would become a violation.
        return Mask(frozenset(), (too_many(f"{_FIELD}.paths", _MAX_PATHS),))
    if paths == [_ALL]:
        return Mask(editable)
    members = {path: member for path in paths if (member := _member(path, members_of))}
    found = (_violation(path, index, resource, editable | set(members)) for index, path in enumerate(paths))
    violations = tuple(violation for violation in found if violation is not None)
    return Mask(editable & set(paths), violations, frozenset(members.values()))


def _populated(resource: ProtobufMessage) -> set[str]:
    fields = [field for field, _ in resource.ListFields()]
    siblings = (other.name for field in fields if field.containing_oneof for other in field.containing_oneof.fields)
    return {*(field.name for field in fields), *siblings}


def _member(path: str, members_of: str) -> str:
    """Returns the name of the member that the path leads to; an empty text when it leads elsewhere, or deeper."""
    top, _, member = path.partition(".")
    return member if members_of and top == members_of and "." not in member else ""


def _violation(path: str, index: int, resource: ProtobufMessage, editable: frozenset[str]) -> Violation | None:
    field = f"{_FIELD}.paths[{index}]"
    if path in editable:
        return None
    if path == _ALL:
        return Violation(field, "MALFORMED", "'*' must be the only path.")
    if path in resource.DESCRIPTOR.fields_by_name:
        return Violation(field, "IMMUTABLE", f"'{path}' cannot be changed.")
    top, dot, _ = path.partition(".")
    if dot and top in editable:
        return Violation(field, "NOT_TOP_LEVEL", f"Cannot be changed alone: name '{top}'.")
    return Violation(
        field, "UNKNOWN_FIELD", f"There is no such field. Those that can be: {', '.join(sorted(editable))}."
    )
