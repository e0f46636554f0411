"""Makes schemas of messages and enums, by protobuf's JSON mapping."""

from __future__ import annotations

from typing import Any

from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

from tools.contract import PACKAGE, Contract, description, has
from tools.openapi import limits
from tools.openapi.limits import Schema

_DURATION = r"^-?[0-9]+(\.[0-9]{1,9})?s$"
#: Times without leap seconds, and in the years that protobuf knows.
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Timestamp": {"type": "string", "format": "date-time"},
    "google.protobuf.Duration": {"type": "string", "pattern": _DURATION, "examples": ["1.5s"]},
    "google.protobuf.FieldMask": {
        "type": "string",
        "pattern": r"^[A-Za-z0-9_.*]*(,[A-Za-z0-9_.*]+)*$",
        "examples": ["displayName,tags"],
    },
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Any": {
        "type": "object",
        "properties": {"@type": {"type": "string"}},
        "required": ["@type"],
    },
}
_NUMBER: dict[int, Schema] = {
    FieldDescriptor.CPPTYPE_INT32: {"type": "integer", "format": "int32"},
    FieldDescriptor.CPPTYPE_UINT32: {"type": "integer", "format": "int64", "minimum": 0},
    FieldDescriptor.CPPTYPE_DOUBLE: {"type": "number", "format": "double"},
    FieldDescriptor.CPPTYPE_FLOAT: {"type": "number", "format": "float"},
}
#: Is the end of the name of a method's request.
_REQUEST = "Request"
#: 64-bit numbers are strings, because JavaScript would round them.
_LARGE = {FieldDescriptor.CPPTYPE_INT64, FieldDescriptor.CPPTYPE_UINT64}


class Schemas:
    """Collects the schemas that were asked for, and all that they refer to."""

    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self.made: dict[str, Schema] = {}

    def reference(self, message: Descriptor | EnumDescriptor) -> Schema:
        name = message.full_name.removeprefix(f"{PACKAGE}.")
        if name not in self.made:
            self.made[name] = {}
            self.made[name] = self._enum(message) if isinstance(message, EnumDescriptor) else self.message(message)
        return {"$ref": f"#/components/schemas/{name}"}

    def message(self, message: Descriptor, without: frozenset[str] = frozenset()) -> Schema:
        """`without`: the fields that are not in the body."""
        fields = [field for field in message.fields if field.name not in without]
        schema: Schema = {"type": "object", "description": self._contract.comment(message.full_name)}
        schema["properties"] = {field.json_name: self.field(field) for field in fields}
        required = [field.json_name for field in fields if self._is_required(field)]
        if required:
            schema["required"] = required
        if message.name.endswith(_REQUEST):
            schema["additionalProperties"] = False
        return _without_empty(schema)

    def _is_required(self, field: FieldDescriptor) -> bool:
        """Updates send a resource in part, so that `whole` says what a resource requires."""
        message = field.containing_type
        assert message is not None
        is_resource = "name" in message.fields_by_name and not message.name.endswith(_REQUEST)
        return has(field, field_behavior_pb2.REQUIRED) and not is_resource

    def whole(self, message: Descriptor) -> Schema:
        """Returns the schema of a complete resource."""
        required = [field.json_name for field in message.fields if has(field, field_behavior_pb2.REQUIRED)]
        return {"allOf": [self.reference(message), {"required": required}]}

    def field(self, field: FieldDescriptor) -> Schema:
        comment = self._contract.comment(field.full_name)
        schema = self._typed(field, comment) | {"description": description(comment)}
        if has(field, field_behavior_pb2.OUTPUT_ONLY):
            schema["readOnly"] = True
        if has(field, field_behavior_pb2.INPUT_ONLY):
            schema["writeOnly"] = True
        return _without_empty(schema)

    def _typed(self, field: FieldDescriptor, comment: str) -> Schema:
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            value = self._single(field.message_type.fields_by_name["value"])
            most = limits.of_list(comment)[0].get("maxItems")
            return {"type": "object", "additionalProperties": value} | ({"maxProperties": most} if most else {})
        if not field.is_repeated:
            return self._single(field) | self._limits(field, comment)
        of_list, of_entries = limits.of_list(comment)
        return {"type": "array", "items": self._single(field) | of_entries} | of_list

    def _limits(self, field: FieldDescriptor, comment: str) -> Schema:
        if has(field, field_behavior_pb2.OUTPUT_ONLY) or has(field, field_behavior_pb2.IDENTIFIER):
            return {}
        if field.type == FieldDescriptor.TYPE_STRING:
            return limits.of_text(comment)
        return limits.of_number(comment) if field.cpp_type in _NUMBER else {}

    def _single(self, field: FieldDescriptor) -> Schema:
        if field.message_type is not None:
            return dict(_WELL_KNOWN.get(field.message_type.full_name) or self.reference(field.message_type))
        if field.enum_type is not None:
            return self.reference(field.enum_type)
        if field.cpp_type in _LARGE:
            return {"type": "string", "format": "int64", "pattern": "^-?[0-9]+$"}
        if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
            return {"type": "boolean"}
        return dict(_NUMBER.get(field.cpp_type, {"type": "string"}))

    def _enum(self, enum: EnumDescriptor) -> Schema:
        values = [value for value in enum.values if value.number]
        told = [f"- `{value.name}`: {self._value_comment(enum, value.name)}" for value in values]
        text = "\n".join([f"{self._contract.comment(enum.full_name)}\n", *told])
        return {"type": "string", "enum": [value.name for value in values], "description": text}

    def _value_comment(self, enum: EnumDescriptor, value: str) -> Any:
        return self._contract.comment(f"{enum.full_name}.{value}")


def _without_empty(schema: Schema) -> Schema:
    return {key: value for key, value in schema.items() if value != ""}
