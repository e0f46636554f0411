"""Writes messages as JSON by protobuf's JSON mapping. A field with its default value is left out."""

from __future__ import annotations

from typing import Any

import orjson
from google.protobuf import json_format

from clarion_server.application.background import run_for_request
from clarion_server.transport.api.requests import LARGE_BYTES
from clarion_server.transport.http.bindings import Binding


class AnswerWriter:
    """Writes the answers of one binding."""

    def __init__(self, binding: Binding) -> None:
        field = binding.method.output_type.fields_by_name.get(binding.response_body)
        self._field = None if field is None else field.json_name

    async def write(self, answer: Any) -> bytes:
        """Returns the answer as JSON. A large one is written in a thread, as that may take more than 100 ms."""
        return await run_for_request(self.to_json, answer) if answer.ByteSize() > LARGE_BYTES else self.to_json(answer)

    def to_json(self, answer: Any) -> bytes:
        if self._field is None:
            return orjson.dumps(json_format.MessageToDict(answer))
        # A field that is the whole body is written with its default value, too.
        return orjson.dumps(json_format.MessageToDict(answer, always_print_fields_with_no_presence=True)[self._field])
