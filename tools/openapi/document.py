"""Makes the whole description: each binding is an operation with parameters, body, answer and refusals."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from clarion_server.domain import names
from clarion_server.transport.http.bindings import WHOLE, Binding, bindings_of
from clarion_server.transport.http.path_templates import Wildcard
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from tools.contract import Contract, description
from tools.openapi.limits import Schema
from tools.openapi.page import write as write_page
from tools.openapi.schemas import Schemas

_ABOUT = """\
The contract of Clarion as JSON over HTTP: `protos/clarion/v1` with its `google.api.http` rules.

Every call needs `authorization: Bearer clk_…`. Names of fields may be written as here or as in the protos
(`displayName`, `display_name`); a name that no field has is refused. In answers a field is left out when it has its
default value: `false`, `0`, an empty text, list or object. Errors are the JSON of a `google.rpc.Status`: match on the
`reason` of its `ErrorInfo`, never on a text.
"""
_STREAMED = "One JSON object a line, or server-sent events for callers that accept `text/event-stream`."
_JSON, _NDJSON, _SSE = "application/json", "application/x-ndjson", "text/event-stream"
_COLLECTIONS = {each.name: each for each in vars(names).values() if isinstance(each, names.Collection)}
_STATUS = {"$ref": "#/components/schemas/google.rpc.Status"}

#: Holds the refusals that any call can be answered with.
_REFUSALS = {
    "400": "The request breaks a rule, or the resource is in no state for it.",
    "401": "There is no key, or it is unknown or revoked.",
    "403": "The key has none of the scopes that the call needs.",
    "404": "There is no such resource, or no such URL.",
    "405": "The URL does not take this HTTP method.",
    "408": "The body did not arrive in time.",
    "409": "The name or the request id is taken, or somebody changed the resource meanwhile.",
    "413": "The body has more than 4 MiB.",
    "415": "The body is of another media type, or compressed.",
    "429": "More is under way than can be taken. `Retry-After` says when to try again.",
    "500": "A fault in Clarion. The request id finds it in the log.",
    "503": "The store did not answer, or the service is stopping. `Retry-After` says when to try again.",
    "504": "The deadline that the caller gave with `grpc-timeout` has passed or leaves too little time.",
}
_WITH_DELAY = {"429", "503"}


def write(descriptors: Path, target: Path, version: str) -> None:
    """Writes the description, and a page to read beside it."""
    made = document(Contract(descriptors), version)
    target.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_page(made, target.with_suffix(".html"))


def document(contract: Contract, version: str) -> dict[str, Any]:
    schemas = Schemas(contract)
    paths: dict[str, Any] = {}
    for method in contract.methods():
        for binding in bindings_of(method):
            operation = _Operation(contract, schemas, binding)
            paths.setdefault(operation.path, {})[binding.http_method.lower()] = operation.made()
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": version, "description": _ABOUT, "license": _LICENSE},
        "servers": [{"url": "/"}],
        "security": [{"key": []}],
        "tags": list(_tags(contract)),
        "paths": paths,
        "components": {
            "schemas": dict(sorted((schemas.made | {"google.rpc.Status": _STATUS_SCHEMA}).items())),
            "responses": _responses(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "`authorization: Bearer clk_…`"}
            },
        },
    }


#: Generators name packages after the title: of "Clarion" they would make `clarion_client`, the client of this tree.
_TITLE = "Clarion HTTP API"
_LICENSE = {"name": "Apache 2.0", "identifier": "Apache-2.0"}
_STATUS_SCHEMA: Schema = {
    "type": "object",
    "description": "How a call failed (google.rpc.Status).",
    "properties": {
        "code": {"type": "integer", "format": "int32", "description": "Of gRPC (google.rpc.Code)."},
        "message": {"type": "string", "description": "For people."},
        "details": {
            "type": "array",
            "description": (
                "An `ErrorInfo` with a stable reason, and with `INVALID_FIELDS` a `BadRequest` with every violation."
            ),
            "items": {"type": "object", "properties": {"@type": {"type": "string"}}, "required": ["@type"]},
        },
    },
    "required": ["code", "message"],
}


def _tags(contract: Contract) -> Iterator[dict[str, str]]:
    for name in contract.services:
        yield {"name": name.rpartition(".")[2], "description": contract.comment(name)}


def _responses() -> dict[str, Any]:
    delay = {"Retry-After": {"schema": {"type": "integer", "minimum": 0}, "description": "In seconds."}}
    return {
        code: {"description": text, "content": {_JSON: {"schema": _STATUS}}}
        | ({"headers": delay} if code in _WITH_DELAY else {})
        for code, text in _REFUSALS.items()
    }


class _Operation:
    def __init__(self, contract: Contract, schemas: Schemas, binding: Binding) -> None:
        self._contract = contract
        self._schemas = schemas
        self._binding = binding
        self._method = binding.method
        self._path_parameters: list[dict[str, Any]] = []
        self.path = self._with_parameters()

    def made(self) -> dict[str, Any]:
        comment = self._contract.comment(self._method.full_name)
        summary = re.split(r"(?<=\.)\s", comment, maxsplit=1)[0]
        operation: dict[str, Any] = {
            "operationId": self._method.name,
            "tags": [self._method.containing_service.name],
            "summary": summary.rstrip("."),
            "description": comment,
            "parameters": [*self._path_parameters, *self._query()],
        }
        if self._binding.body:
            operation["requestBody"] = self._body()
        refusals = {code: {"$ref": f"#/components/responses/{code}"} for code in _REFUSALS}
        operation["responses"] = {"200": self._answer(), **refusals}
        return operation

    def _with_parameters(self) -> str:
        """Makes a parameter of each wildcard of the template, named after the collection before it."""
        segments: list[str] = []
        for segment in self._binding.template.segments:
            if segment is Wildcard.ONE:
                name = _singular(segments[-1])
                self._path_parameters.append(self._path_parameter(name, segments[-1]))
                segments.append(f"{{{name}}}")
            else:
                assert isinstance(segment, str), "the contract has no ** in its URLs"
                segments.append(segment)
        verb = self._binding.template.verb
        return f"/{'/'.join(segments)}{':' if verb else ''}{verb}"

    def _path_parameter(self, name: str, collection: str) -> dict[str, Any]:
        field = self._method.input_type.fields_by_name.get(name)
        if field is not None and field.type != FieldDescriptor.TYPE_STRING and name in self._taken():
            # The number of a version, which is no name.
            schema = self._schemas.field(field)
            text = schema.pop("description", "")
            return {"name": name, "in": "path", "required": True, "schema": schema, "description": text}
        resource = self._contract.pool.FindMessageTypeByName(f"clarion.v1.{name[:1].upper()}{name[1:]}")
        comment = self._contract.comment(f"{resource.full_name}.name")
        schema = {"type": "string", "pattern": f"^{_COLLECTIONS[collection].id_pattern}$"}
        text = f"The last segment of the name: {description(comment)}"
        return {"name": name, "in": "path", "required": True, "schema": schema, "description": text}

    def _taken(self) -> frozenset[str]:
        return frozenset(variable.field[0] for variable in self._binding.template.variables)

    def _query(self) -> Iterator[dict[str, Any]]:
        if self._binding.body == WHOLE:
            return
        taken = self._taken() | {self._binding.body}
        required = set(self._schemas.message(self._method.input_type).get("required", ()))
        for field in self._method.input_type.fields:
            if field.name not in taken:
                schema = self._schemas.field(field)
                text = schema.pop("description", "")
                yield {
                    "name": field.json_name,
                    "in": "query",
                    "required": field.json_name in required,
                    "schema": schema,
                    "description": text,
                }

    def _body(self) -> dict[str, Any]:
        request: Descriptor = self._method.input_type
        if self._method.client_streaming:
            content = {_NDJSON: {"schema": self._schemas.reference(request)}}
            return {"required": True, "content": content, "description": "One JSON object a line."}
        if self._binding.body == WHOLE:
            schema = self._schemas.message(request, self._taken())
            return {"required": bool(schema.get("required")), "content": {_JSON: {"schema": schema}}}
        resource = request.fields_by_name[self._binding.body].message_type
        assert resource is not None
        is_whole = self._binding.http_method == "POST"
        schema = self._schemas.whole(resource) if is_whole else self._schemas.reference(resource)
        return {"required": True, "content": {_JSON: {"schema": schema}}}

    def _answer(self) -> dict[str, Any]:
        response = self._method.output_type
        schema = {"schema": self._schemas.reference(response)}
        if self._method.server_streaming:
            return {"description": _STREAMED, "content": {_NDJSON: schema, _SSE: {"schema": {"type": "string"}}}}
        return {"description": self._contract.comment(response.full_name), "content": {_JSON: schema}}


def _singular(collection: str) -> str:
    return f"{collection[:-3]}y" if collection.endswith("ies") else collection.removesuffix("s")
