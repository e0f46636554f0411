"""Says what the contract says about the fields of its messages."""

from __future__ import annotations

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import Descriptor, FieldDescriptor

_PACKAGE = "clarion.v1."


def is_output_only(field: FieldDescriptor) -> bool:
    """Returns whether the service alone writes the field."""
    return field_behavior_pb2.OUTPUT_ONLY in _behaviors(field)


def is_secret(field: FieldDescriptor) -> bool:
    """Returns whether the service takes the field and never shows it."""
    return field_behavior_pb2.INPUT_ONLY in _behaviors(field)


def is_required(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.REQUIRED in _behaviors(field)


def is_identifier(field: FieldDescriptor) -> bool:
    return field_behavior_pb2.IDENTIFIER in _behaviors(field)


def collection_of(message: Descriptor) -> str:
    """Returns what the names of a resource begin with, such as `topics` of `topics/{topic}`."""
    (pattern,) = message.GetOptions().Extensions[resource_pb2.resource].pattern
    return str(pattern.partition("/")[0])


def message_of(field: FieldDescriptor) -> Descriptor | None:
    """Returns the message of the contract that the field holds. None for free data, maps, times and scalars."""
    message = field.message_type
    if message is None or not message.full_name.startswith(_PACKAGE) or message.GetOptions().map_entry:
        return None
    return message


def map_value_of(field: FieldDescriptor) -> FieldDescriptor | None:
    """Returns the field of the values of a map, such as header fields. None when the field is no map."""
    message = field.message_type
    return message.fields_by_name["value"] if message is not None and message.GetOptions().map_entry else None


def is_reference(field: FieldDescriptor) -> bool:
    """Returns whether the field names resources, whose collection a caller may leave out."""
    return bool(field.GetOptions().Extensions[resource_pb2.resource_reference].type)


def is_text(field: FieldDescriptor) -> bool:
    """Returns whether files write the field as a text: enums, times and durations too."""
    return field.cpp_type in {
        FieldDescriptor.CPPTYPE_STRING,
        FieldDescriptor.CPPTYPE_ENUM,
        FieldDescriptor.CPPTYPE_MESSAGE,
    }


def is_string(field: FieldDescriptor) -> bool:
    """Returns whether the field is one text, and nothing that files write as a text."""
    return field.cpp_type == FieldDescriptor.CPPTYPE_STRING and not field.is_repeated


def _behaviors(field: FieldDescriptor) -> list[int]:
    return list(field.GetOptions().Extensions[field_behavior_pb2.field_behavior])
