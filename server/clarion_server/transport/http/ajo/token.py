"""Serves the token endpoint of Adobe's identity service (IMS), with an API key as the client's secret (RFC 6749 section
4.4).

The access token is the key itself: a key can be revoked at any time, and a second secret would make nothing safer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NoReturn
from urllib.parse import parse_qsl

from google.rpc import code_pb2, status_pb2
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from clarion_server.domain.access.access import Scope
from clarion_server.transport.api.guard import Guard, Guarded
from clarion_server.transport.http.ajo.answers import json_response
from clarion_server.transport.http.asgi_io import CallerGone, read_body
from clarion_server.transport.http.http_context import HttpCall, Refused
from clarion_server.transport.http.statuses import HTTP_CODES, headers_of

PATH: Final = "/ims/token/{version}"
GRANT: Final = "client_credentials"
#: A token is said to be valid for this many seconds, as those of IMS are. Callers then ask again; the key stays the
#: same.
EXPIRES_IN: Final = 86_399

_BAD_REQUEST: Final = 400
#: No form is larger. Anybody may send one, so that it must not take long to read.
_MAX_BODY_BYTES, _MAX_FIELDS = 16 * 1024, 20
_FORM: Final = "application/x-www-form-urlencoded"
#: Holds the errors of RFC 6749 section 5.2, which has none for other failures.
_ERRORS: Final = {
    code_pb2.UNAUTHENTICATED: (401, "invalid_client"),
    code_pb2.PERMISSION_DENIED: (_BAD_REQUEST, "unauthorized_client"),
}


class TokenEndpoint:
    def __init__(self, make_guard: Callable[[str, frozenset[Scope]], Guard]) -> None:
        self._check: Guarded = make_guard(PATH, frozenset({Scope.TRIGGER, Scope.READ})).checks()
        self.routes: list[BaseRoute] = [Route(PATH, self._token, methods=["POST"])]

    async def _token(self, request: Request) -> Response:
        try:
            form = _parameters(await read_body(request.scope, request.receive, _refuse_more, _FORM))
        except CallerGone:
            return Response()
        except ValueError:
            return _error("invalid_request", f"The body must be a form in UTF-8 of at most {_MAX_BODY_BYTES:,} bytes.")
        parameters = dict(form)
        if len(parameters) < len(form) or not {"grant_type", "client_secret"} <= parameters.keys():
            return _error("invalid_request", "Send grant_type, client_id and client_secret in the body, each once.")
        if parameters["grant_type"] != GRANT:
            return _error("unsupported_grant_type", f"The grant_type must be {GRANT}.")
        secret = parameters["client_secret"]
        try:
            await self._check(None, HttpCall([(b"authorization", f"Bearer {secret}".encode())]))
        except Refused as refusal:
            status = refusal.status
            code, error = _ERRORS.get(status.code, (HTTP_CODES[status.code], "server_error"))
            return _error(error, _told(status), code, dict(headers_of(status)))
        return json_response({"access_token": secret, "token_type": "bearer", "expires_in": EXPIRES_IN})


def _told(status: status_pb2.Status) -> str:
    """Returns what is wrong. A bad key stands in another place here than that which the message names."""
    message: str = status.message
    if status.code != code_pb2.UNAUTHENTICATED:
        return message
    return f"{message.partition('. ')[0].removesuffix('.')}. Send a key of Clarion as the client_secret."


async def _refuse_more() -> NoReturn:
    """Raises ValueError."""
    raise ValueError


def _parameters(body: bytes) -> list[tuple[str, str]]:
    """Raises ValueError."""
    if len(body) > _MAX_BODY_BYTES:
        raise ValueError
    return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=_MAX_FIELDS)


def _error(
    error: str, description: str, code: int = _BAD_REQUEST, headers: Mapping[bytes, bytes] | None = None
) -> Response:
    return json_response({"error": error, "error_description": description}, code, headers)
