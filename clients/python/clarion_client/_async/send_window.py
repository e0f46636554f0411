"""The triggers of a stream that wait to be sent or answered."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from dataclasses import replace

from clarion.v1.trigger_service_pb2 import TriggerRequest, TriggerStreamRequest

from clarion_client._async.calls import new_request_id
from clarion_client._async.runtime import Background, Condition, Source, each
from clarion_client._conversion import write
from clarion_client._values import Trigger


class AsyncSendWindow:
    """Reads triggers beside the caller, at most `size` ahead of the answers, and sends each under a request id.

    A new connection begins with the triggers that the one before it left unanswered; the request ids make that safe.
    """

    def __init__(self, source: Source[Trigger], size: int) -> None:
        self._source = source
        self._size = size
        self._unanswered: deque[tuple[Trigger, TriggerRequest]] = deque()
        self._sent = 0
        self._connection = 0
        self._ended = False
        self._failure: Exception | None = None
        self._changed = Condition()
        self._reader = Background(self._read_source)

    @property
    def oldest(self) -> tuple[Trigger, TriggerRequest]:
        """Returns the trigger that the next answer belongs to."""
        return self._unanswered[0]

    @property
    def failure(self) -> Exception | None:
        """Returns the error that ended the source early, if one did."""
        return self._failure

    def finished(self) -> bool:
        """Returns whether the source has ended and every trigger has its answer."""
        return self._ended and not self._unanswered

    async def connect(self) -> AsyncIterator[TriggerStreamRequest]:
        """Returns the requests of a new connection, and ends those of the one before it."""
        async with self._changed:
            self._connection += 1
            self._sent = 0
            self._changed.notify_all()
        return self._requests(self._connection)

    async def answered(self) -> None:
        """Removes the oldest trigger, which makes room for another."""
        async with self._changed:
            self._unanswered.popleft()
            self._sent -= 1
            self._changed.notify_all()

    async def close(self) -> None:
        async with self._changed:
            self._connection += 1
            self._ended = True
            self._changed.notify_all()
        await self._reader.stop()

    async def _requests(self, connection: int) -> AsyncIterator[TriggerStreamRequest]:
        while (request := await self._next_request(connection)) is not None:
            yield TriggerStreamRequest(trigger=request)

    async def _next_request(self, connection: int) -> TriggerRequest | None:
        async with self._changed:
            await self._changed.wait_for(
                lambda: connection != self._connection or self._sent < len(self._unanswered) or self._ended
            )
            if connection != self._connection or self._sent == len(self._unanswered):
                return None
            self._sent += 1
            return self._unanswered[self._sent - 1][1]

    async def _read_source(self) -> None:
        try:
            async for trigger in each(self._source):
                if not await self._put(trigger):
                    return
        except Exception as error:  # noqa: BLE001 - the caller gets it after the answers
            self._failure = error
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def _put(self, trigger: Trigger) -> bool:
        """Adds a trigger as soon as there is room. Returns False when the stream was closed before that."""
        identified = replace(trigger, request_id=trigger.request_id or new_request_id())
        request = write(identified, TriggerRequest)
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._unanswered) < self._size or self._ended)
            if self._ended:
                return False
            self._unanswered.append((identified, request))
            self._changed.notify_all()
            return True
