"""Exports that continue after a lost connection."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Protocol, TypeVar

from clarion_client._async.calls import AsyncCalls, Metadata
from clarion_client._async.reconnecting import AsyncReconnecting, StreamCall

T = TypeVar("T")
Answer_co = TypeVar("Answer_co", bound="ExportAnswer", covariant=True)


class ExportAnswer(Protocol):
    """Is the part that answers of exports have in common."""

    complete: bool


class Export(Protocol[Answer_co]):
    """Starts an export behind what has that name; behind nothing when it is empty."""

    def __call__(self, after: str, metadata: Metadata, /) -> StreamCall[Answer_co]: ...


async def exported(
    calls: AsyncCalls,
    export: Export[Answer_co],
    items: Callable[[Answer_co], Sequence[T]],
    name_of: Callable[[T], str],
    after: str,
    max_outage: float,
) -> AsyncGenerator[T]:
    """Yields what is exported, each once. `name_of` returns the name behind which the next call continues."""
    position, complete = after, False

    async def open_call(metadata: Metadata, /) -> StreamCall[Answer_co]:
        return export(position, metadata)

    answers = AsyncReconnecting(calls, open_call, lambda: complete, max_outage)
    try:
        while (answer := await answers.next_answer()) is not None:
            for item in items(answer):
                yield item
                position = name_of(item)
            complete = answer.complete
    finally:
        answers.cancel()
