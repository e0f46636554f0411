"""The requests of a stream that wait to be sent or answered."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar

from clarion_client._async.runtime import Background, Condition, Source, each

Item = TypeVar("Item")
Request = TypeVar("Request")


class AsyncSendWindow(Generic[Item, Request]):
    """Reads items beside the caller, at most `size` ahead of the answers, and sends each as one request.

    A new connection begins with the requests that the one before it left unanswered, so they must be safe to repeat.
    `prepare` returns the item that is given back with its answer, and its request.
    """

    def __init__(self, source: Source[Item], size: int, prepare: Callable[[Item], tuple[Item, Request]]) -> None:
        self._source = source
        self._size = size
        self._prepare = prepare
        self._unanswered: deque[tuple[Item, Request]] = deque()
        self._sent = 0
        self._connection = 0
        self._ended = False
        self._failure: Exception | None = None
        self._changed = Condition()
        self._reader = Background(self._read_source)

    @property
    def oldest(self) -> tuple[Item, Request]:
        """Returns the item that the next answer belongs to."""
        return self._unanswered[0]

    @property
    def failure(self) -> Exception | None:
        """Returns the error that ended the source early, if one did."""
        return self._failure

    def finished(self) -> bool:
        """Returns whether the source has ended and every item has its answer."""
        return self._ended and not self._unanswered

    async def connect(self) -> AsyncIterator[Request]:
        """Returns the requests of a new connection, and ends those of the one before it."""
        async with self._changed:
            self._connection += 1
            self._sent = 0
            self._changed.notify_all()
        return self._requests(self._connection)

    async def answered(self) -> None:
        """Removes the oldest item, which makes room for another."""
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

    async def _requests(self, connection: int) -> AsyncIterator[Request]:
        while (request := await self._next_request(connection)) is not None:
            yield request

    async def _next_request(self, connection: int) -> Request | None:
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
            async for item in each(self._source):
                if not await self._put(item):
                    return
        except Exception as error:  # noqa: BLE001 - the caller gets it after the answers
            self._failure = error
        finally:
            async with self._changed:
                self._ended = True
                self._changed.notify_all()

    async def _put(self, item: Item) -> bool:
        """Adds an item as soon as there is room. Returns False when the stream was closed before that."""
        prepared = self._prepare(item)
        async with self._changed:
            await self._changed.wait_for(lambda: len(self._unanswered) < self._size or self._ended)
            if self._ended:
                return False
            self._unanswered.append(prepared)
            self._changed.notify_all()
            return True
