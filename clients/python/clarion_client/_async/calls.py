"""Makes calls: opens the channel, sends the API key, keeps deadlines, repeats failed calls."""

from __future__ import annotations

import random
import threading
import uuid
from collections.abc import Awaitable
from typing import Protocol, TypeVar

import grpc

from clarion_client._async.runtime import CALL_ENDED, EventLoop, ended_call, event_loop_of_call, open_channel, sleep
from clarion_client._errors import ClarionError, error_of_call
from clarion_client._retry import Deadline
from clarion_client._settings import Settings, host_and_port

Request = TypeVar("Request")
Request_contra = TypeVar("Request_contra", contravariant=True)
Answer = TypeVar("Answer")
Answer_co = TypeVar("Answer_co", covariant=True)

Metadata = tuple[tuple[str, str], ...]


class AsyncMethod(Protocol[Request_contra, Answer_co]):
    """Makes one call that has one answer."""

    def __call__(self, request: Request_contra, /, *, timeout: float, metadata: Metadata) -> Awaitable[Answer_co]: ...


class AsyncCalls:
    """Makes the calls of one client over one channel, which opens with the first call."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._channel: grpc.aio.Channel | None = None
        self._event_loop: EventLoop | None = None
        self._closed = False
        self._opening = threading.Lock()

    @property
    def channel(self) -> grpc.aio.Channel:
        with self._opening:
            self.refuse_when_closed()
            if self._channel is None:
                self._channel = open_channel(self._settings)
            return self._channel

    @property
    def address(self) -> str:
        """Returns the host and port that this client calls, and nothing when the target is of another kind."""
        return host_and_port(self._settings.target)

    async def unary(
        self,
        method: AsyncMethod[Request, Answer],
        request: Request,
        *,
        repeatable: bool,
        timeout: float | None = None,
        request_id: str = "",
    ) -> Answer:
        """Repeats a call until the service answers, a failure is permanent, or no time is left. `repeatable` says
        that making the call twice does no more than making it once.
        """
        request_id = request_id or new_request_id()
        deadline = self.deadline(timeout)
        attempt = 0
        while True:
            self.refuse_when_unusable()
            attempt += 1
            try:
                return await method(request, timeout=deadline.remaining(), metadata=self.metadata(request_id))
            except CALL_ENDED as error:
                failure = error_of_call(ended_call(error), request_id)
            await self.pause(failure, attempt, deadline, repeatable=repeatable)

    def deadline(self, timeout: float | None = None) -> Deadline:
        return Deadline(self._settings.timeout if timeout is None else timeout)

    async def pause(self, failure: ClarionError, attempt: int, deadline: Deadline, *, repeatable: bool) -> None:
        """Waits until the next try is due. Raises the failure when no further try is due."""
        retry = self._settings.retry
        if retry is None:
            raise failure
        delay = retry.delay(
            failure,
            attempt=attempt,
            remaining=deadline.remaining(),
            repeatable=repeatable,
            jitter=random.random(),  # noqa: S311 - the jitter is no secret
        )
        if delay is None:
            raise failure
        await sleep(delay)

    def metadata(self, request_id: str) -> Metadata:
        return self._settings.metadata(request_id)

    def refuse_when_closed(self) -> None:
        if self._closed:
            raise RuntimeError("The client is closed.")

    def refuse_when_unusable(self) -> None:
        """Raises RuntimeError when no call can be made here: the client is closed, or belongs to another event loop."""
        self.refuse_when_closed()
        self._event_loop = event_loop_of_call(self._event_loop)

    async def close(self) -> None:
        """Ends the calls in flight. May be called again."""
        self._closed = True
        channel, self._channel = self._channel, None
        if channel is not None:
            await channel.close()


def new_request_id() -> str:
    return str(uuid.uuid4())
