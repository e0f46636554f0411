"""Gives the synchronous client the interface of the asynchronous one, so that one suite tests both."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, Self

#: Methods that return at once and work while they are iterated.
LAZY = {
    "export",
    "import_stream",
    "list",
    "run",
    "steps",
    "threads",
    "tags",
    "trigger_stream",
    "upload_stream",
    "uses",
    "versions",
    "watch",
}
END = object()


class InThreads:
    """Runs every method call in a thread, so that it can be awaited. Attributes that are objects are wrapped too."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    def __getattr__(self, name: str) -> Any:
        attribute = getattr(self._wrapped, name)
        if not callable(attribute):
            return InThreads(attribute)
        if name in LAZY:
            return lambda *args, **kwargs: IteratedInThreads(attribute(*args, **kwargs))
        return in_thread(attribute)

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._wrapped.__enter__)
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self._wrapped.__exit__, *error)


class IteratedInThreads:
    """Iterates in a thread."""

    def __init__(self, wrapped: Any) -> None:
        self._wrapped = wrapped

    @property
    def resume_token(self) -> str:
        token: str = self._wrapped.resume_token
        return token

    @property
    def end(self) -> Any:
        return self._wrapped.end

    @property
    def pages(self) -> IteratedInThreads:
        return IteratedInThreads(self._wrapped.pages)

    def close(self) -> None:
        self._wrapped.close()

    async def aclose(self) -> None:
        await asyncio.to_thread(self._wrapped.close)

    async def __aiter__(self) -> AsyncIterator[Any]:
        iterator = iter(self._wrapped)
        while (item := await asyncio.to_thread(next, iterator, END)) is not END:
            yield item

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._wrapped.__enter__)
        return self

    async def __aexit__(self, *error: object) -> None:
        await asyncio.to_thread(self._wrapped.__exit__, *error)


def in_thread(function: Callable[..., Any]) -> Callable[..., Any]:
    async def call(*args: Any, **kwargs: Any) -> Any:
        return await asyncio.to_thread(function, *args, **kwargs)

    return call
