"""Ends streams whose key has been revoked, as they may last for days after their only check."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Protocol, Self

import structlog

from clarion_server.domain.errors import Unauthenticated, Unavailable

log = structlog.get_logger()

#: How long, in seconds, a look waits for the next one when the store did not answer.
_AGAIN_SECONDS = 1.0


class Authenticator(Protocol):
    def trusted_for(self, secret: str) -> float:
        """Returns for how many seconds the secret is still trusted without another look; 0 when it is not."""
        ...

    async def authenticate(self, secret: str) -> Any:
        """Raises Unauthenticated, and Unavailable."""
        ...


class KeyWatch:
    """Looks at the key of a stream as often as other calls with it would, while the stream is in the `with`.

    A revocation cancels the current task, which `with` turns into Unauthenticated. While `is_writing` it waits.
    """

    def __init__(self, authenticator: Authenticator, secret: str) -> None:
        self._authenticator = authenticator
        self._secret = secret
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.timeout(None)
        self._look: asyncio.Task[None] | None = None
        self._refusal: Unauthenticated | None = None
        self._timer = self._loop.call_later(authenticator.trusted_for(secret), self._start_look)
        self.is_writing = False
        """gRPC allows no status while an answer is being written, and a cancellation leaves that unfinished."""

    async def __aenter__(self) -> Self:
        await self._end.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if self._look is not None:
            self._look.cancel()
        try:
            await self._end.__aexit__(kind, error, trace)
        except TimeoutError:
            assert self._refusal is not None, "only a refusal ends the time"
            raise self._refusal from None

    def written(self) -> None:
        """Is called behind each answer. Raises Unauthenticated."""
        self.is_writing = False
        if self._refusal is not None:
            raise self._refusal

    def _start_look(self) -> None:
        self._look = self._loop.create_task(self._look_at_key())

    async def _look_at_key(self) -> None:
        wait = _AGAIN_SECONDS
        try:
            # Another call with the key may have looked at it meanwhile.
            if not self._authenticator.trusted_for(self._secret):
                await self._authenticator.authenticate(self._secret)
            wait = self._authenticator.trusted_for(self._secret) or _AGAIN_SECONDS
        except Unauthenticated as refusal:
            self._refusal = refusal
            if not self.is_writing:
                self._end.reschedule(self._loop.time())
            return
        except Exception as error:
            # Whether the stream can go on without the store is up to the method. Any other fault is logged.
            if not isinstance(error, Unavailable):
                log.exception("key_look_failed")
        self._timer = self._loop.call_later(wait, self._start_look)
