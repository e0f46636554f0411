"""Makes the context of a call over HTTP, in the form that guards expect."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, NoReturn

from google.rpc import status_pb2
from starlette.types import Scope

from clarion_server.domain.violation import malformed
from clarion_server.transport.api.guard import Guarded
from clarion_server.transport.http.refusals import invalid, refused, time_is_up

#: Is the form of the header in gRPC over HTTP/2: a number of at most eight digits, and a unit.
_TIMEOUT: Final = re.compile(rb"([0-9]{1,8})([HMSmun])")
_UNITS: Final = {b"H": 3600.0, b"M": 60.0, b"S": 1.0, b"m": 1e-3, b"u": 1e-6, b"n": 1e-9}

Write = Callable[[Any], Awaitable[None]]


class Refused(Exception):
    """Is raised when the call ended with a status instead of an answer."""

    def __init__(self, status: status_pb2.Status) -> None:
        super().__init__(status.message)
        self.status = status


class HttpCall:
    """Implements the part of gRPC's ServicerContext that guards use."""

    def __init__(
        self, headers: Sequence[tuple[bytes, bytes]], request: Any = None, *, write: Write | None = None
    ) -> None:
        """`write` takes the answers of a stream. Raises HttpRefusal for a malformed deadline."""
        self._headers = headers
        self.request = request
        """Is what a method that takes one request reads."""
        self._deadline = _deadline(headers)
        if write is not None:
            self.write = write

    def invocation_metadata(self) -> list[tuple[str, str]]:
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._headers]

    def time_remaining(self) -> float | None:
        """Returns the seconds until the caller's deadline; None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - asyncio.get_running_loop().time())

    async def read(self) -> Any:
        return self.request

    def refuse(self, status: status_pb2.Status) -> NoReturn:
        """Ends the call. Unlike the trailers of gRPC, a body has room for all violations."""
        raise Refused(status) from None


async def finish(guarded: Guarded, call: HttpCall) -> Any:
    """Returns the answer of a method without streams. Raises HttpRefusal, also when the deadline passes."""
    try:
        async with asyncio.timeout(call.time_remaining()):
            return await guarded(None, call)
    except Refused as refusal:
        raise refused(refusal.status) from None
    except TimeoutError:
        raise time_is_up() from None


def call_of(scope: Scope, request: Any = None, *, write: Write | None = None) -> HttpCall:
    """Raises HttpRefusal."""
    return HttpCall(scope["headers"], request, write=write)


def _deadline(headers: Sequence[tuple[bytes, bytes]]) -> float | None:
    for name, value in headers:
        if name == b"grpc-timeout":
            found = _TIMEOUT.fullmatch(value)
            if found is None:
                raise invalid(malformed("", "The header 'grpc-timeout' must be such as '5S' or '200m'."))
            return asyncio.get_running_loop().time() + int(found[1]) * _UNITS[found[2]]
    return None
