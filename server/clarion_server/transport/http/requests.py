"""Makes the message that a binding asks for from the parts of an HTTP request."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message_factory import GetMessageClass

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, malformed
from clarion_server.transport.api.requests import Undecodable
from clarion_server.transport.http.bindings import WHOLE, Binding
from clarion_server.transport.http.json_data import MAX_VIOLATIONS, Violations
from clarion_server.transport.http.json_reading import reader_of
from clarion_server.transport.http.json_text import read_json
from clarion_server.transport.http.query import Path, put_text, read_query
from clarion_server.transport.http.routing import Captures

_NO_BODY: Final = malformed("", "This URL takes no body: leave it out.")
_NO_QUERY: Final = Violation("", "UNKNOWN_FIELD", "This URL takes no query: put everything into the body.")


class RequestReader:
    """Makes the requests of one binding."""

    def __init__(self, binding: Binding) -> None:
        self._make = GetMessageClass(binding.method.input_type)
        self._body = binding.body
        self._reader = reader_of(binding.method.input_type)
        self._taken = frozenset(variable.field for variable in binding.template.variables) | _body_path(binding)

    def read(self, captures: Captures, query: bytes, body: bytes) -> Any:
        """Returns the message, or an Undecodable with all violations of the request."""
        message, violations = self._make(), Violations()
        if body:
            self._read_body(message, body, violations)
        if query and self._body == WHOLE:
            violations.append(_NO_QUERY)
        elif query:
            read_query(message, query, self._taken, violations)
        for path, value in captures:
            _put_captured(message, path, value, violations)
        return Undecodable(*violations[:MAX_VIOLATIONS]) if violations else message

    def _read_body(self, message: Any, body: bytes, violations: Violations) -> None:
        if not self._body:
            violations.append(_NO_BODY)
            return
        try:
            value = read_json(body)
        except InvalidFields as error:
            violations.extend(error.violations)
            return
        # A body that is one field is read as if it stood in the request's JSON under the field's name.
        self._reader.read(message, value if self._body == WHOLE else {self._body: value}, violations)


def _body_path(binding: Binding) -> frozenset[Path]:
    return frozenset() if binding.body in {"", WHOLE} else frozenset({(binding.body,)})


def _put_captured(message: Any, path: Path, value: str, violations: Violations) -> None:
    """Sets a field to what the URL says. The body may say the same, and nothing else."""
    given = _value_at(message, path)
    before = len(violations)
    put_text(message, path, value, violations)
    if len(violations) == before and given and given != _value_at(message, path):
        violations.append(malformed(".".join(path), "Must be what the URL says, or be left out."))


def _value_at(message: Any, path: Path) -> Any:
    for name in path:
        message = getattr(message, name)
    return message
