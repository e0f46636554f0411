"""The routes under `/ajo`."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import uuid4

import orjson
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from clarion_server.application.ports.clock import Clock
from clarion_server.application.queries.lookups import ExecutionView, Lookups
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.application.triggering.trigger import Triggering
from clarion_server.domain.access import Caller, Scope
from clarion_server.domain.errors import IllegalTransition, InvalidFields, ResourceNotFound, SandboxMismatch
from clarion_server.domain.execution import CancelOutcome
from clarion_server.domain.instant import Instant
from clarion_server.transport.api.guard import Guard
from clarion_server.transport.http import refusals
from clarion_server.transport.http.ajo.answers import accepted, is_deleted, problem, schedule
from clarion_server.transport.http.ajo.reading import in_callers_words, read_execution, read_object
from clarion_server.transport.http.asgi_io import JSON_HEADERS, CallerGone, read_body
from clarion_server.transport.http.http_context import Refused, call_of
from clarion_server.transport.http.refusals import HttpRefusal, fault, method_unknown, time_is_up, url_unknown
from clarion_server.transport.http.statuses import headers_of

log = structlog.get_logger()

BASE: Final = "/ajo/im"
SANDBOX: Final = "x-sandbox-name"
_ACCEPTED, _OK, _UNAVAILABLE, _CONFLICT = 202, 200, 503, 409
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

_TRIGGER: Final = frozenset({Scope.TRIGGER})
_TRIGGER_OR_READ: Final = frozenset({Scope.TRIGGER, Scope.READ})

MakeGuard = Callable[[str, frozenset[Scope]], Guard]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, as the guarded calls get it."""

    sandbox: str
    """As the caller names it; empty when it does not."""
    body: bytes = b""
    execution_id: str = ""
    about: dict[str, str] = field(default_factory=dict)
    """The ids that the answer to a failure repeats."""

    def check_sandbox(self, caller: Caller) -> None:
        """Raises SandboxMismatch."""
        if self.sandbox and self.sandbox != caller.sandbox:
            raise SandboxMismatch(self.sandbox)


class AjoDoor:
    def __init__(
        self,
        make_guard: MakeGuard,
        triggering: Triggering,
        inspecting: Lookups,
        cancelling: CancelMessages,
        clock: Clock,
        is_serving: Callable[[], bool],
    ) -> None:
        self._triggering = triggering
        self._inspecting = inspecting
        self._cancelling = cancelling
        self._clock = clock
        self._is_serving = is_serving
        guarded = {
            (f"{BASE}/executions/unitary", "POST"): (self._trigger, _TRIGGER, _ACCEPTED),
            (f"{BASE}/executions/highthroughput", "POST"): (self._trigger, _TRIGGER, _ACCEPTED),
            (f"{BASE}/executions/schedules/{{schedule_id}}", "GET"): (self._schedule, _TRIGGER_OR_READ, _OK),
            (f"{BASE}/executions/schedules/{{schedule_id}}", "DELETE"): (self._delete_schedule, _TRIGGER, _OK),
        }
        known = [
            Route(path, _endpoint(make_guard(path, scopes).unary(call), code), methods=[method])
            for (path, method), (call, scopes, code) in guarded.items()
        ]
        self._known = (*known, Route(f"{BASE}/health", self._health, methods=["GET"]))
        self.routes: list[BaseRoute] = [
            *self._known,
            Route("/ajo/{rest:path}", self._unknown, methods=list(_METHODS)),
        ]

    async def _trigger(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        asked.check_sandbox(caller)
        values = read_object(asked.body)
        asked.about.update(_ids(values))
        execution = read_execution(values)
        try:
            return accepted(execution, await self._triggering.trigger(execution.command, caller))
        except InvalidFields as error:
            raise in_callers_words(error) from error

    async def _schedule(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        asked.check_sandbox(caller)
        seen, send_time = await self._scheduled(asked.execution_id, caller)
        return schedule(seen, send_time, self._clock.now())

    async def _delete_schedule(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        """Once its time has come there is nothing left of the schedule to delete; what is still queued is cancelled by
        `CancelExecution`.
        """
        asked.check_sandbox(caller)
        seen, send_time = await self._scheduled(asked.execution_id, caller)
        if self._clock.now() >= send_time:
            raise _triggered(seen)
        cancellation = await self._cancelling.cancel_execution(asked.execution_id, caller)
        if cancellation.outcome is not CancelOutcome.CANCELLED:
            raise _triggered(seen)
        return {}

    async def _scheduled(self, execution_id: str, caller: Caller) -> tuple[ExecutionView, Instant]:
        """Raises ResourceNotFound, for what was never scheduled and for what was deleted too."""
        seen = await self._inspecting.execution(execution_id, caller)
        send_time = seen.execution.send_time
        if send_time is None or is_deleted(seen):
            raise ResourceNotFound(f"schedules/{execution_id}")
        return seen, send_time

    async def _health(self, _request: Request) -> Response:
        serving = self._is_serving()
        return _json({"status": "UP" if serving else "DOWN"}, _OK if serving else _UNAVAILABLE)

    async def _unknown(self, request: Request) -> Response:
        at_this_url = [route for route in self._known if route.matches(request.scope)[0] is Match.PARTIAL]
        methods = {method for route in at_this_url for method in route.methods or ()}
        return refused(method_unknown(methods) if methods else url_unknown(), {})


def _triggered(seen: ExecutionView) -> IllegalTransition:
    return IllegalTransition(seen.execution.name, "unschedule", "TRIGGERED", ("SCHEDULED",))


def _ids(values: Mapping[str, Any]) -> dict[str, str]:
    named = {name: values.get(name) for name in ("requestId", "campaignId")}
    return {name: value[:_LONGEST_ID] for name, value in named.items() if isinstance(value, str)}


_LONGEST_ID: Final = 200

Guarded = Callable[[Any, Any], Awaitable[Any]]


def _endpoint(guarded: Guarded, code: int) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        about: dict[str, str] = {}
        try:
            return _json(await _called(guarded, request, about), code)
        except HttpRefusal as refusal:
            return refused(refusal, about)
        except CallerGone:
            # There is nobody to read it.
            return Response(status_code=_UNAVAILABLE)
        except Exception:
            request_id = uuid4().hex
            log.exception("http_request_failed", request_id=request_id)
            return refused(fault(request_id), about)

    return endpoint


async def _called(guarded: Guarded, request: Request, about: dict[str, str]) -> Any:
    """Raises HttpRefusal and CallerGone."""
    body = await read_body(request.scope, request.receive)
    asked = _Asked(request.headers.get(SANDBOX, ""), body, request.path_params.get("schedule_id", ""), about)
    call = call_of(request.scope)
    try:
        async with asyncio.timeout(call.time_remaining()):
            return await guarded(asked, call)
    except TimeoutError:
        raise time_is_up() from None
    except Refused as ended:
        raise refusals.refused(ended.status) from None


def refused(refusal: HttpRefusal, about: Mapping[str, str]) -> Response:
    """The answer to a request that was refused; `about` are its ids."""
    told = problem(refusal.status, refusal.code, about)
    code = _CODES.get(told["report"]["additionalContext"]["reason"], refusal.code)
    headers = dict([*headers_of(refusal.status), *refusal.headers])
    return _json({**told, "status": code}, code, headers)


#: Where that API's callers expect another code than the contract's.
_CODES: Final = {"ILLEGAL_TRANSITION": _CONFLICT}


def _json(value: Any, code: int, headers: Mapping[bytes, bytes] | None = None) -> Response:
    response = Response(orjson.dumps(value), code)
    for name, text in [*JSON_HEADERS, *(headers or {}).items()]:
        response.headers[name.decode()] = text.decode()
    return response
