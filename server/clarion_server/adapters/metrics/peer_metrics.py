"""How one of several processes tells for all: each answers on a socket in the folder that they have in common."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import orjson

from clarion_server.application.maintenance.metrics import Family

#: In seconds. Whoever does not answer in time is told of as absent.
_PATIENCE = 1.0

Collect = Callable[[], Sequence[Family]]


class Siblings:
    """Belongs to one event loop."""

    def __init__(self, folder: Path, place: int, count: int, collect: Collect) -> None:
        """`place`: which of the `count` processes this is, from 0."""
        self._folder = folder
        self._place = place
        self._count = count
        self._collect = collect
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        path = self._path(self._place)
        # Left behind by the one that had the place before.
        path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._answer, path)

    async def gather(self) -> dict[int, Sequence[Family]]:
        """What each tells of itself, by its place; those that do not answer are missing."""
        others = [place for place in range(self._count) if place != self._place]
        answers = await asyncio.gather(*(self._ask(place) for place in others))
        told = {place: answer for place, answer in zip(others, answers, strict=True) if answer is not None}
        return dict(sorted({**told, self._place: self._collect()}.items()))

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._path(self._place).unlink(missing_ok=True)
        with suppress(OSError):
            # The last one: others have theirs in it.
            self._folder.rmdir()

    def _path(self, place: int) -> Path:
        return self._folder / str(place)

    async def _answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(orjson.dumps([asdict(family) for family in self._collect()]))
        with suppress(OSError):
            await writer.drain()
        writer.close()

    async def _ask(self, place: int) -> Sequence[Family] | None:
        try:
            async with asyncio.timeout(_PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self._path(place))
                try:
                    return [Family(**family) for family in orjson.loads(await reader.read())]
                finally:
                    writer.close()
        except (OSError, TimeoutError, ValueError):
            return None
