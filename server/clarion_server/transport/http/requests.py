"""From the parts of an HTTP request to the message that its binding makes of them."""

from __future__ import annotations

from typing import Any, Final

import orjson
from google.protobuf.message_factory import GetMessageClass

from clarion_server.domain.violation import Violation
from clarion_server.transport.api.requests import Undecodable
from clarion_server.transport.http.bindings import WHOLE, Binding
from clarion_server.transport.http.json_reading import Flaws, reader_of
from clarion_server.transport.http.query import Path, put_text, read_query
from clarion_server.transport.http.routing import Captures

#: More would only fill the answer.
MAX_FLAWS: Final = 1_000

_NO_JSON: Final = Violation("", "MALFORMED", "The body must be JSON (RFC 8259) in UTF-8.")
_TOO_DEEP: Final = Violation("", "TOO_DEEP", "The body is nested too deeply.")
_NO_BODY: Final = Violation("", "MALFORMED", "This URL takes no body: leave it out.")


class RequestReader:
    """Makes the requests of one binding."""

    def __init__(self, binding: Binding) -> None:
        self._make = GetMessageClass(binding.method.input_type)
        self._body = binding.body
        self._reader = reader_of(binding.method.input_type) if binding.body else None
        self._taken = frozenset(variable.field for variable in binding.template.variables) | _body_path(binding)

    def read(self, captures: Captures, query: bytes, body: bytes) -> Any:
        """The message, or an Undecodable with everything that is wrong with the request."""
        message, flaws = self._make(), Flaws()
        self._read_body(message, body, flaws)
        if query:
            self._read_query(message, query, flaws)
        for path, value in captures:
            _put_captured(message, path, value, flaws)
        return Undecodable(*flaws[:MAX_FLAWS]) if flaws else message

    def _read_body(self, message: Any, body: bytes, flaws: Flaws) -> None:
        if not body:
            return
        if self._reader is None:
            flaws.append(_NO_BODY)
            return
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError:
            flaws.append(_NO_JSON)
            return
        try:
            self._read_value(message, value, flaws)
        except RecursionError:
            flaws.append(_TOO_DEEP)

    def _read_value(self, message: Any, value: Any, flaws: Flaws) -> None:
        assert self._reader is not None
        if self._body == WHOLE:
            self._reader.read(message, value, flaws)
        else:
            # As if the body stood in the request's JSON under the field's name.
            self._reader.read(message, {self._body: value}, flaws)

    def _read_query(self, message: Any, query: bytes, flaws: Flaws) -> None:
        if self._body == WHOLE:
            flaws.append(Violation("", "UNKNOWN_FIELD", "This URL takes no query: put everything into the body."))
        else:
            read_query(message, query, self._taken, flaws)


def _body_path(binding: Binding) -> frozenset[Path]:
    return frozenset() if binding.body in {"", WHOLE} else frozenset({(binding.body,)})


def _put_captured(message: Any, path: Path, value: str, flaws: Flaws) -> None:
    """What the URL says holds; the body may say the same again, and nothing else."""
    given = _value_at(message, path)
    before = len(flaws)
    put_text(message, path, value, flaws)
    if len(flaws) == before and given and given != _value_at(message, path):
        flaws.append(Violation(".".join(path), "MALFORMED", "Must be what the URL says, or be left out."))


def _value_at(message: Any, path: Path) -> Any:
    for name in path:
        message = getattr(message, name)
    return message
