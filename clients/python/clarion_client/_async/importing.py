"""Imports that continue after a lost connection, and do nothing twice."""

from __future__ import annotations

import uuid
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from google.protobuf.message import Message

from clarion_client._async.calls import AsyncCalls, Metadata
from clarion_client._async.reconnecting import AsyncReconnecting, StreamCall
from clarion_client._async.runtime import Source, each
from clarion_client._async.send_window import AsyncSendWindow
from clarion_client._field_error import FieldError

Row = TypeVar("Row")
Wire = TypeVar("Wire", bound=Message | str)
Request = TypeVar("Request")
Answer = TypeVar("Answer")
Request_contra = TypeVar("Request_contra", contravariant=True)
Answer_co = TypeVar("Answer_co", covariant=True)

#: Says how much one request carries, in rows and in bytes.
_ROWS, _BYTES = 500, 1_000_000
#: Is the most that one row has, in bytes: the service takes requests of 4 MiB, and the rest of one has its room.
_ROW_BYTES = 4 * 1024 * 1024 - 1024
#: Says how many requests are sent ahead of the answers. The service keeps the answers to 10,000 rows.
_WINDOW = 8


class Batch(NamedTuple, Generic[Row, Wire]):
    """Holds the rows of one request."""

    position: int
    """Counts the rows before its own."""
    rows: Sequence[Row]
    """They are as the caller gave them."""
    written: Sequence[Wire]
    """They are as they are sent."""
    is_last: bool = False
    """Says whether it has no rows, and ends the import."""


class StreamMethod(Protocol[Request_contra, Answer_co]):
    """Opens a stream of requests and answers."""

    def __call__(self, requests: AsyncIterator[Request_contra], /, *, metadata: Metadata) -> StreamCall[Answer_co]: ...


async def imported(
    calls: AsyncCalls,
    method: StreamMethod[Request, Answer],
    batches: Source[Batch[Row, Wire]],
    request_of: Callable[[Batch[Row, Wire]], Request],
    max_outage: float,
) -> AsyncGenerator[tuple[Batch[Row, Wire], Answer]]:
    """Sends each batch, and yields it with its answer. Raises what the source raised after the answers before it."""
    window = AsyncSendWindow(batches, _WINDOW, lambda batch: (batch, request_of(batch)))

    async def open_call(metadata: Metadata, /) -> StreamCall[Answer]:
        return method(await window.connect(), metadata=metadata)

    answers = AsyncReconnecting(calls, open_call, window.finished, max_outage)
    try:
        while (answer := await answers.next_answer()) is not None:
            batch, _ = window.oldest
            await window.answered()
            yield batch, answer
    finally:
        answers.cancel()
        await window.close()
    if window.failure is not None:
        raise window.failure


async def in_batches(
    source: Source[Row], write: Callable[[Row], Wire], *, ends: bool = False
) -> AsyncIterator[Batch[Row, Wire]]:
    """Yields the rows in batches, those before a failure of the source too. With `ends`, one without rows is last.

    Raises FieldError, which begins with the position of the row, for one that cannot be sent.
    """
    position, size = 0, 0
    rows: list[Row] = []
    written: list[Wire] = []
    try:
        async for row in each(source):
            sent, length = _sent(row, write, position + len(rows))
            if rows and (len(rows) == _ROWS or size + length > _BYTES):
                yield Batch(position, rows, written)
                position, size, rows, written = position + len(rows), 0, [], []
            rows.append(row)
            written.append(sent)
            size += length
    except Exception:
        if rows:
            yield Batch(position, rows, written)
        raise
    if rows:
        yield Batch(position, rows, written)
    if ends:
        yield Batch(position + len(rows), [], [], is_last=True)


def _sent(row: Row, write: Callable[[Row], Wire], position: int) -> tuple[Wire, int]:
    """Returns the row as it is sent, and its size. Raises FieldError."""
    try:
        sent = write(row)
        return sent, _size(sent)
    except FieldError as error:
        error.move_into(position)
        raise


def _size(sent: Message | str) -> int:
    """Returns how many bytes the row has. Raises FieldError."""
    size = len(sent) if isinstance(sent, str) else sent.ByteSize()
    if size > _ROW_BYTES:
        raise FieldError(f"has {size:,} bytes, and a row may have {_ROW_BYTES:,}")
    return size


def import_id_or_new(import_id: str) -> str:
    return import_id or uuid.uuid4().hex
