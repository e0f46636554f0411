"""Serves the methods of the contract as JSON over HTTP: an ASGI application made of their HTTP rules."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final
from uuid import uuid4

import structlog
from clarion.v1.trigger_sample_pb2 import GetTriggerSampleRequest
from starlette.types import Receive, Scope, Send

from clarion_server.domain.violation import malformed
from clarion_server.transport.api.methods import GuardedMethod
from clarion_server.transport.api.public_addresses import base_url_of
from clarion_server.transport.api.requests import Unread
from clarion_server.transport.http.asgi_io import CallerGone, header, read_body, send_json, send_refusal
from clarion_server.transport.http.bindings import Binding, bindings_of
from clarion_server.transport.http.http_context import call_of, finish
from clarion_server.transport.http.json_text import is_large
from clarion_server.transport.http.json_writing import AnswerWriter
from clarion_server.transport.http.refusals import HttpRefusal, fault, invalid, method_unknown, url_unknown
from clarion_server.transport.http.requests import RequestReader
from clarion_server.transport.http.routing import Captures, PathMalformed, Router, RouteUnknown
from clarion_server.transport.http.streams import StreamEndpoint

log = structlog.get_logger()

#: Is the request whose answer contains the address of this server.
_NEEDS_ADDRESS: Final = GetTriggerSampleRequest.DESCRIPTOR.full_name


class Transcoder:
    def __init__(self, methods: Iterable[GuardedMethod]) -> None:
        """Raises BindingInvalid, TemplateInvalid and RoutesClash for rules that cannot be served."""
        endpoints = [
            (binding, (StreamEndpoint if method.streams else _Endpoint)(binding, method))
            for method in methods
            for binding in bindings_of(method.descriptor)
        ]
        self._router = Router(binding for binding, _ in endpoints)
        self._endpoints = dict(endpoints)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            endpoint, captures = self._find(scope)
            await endpoint.answer(scope, receive, send, captures)
        except HttpRefusal as refusal:
            await send_refusal(send, refusal)
        except CallerGone:
            pass
        except Exception:
            request_id = uuid4().hex
            log.exception("http_request_failed", request_id=request_id)
            await send_refusal(send, fault(request_id))

    def _find(self, scope: Scope) -> tuple[_Endpoint | StreamEndpoint, Captures]:
        """Raises HttpRefusal."""
        http_method = "GET" if scope["method"] == "HEAD" else scope["method"]
        try:
            binding, captures = self._router.find(http_method, scope["raw_path"].decode("ascii"))
        except RouteUnknown as unknown:
            raise (method_unknown(unknown.allowed) if unknown.allowed else url_unknown()) from None
        except (PathMalformed, UnicodeDecodeError):
            raise invalid(malformed("", "The path must be percent-encoded UTF-8.")) from None
        return self._endpoints[binding], captures


class _Endpoint:
    """Serves one binding of a method without streams."""

    def __init__(self, binding: Binding, method: GuardedMethod) -> None:
        self._call = method.call
        self._check = method.check
        self._needs_address = binding.method.input_type.full_name == _NEEDS_ADDRESS
        self._reader = RequestReader(binding)
        self._writer = AnswerWriter(binding)

    async def answer(self, scope: Scope, receive: Receive, send: Send, captures: Captures) -> None:
        """Raises HttpRefusal and CallerGone."""
        body = await read_body(scope, receive, lambda: finish(self._check, call_of(scope)))

        def decode() -> Any:
            request = self._reader.read(captures, scope["query_string"], body)
            if self._needs_address:
                _add_address(request, scope)
            return request

        request = Unread(decode, len(body), is_large=is_large(body))
        answer = await finish(self._call, call_of(scope, request))
        await send_json(send, await self._writer.write(answer))


def _add_address(request: Any, scope: Scope) -> None:
    """Adds the address under which the caller reached this server, unless the request has one."""
    if isinstance(request, GetTriggerSampleRequest) and not request.base_url:
        request.base_url = base_url_of(scope["scheme"], (header(scope, b"host") or b"").decode("latin-1"))
