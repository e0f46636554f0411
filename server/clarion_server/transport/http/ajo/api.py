"""Defines the routes of the AJO-shaped API."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import uuid4

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route

from clarion_server.application.audience_runs.triggering import AudienceAnswer, AudienceTriggering
from clarion_server.application.background import run_for_request
from clarion_server.application.ports.clock import Clock
from clarion_server.application.queries.lookups import ExecutionView, Lookups
from clarion_server.application.triggering.cancel import CancelMessages
from clarion_server.application.triggering.trigger import TriggerAnswer, Triggering
from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.errors import IllegalTransition, InvalidFields, ResourceNotFound, SandboxMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.triggering.execution import CancelOutcome
from clarion_server.transport.api.guard import Guard, Guarded, UnaryMethod
from clarion_server.transport.http.ajo.answers import (
    accepted,
    audience_accepted,
    execution_details,
    is_deleted,
    json_response,
    refused,
    schedule,
)
from clarion_server.transport.http.ajo.reading import (
    AjoAudience,
    AjoExecution,
    in_callers_words,
    read_audience,
    read_execution,
    read_object,
)
from clarion_server.transport.http.ajo.token import TokenEndpoint
from clarion_server.transport.http.asgi_io import CallerGone, read_body
from clarion_server.transport.http.http_context import call_of, finish
from clarion_server.transport.http.json_text import is_large
from clarion_server.transport.http.refusals import HttpRefusal, fault, method_unknown, url_unknown

log = structlog.get_logger()

BASE: Final = "/ajo/im"
SANDBOX: Final = "x-sandbox-name"
_OK, _ACCEPTED, _UNAVAILABLE = 200, 202, 503
_METHODS: Final = ("GET", "POST", "PUT", "PATCH", "DELETE")

_TRIGGER: Final = frozenset({Scope.TRIGGER})
_TRIGGER_OR_READ: Final = frozenset({Scope.TRIGGER, Scope.READ})

MakeGuard = Callable[[str, frozenset[Scope]], Guard]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One request, as the guarded methods get it."""

    sandbox: str
    """Is as the caller names it; empty when it does not."""
    body: bytes = b""
    execution_id: str = ""
    ids: dict[str, str] = field(default_factory=dict)
    """Is filled with the ids of the request, which the answer to a failure repeats."""

    def check_sandbox(self, caller: Caller) -> None:
        """Raises SandboxMismatch."""
        if self.sandbox and self.sandbox != caller.sandbox:
            raise SandboxMismatch(self.sandbox)


class AjoApi:
    def __init__(
        self,
        make_guard: MakeGuard,
        triggering: Triggering,
        audiences: AudienceTriggering,
        lookups: Lookups,
        cancelling: CancelMessages,
        clock: Clock,
        is_serving: Callable[[], bool],
    ) -> None:
        self._triggering = triggering
        self._audiences = audiences
        self._lookups = lookups
        self._cancelling = cancelling
        self._clock = clock
        self._is_serving = is_serving
        guarded = {
            (f"{BASE}/executions/unitary", "POST"): (self._trigger, _TRIGGER, _ACCEPTED),
            (f"{BASE}/executions/highthroughput", "POST"): (self._trigger, _TRIGGER, _ACCEPTED),
            (f"{BASE}/executions/audience", "POST"): (self._trigger_audience, _TRIGGER, _ACCEPTED),
            (f"{BASE}/executions/audience/{{execution_id}}", "GET"): (self._audience, _TRIGGER_OR_READ, _OK),
            (f"{BASE}/executions/schedules/{{schedule_id}}", "GET"): (self._schedule, _TRIGGER_OR_READ, _OK),
            (f"{BASE}/executions/schedules/{{schedule_id}}", "DELETE"): (self._delete_schedule, _TRIGGER, _OK),
        }
        self._routes = [
            *(
                Route(path, _endpoint(make_guard(path, scopes), method, code), methods=[http_method])
                for (path, http_method), (method, scopes, code) in guarded.items()
            ),
            Route(f"{BASE}/health", self._health, methods=["GET"]),
        ]
        self.routes: list[BaseRoute] = [
            *self._routes,
            *TokenEndpoint(make_guard).routes,
            Route("/ajo/{rest:path}", self._unknown, methods=list(_METHODS)),
        ]

    async def _trigger(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        asked.check_sandbox(caller)
        execution = await run_for_request(_read_large, asked) if is_large(asked.body) else _read(asked)
        try:
            return accepted(execution, await self._triggered(execution, caller))
        except InvalidFields as error:
            raise in_callers_words(error) from error

    async def _triggered(self, execution: AjoExecution, caller: Caller) -> TriggerAnswer:
        """Triggers the first of the campaigns that may be meant. Raises ResourceNotFound when none of them exists."""
        campaign_id, *others = execution.campaign_ids
        try:
            return await self._triggering.trigger(replace(execution.command, campaign_id=campaign_id), caller)
        except ResourceNotFound:
            if not others:
                raise
        return await self._triggered(replace(execution, campaign_ids=tuple(others)), caller)

    async def _trigger_audience(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        asked.check_sandbox(caller)
        read = _read_audience
        audience = await run_for_request(read, asked) if is_large(asked.body) else read(asked)
        try:
            return audience_accepted(audience, await self._audience_triggered(audience, caller))
        except InvalidFields as error:
            raise in_callers_words(error) from error

    async def _audience_triggered(self, audience: AjoAudience, caller: Caller) -> AudienceAnswer:
        """Triggers the first campaign and audience that may be meant. Raises ResourceNotFound when there are none."""
        (campaign_id, audience_id), *others = audience.targets
        try:
            command = replace(audience.command, campaign_id=campaign_id, audience_id=audience_id)
            return await self._audiences.trigger(command, caller)
        except ResourceNotFound:
            if not others:
                raise
        return await self._audience_triggered(replace(audience, targets=tuple(others)), caller)

    async def _audience(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        """Raises ResourceNotFound, also for an execution that has no audience."""
        asked.check_sandbox(caller)
        view = await self._lookups.execution(asked.execution_id, caller)
        if view.run is None:
            raise ResourceNotFound(view.execution.name)
        return execution_details(view)

    async def _schedule(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        asked.check_sandbox(caller)
        view, send_time = await self._scheduled(asked.execution_id, caller)
        return schedule(view, send_time, self._clock.now())

    async def _delete_schedule(self, asked: _Asked, caller: Caller) -> dict[str, Any]:
        """Raises IllegalTransition once its time has come. `CancelExecution` cancels what is still queued then."""
        asked.check_sandbox(caller)
        view, send_time = await self._scheduled(asked.execution_id, caller)
        if self._clock.now() < send_time:
            cancellation = await self._cancelling.cancel_execution(asked.execution_id, caller)
            if cancellation.outcome is CancelOutcome.CANCELLED:
                return {}
        raise IllegalTransition(view.execution.name, "unschedule", "TRIGGERED", ("SCHEDULED",))

    async def _scheduled(self, execution_id: str, caller: Caller) -> tuple[ExecutionView, Instant]:
        """Raises ResourceNotFound for an execution that was never scheduled, or whose schedule was deleted."""
        view = await self._lookups.execution(execution_id, caller)
        send_time = view.execution.send_time
        if send_time is None or is_deleted(view):
            raise ResourceNotFound(f"schedules/{execution_id}")
        return view, send_time

    async def _health(self, _request: Request) -> Response:
        serving = self._is_serving()
        return json_response({"status": "UP" if serving else "DOWN"}, _OK if serving else _UNAVAILABLE)

    async def _unknown(self, request: Request) -> Response:
        at_this_url = [route for route in self._routes if route.matches(request.scope)[0] is Match.PARTIAL]
        methods = {method for route in at_this_url for method in route.methods or ()}
        paths = ", ".join(dict.fromkeys(route.path for route in self._routes))
        return refused(method_unknown(methods) if methods else url_unknown(f"This API has {paths}."), {})


#: Is the longest id that is repeated in an answer.
_LONGEST_ID: Final = 200


def _read(asked: _Asked) -> AjoExecution:
    """Raises InvalidFields."""
    values = read_object(asked.body)
    asked.ids.update(_ids(values))
    return read_execution(values)


def _read_audience(asked: _Asked) -> AjoAudience:
    """Raises InvalidFields."""
    values = read_object(asked.body)
    asked.ids.update(_ids(values))
    return read_audience(values)


def _read_large(asked: _Asked) -> AjoExecution:
    execution = _read(asked)
    return replace(execution, command=replace(execution.command, is_large=True))


def _ids(values: Mapping[str, Any]) -> dict[str, str]:
    named = {name: values.get(name) for name in ("requestId", "campaignId")}
    return {name: value[:_LONGEST_ID] for name, value in named.items() if isinstance(value, str)}


def _endpoint(guard: Guard, method: UnaryMethod, code: int) -> Callable[[Request], Awaitable[Response]]:
    check, guarded = guard.checks(), guard.unary(method)

    async def endpoint(request: Request) -> Response:
        ids: dict[str, str] = {}
        try:
            return json_response(await _called(check, guarded, request, ids), code)
        except HttpRefusal as refusal:
            return refused(refusal, ids)
        except CallerGone:
            # There is nobody to read it.
            return Response(status_code=_UNAVAILABLE)
        except Exception:
            request_id = uuid4().hex
            log.exception("http_request_failed", request_id=request_id)
            return refused(fault(request_id), ids)

    return endpoint


async def _called(check: Guarded, guarded: Guarded, request: Request, ids: dict[str, str]) -> Any:
    """Raises HttpRefusal and CallerGone."""
    scope = request.scope
    body = await read_body(scope, request.receive, lambda: finish(check, call_of(scope)))
    execution_id = next(iter(request.path_params.values()), "")
    asked = _Asked(request.headers.get(SANDBOX, ""), body, execution_id, ids)
    return await finish(guarded, call_of(scope, asked))
