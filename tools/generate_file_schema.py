"""Generates the JSON Schema of the files of `clarion apply`, by which editors complete and check them.

Draft 7, as the editors' YAML support knows it best. The descriptions are the contract's comments.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from clarion_server.transport.cli.files.contract_fields import is_output_only, map_value_of, message_of
from clarion_server.transport.cli.files.references import FILE_SUFFIX, VARIABLE
from clarion_server.transport.cli.files.resources import TYPES
from clarion_server.transport.cli.files.test_suites import CASES, IDENTIFIER, KEYWORD, TEST_CASE
from clarion_server.transport.cli.files.uploads import is_uploaded
from google.api import field_behavior_pb2 as behaviour
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tools.contract import Contract, description, has
from tools.generate import DESCRIPTORS, FILE_SCHEMA

Schema = dict[str, Any]

_SCALARS = {
    FieldDescriptor.TYPE_BOOL: "boolean",
    FieldDescriptor.TYPE_DOUBLE: "number",
    FieldDescriptor.TYPE_INT32: "integer",
    FieldDescriptor.TYPE_INT64: "integer",
    FieldDescriptor.TYPE_STRING: "string",
}
_WELL_KNOWN: dict[str, Schema] = {
    "google.protobuf.Duration": {"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?s$"},
    "google.protobuf.Struct": {"type": "object"},
    "google.protobuf.Timestamp": {"type": "string"},
}
#: Is a reference to the environment, within a text.
_VARIABLE: Schema = {"type": "string", "pattern": VARIABLE.pattern}


def main() -> int:
    schema = _Files(Contract(DESCRIPTORS)).schema()
    FILE_SCHEMA.write_text(json.dumps(schema, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return 0


class _Files:
    def __init__(self, contract: Contract) -> None:
        self._contract = contract
        self._definitions: dict[str, Schema] = {}

    def schema(self) -> Schema:
        choices = [*(self._document(keyword) for keyword in TYPES), self._suite()]
        return {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "title": "A document of clarion apply",
            "type": "object",
            "anyOf": choices,
            "definitions": self._definitions,
        }

    def _document(self, keyword: str) -> Schema:
        """Adds the definition of a document. Returns a reference to it."""
        resource_type = TYPES[keyword]
        message = self._contract.pool.FindMessageTypeByName(resource_type.message.full_name)
        schema = self._message(message, frozenset(resource_type.fields), has_environment=resource_type.has_environment)
        key = {"type": "string", "description": f"The id of the {keyword}: the last segment of its name."}
        schema["properties"] = {keyword: key, **schema["properties"]}
        schema["required"] = [keyword, *schema["required"]]
        self._definitions[keyword] = schema
        return {"$ref": f"#/definitions/{keyword}"}

    def _suite(self) -> Schema:
        """Adds the definition of a document of test cases. Returns a reference to it."""
        message = self._contract.pool.FindMessageTypeByName(TEST_CASE.message.full_name)
        case = self._message(message, frozenset(TEST_CASE.fields), has_environment=False)
        identifier = {"type": "string", "description": "The id of the test case: the last segment of its name."}
        case["properties"] = {IDENTIFIER: identifier, **case["properties"]}
        case["required"] = [IDENTIFIER]
        campaign = {"type": "string", "description": "The id of the campaign that the test cases are of."}
        self._definitions[KEYWORD] = {
            "type": "object",
            "description": "All test cases of a campaign. One that is not here is deleted when this is applied.",
            "properties": {KEYWORD: campaign, CASES: {"type": "array", "items": case}},
            "required": [KEYWORD, CASES],
            "additionalProperties": False,
        }
        return {"$ref": f"#/definitions/{KEYWORD}"}

    def _message(self, message: Descriptor, names: frozenset[str], *, has_environment: bool) -> Schema:
        properties: dict[str, Schema] = {}
        required = []
        for field in message.fields:
            if field.name not in names:
                continue
            text = description(self._contract.comment(field.full_name))
            properties[field.name] = {**self._field(field, has_environment=has_environment), "description": text}
            if field.type == FieldDescriptor.TYPE_STRING and not field.is_repeated:
                of_file = f"The name of a file with the text of `{field.name}`, relative to this one."
                if is_uploaded(field):
                    of_file = "The name of a file, relative to this one, that is uploaded when this is applied."
                properties[f"{field.name}{FILE_SUFFIX}"] = {"type": "string", "description": of_file}
            elif has(field, behaviour.REQUIRED):
                required.append(field.name)
        return {
            "type": "object",
            "description": self._contract.comment(message.full_name),
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _field(self, field: FieldDescriptor, *, has_environment: bool) -> Schema:
        value = map_value_of(field)
        if value is not None and value.message_type is not None:
            # Free data may be in a file of its own, such as the texts of a locale.
            return {"type": "object", "additionalProperties": {"type": ["object", "string"]}}
        if value is not None:
            return {
                "type": "object",
                "additionalProperties": self._single(value, has_environment=has_environment),
            }
        single = self._single(field, has_environment=has_environment)
        return {"type": "array", "items": single} if field.is_repeated else single

    def _single(self, field: FieldDescriptor, *, has_environment: bool) -> Schema:
        message = message_of(field)
        if message is not None:
            return self._reference(message, has_environment=has_environment)
        if field.message_type is not None:
            scalar = _WELL_KNOWN[field.message_type.full_name]
        elif field.enum_type is not None:
            prefix = field.enum_type.values[0].name.removesuffix("UNSPECIFIED")
            scalar = {"enum": [value.name.removeprefix(prefix) for value in field.enum_type.values[1:]]}
        else:
            scalar = {"type": _SCALARS[field.type]}
        if has_environment and scalar != {"type": "string"}:
            return {"anyOf": [scalar, _VARIABLE]}
        return scalar

    def _reference(self, message: Descriptor, *, has_environment: bool) -> Schema:
        name = f"{message.name}{'WithVariables' if has_environment else ''}"
        if name not in self._definitions:
            # It stands there before its fields are read, as one of them may lead back to it.
            self._definitions[name] = {}
            names = frozenset(field.name for field in message.fields if not is_output_only(field))
            self._definitions[name] |= self._message(message, names, has_environment=has_environment)
        # Draft 7 ignores what stands beside a reference.
        return {"allOf": [{"$ref": f"#/definitions/{name}"}]}


if __name__ == "__main__":
    sys.exit(main())
