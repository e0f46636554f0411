"""Checks deadline, key and scopes before a request is received, and turns the errors of calls into statuses.

A guard wraps each method once, when its service is registered. gRPC's own interceptors are looked up and chained on
every call, which costs a unary call about a tenth of its time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from time import monotonic
from typing import Any, NoReturn, Protocol, runtime_checkable
from uuid import uuid4

import grpc
import structlog
from google.rpc import status_pb2
from grpc_status import rpc_status

from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.errors import ClarionError, DeadlineTooShort, ScopeDenied, Unauthenticated
from clarion_server.transport.api.errors import ERRORS, internal_status, status_of, trim_to_trailers
from clarion_server.transport.api.in_flight_calls import InFlightCalls
from clarion_server.transport.api.key_watch import KeyWatch
from clarion_server.transport.api.requests import Unread, check_decoded

log = structlog.get_logger()

#: A call with less time left is refused, because its caller would no longer wait for the answer.
DEADLINE_FLOOR_MS = 20

#: When a request comes later than this behind the head of its call, in seconds, the key is checked again: it may have
#: been revoked meanwhile.
LATE_SECONDS = 1.0

REQUEST_ID = "x-request-id"
_BEARER = "bearer "

#: The longest part of a caller's own request id that is used, in characters.
_MAX_REQUEST_ID = 128


@runtime_checkable
class TakesWholeStatus(Protocol):
    """Is the context of a transport that sends statuses of any size."""

    def refuse(self, status: status_pb2.Status) -> NoReturn: ...


Context = grpc.aio.ServicerContext[Any, Any]
#: Is a method behind its guard. It takes the stream of requests, if there is one, and a context, of which it reads any
#: other request once the caller may call.
Guarded = Callable[[Any, Any], Awaitable[Any]]
UnaryMethod = Callable[[Any, Caller], Awaitable[Any]]
StreamMethod = Callable[[Any, Caller], AsyncGenerator[Any]]


class Authenticator(Protocol):
    def known(self, secret: str) -> Caller | None:
        """Returns the caller without waiting if the secret was checked recently, else None."""
        ...

    def trusted_for(self, secret: str) -> float:
        """Returns for how many seconds the secret is still trusted without another look; 0 when it is not."""
        ...

    async def authenticate(self, secret: str) -> Caller:
        """Returns the caller with that secret. Raises Unauthenticated."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """Runs the checks of one method."""

    method: str
    """Is the path, such as `/clarion.v1.TriggerService/Trigger`."""
    scopes: frozenset[Scope]
    """The caller needs one of them."""
    authenticator: Authenticator
    in_flight: InFlightCalls

    def unary(self, call: UnaryMethod, *, takes_stream: bool = False) -> Guarded:
        """Wraps a method with one answer."""

        async def guarded(request: Any, context: Context) -> Any:
            try:
                secret = self._secret_of(context)
                caller = self.authenticator.known(secret) or await self._authenticated(secret)
                self._check_scopes(caller)
                if not takes_stream:
                    request = await self._request_of(context, secret)
                self.in_flight.begin()
                try:
                    return await call(check_decoded(request), caller)
                finally:
                    self.in_flight.end()
            except ClarionError as error:
                await abort(context, self._refusal(error, context))
            except Exception:  # noqa: BLE001 - any other error is logged and answered as internal
                await abort(context, self._log_unexpected(context))

        return guarded

    def checks(self) -> Guarded:
        """Returns a method that makes the checks and does nothing else."""
        return self.unary(_do_nothing)

    def stream(self, call: StreamMethod, *, takes_stream: bool = False) -> Guarded:
        """Wraps a method that answers with a stream, which ends when its key is revoked."""

        async def guarded(request: Any, context: Context) -> None:
            try:
                secret = self._secret_of(context)
                caller = self.authenticator.known(secret) or await self._authenticated(secret)
                self._check_scopes(caller)
                if not takes_stream:
                    request = await self._request_of(context, secret)
                self.in_flight.begin()
                try:
                    # When the caller cancels, the generator is closed at once and not by the garbage collector.
                    async with (
                        KeyWatch(self.authenticator, secret) as watch,
                        aclosing(call(check_decoded(request), caller)) as answers,
                    ):
                        async for answer in answers:
                            watch.is_writing = True
                            await context.write(answer)
                            watch.written()
                finally:
                    self.in_flight.end()
            except ClarionError as error:
                await abort(context, self._refusal(error, context))
            except grpc.aio.InternalError:
                # A write failed because the caller is gone. gRPC knows that, and nobody waits for a status.
                raise
            except Exception:  # noqa: BLE001 - see unary
                await abort(context, self._log_unexpected(context))

        return guarded

    def _secret_of(self, context: Context) -> str:
        """Returns the secret of a call that has time left. Raises DeadlineTooShort or Unauthenticated."""
        remaining = _remaining(context)
        if remaining is not None and remaining * 1000 < DEADLINE_FLOOR_MS:
            raise DeadlineTooShort(DEADLINE_FLOOR_MS)
        return _secret_of(context)

    async def _authenticated(self, secret: str) -> Caller:
        """Looks the key up. A stopping service waits for it. Raises Unauthenticated, and Unavailable when it stops."""
        self.in_flight.begin()
        try:
            return await self.authenticator.authenticate(secret)
        finally:
            self.in_flight.end()

    async def _request_of(self, context: Context, secret: str) -> Any:
        """Receives and decodes the request of a caller who may call.

        Raises Unauthenticated for a key that was revoked while the request came.
        """
        begun = monotonic()
        request = await context.read()
        if monotonic() - begun > LATE_SECONDS and not self.authenticator.known(secret):
            await self._authenticated(secret)
        return await request.read() if isinstance(request, Unread) else request

    def _check_scopes(self, caller: Caller) -> None:
        """Raises ScopeDenied."""
        if not caller.has_any(self.scopes):
            raise ScopeDenied(self.method, tuple(sorted(self.scopes | {Scope.ADMIN})))

    def _refusal(self, error: ClarionError, context: Context) -> status_pb2.Status:
        """Returns the status for the caller. Logs its reason alone, since the rest may repeat what the caller sent."""
        reason = ERRORS[type(error)].reason
        log.debug("call_refused", method=self.method, reason=reason, request_id=request_id_of(context))
        return status_of(error)

    def _log_unexpected(self, context: Context) -> status_pb2.Status:
        """Logs the current exception and returns the status for the caller."""
        request_id = request_id_of(context)
        log.error("call_failed", method=self.method, request_id=request_id, exc_info=True)  # noqa: LOG014 - called from handlers
        return internal_status(request_id)


async def _do_nothing(_request: Any, _caller: Caller) -> None:
    """Leaves everything to the guard around it."""


def _remaining(context: Context) -> float | None:
    """Returns the seconds until the caller's deadline, or None, which the library's types leave out."""
    return context.time_remaining()


def _secret_of(context: Context) -> str:
    for key, value in context.invocation_metadata() or ():
        if key == "authorization":
            text = value if isinstance(value, str) else value.decode("ascii", "replace")
            if text[: len(_BEARER)].lower() == _BEARER:
                return text[len(_BEARER) :].strip()
            raise Unauthenticated("The value of 'authorization' is not of the form 'Bearer clk_…'.")
    raise Unauthenticated("The call carries no key.")


def request_id_of(context: Context) -> str:
    """Returns the caller's `x-request-id`, or a new one, under which the log has the call."""
    metadata: Mapping[str, str | bytes] = dict(context.invocation_metadata() or ())
    given = metadata.get(REQUEST_ID) or uuid4().hex
    text = given if isinstance(given, str) else given.decode("ascii", "replace")
    return text[:_MAX_REQUEST_ID] if text.isprintable() else uuid4().hex


async def abort(context: Context, status: status_pb2.Status) -> None:
    """Ends the call with the status and its details. Always raises, as `context.abort` does."""
    if isinstance(context, TakesWholeStatus):
        context.refuse(status)
    rich = rpc_status.to_status(trim_to_trailers(status))
    context.set_trailing_metadata(rich.trailing_metadata)
    await context.abort(rich.code, rich.details)
