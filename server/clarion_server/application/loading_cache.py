"""A cache in memory that loads what it does not have."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LoadingCache(Generic[K, V]):
    """Holds the values that were used last, up to a number of bytes. Belongs to one event loop.

    Calls that ask for one key at the same time share one loading. A failed loading is not remembered.
    """

    def __init__(self, load: Callable[[K], Awaitable[V]], size_of: Callable[[V], int], max_bytes: int) -> None:
        """`size_of` estimates how many bytes of memory a value takes."""
        self._load_value = load
        self._size_of = size_of
        self._max_bytes = max_bytes
        self._size = 0
        self._values: OrderedDict[K, V] = OrderedDict()
        self._loading: dict[K, asyncio.Task[V]] = {}

    @property
    def size(self) -> int:
        """Estimates the memory that the values take, in bytes."""
        return self._size

    def get(self, key: K) -> V | None:
        """Returns the value if the cache has it."""
        value = self._values.get(key)
        if value is not None:
            self._values.move_to_end(key)
        return value

    async def load(self, key: K) -> V:
        """Returns the value, and loads it if need be. Raises what loading raises."""
        value = self.get(key)
        if value is not None:
            return value
        loading = self._loading.get(key)
        if loading is None:
            loading = self._loading[key] = asyncio.create_task(self._load(key))
            loading.add_done_callback(_retrieve_exception)
        # A caller that is cancelled does not cancel the loading, for which others may be waiting.
        return await asyncio.shield(loading)

    def invalidate(self, key: K) -> None:
        """Drops the value. One that is being loaded is returned to those who wait for it, and not kept."""
        self._drop(key)
        self._loading.pop(key, None)

    def drop_where(self, is_gone: Callable[[K], bool]) -> None:
        """Drops the values of these keys. What is being loaded is kept."""
        for key in [key for key in self._values if is_gone(key)]:
            self._drop(key)

    async def _load(self, key: K) -> V:
        task = asyncio.current_task()
        try:
            value = await self._load_value(key)
            if self._loading.get(key) is task:
                self._keep(key, value)
            return value
        finally:
            if self._loading.get(key) is task:
                del self._loading[key]

    def _keep(self, key: K, value: V) -> None:
        self._values[key] = value
        self._size += self._size_of(value)
        # The newest value stays, however large it is: those who have asked for it are about to use it.
        while self._size > self._max_bytes and len(self._values) > 1:
            self._drop(next(iter(self._values)))

    def _drop(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._size -= self._size_of(value)


def _retrieve_exception(loading: asyncio.Task[V]) -> None:
    """Keeps asyncio from reporting a failure for which no caller waits any more."""
    if not loading.cancelled():
        loading.exception()
