"""Reads and answers pages of lists: their position, their size and the token of the next page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from google.protobuf.message import Message

from clarion_server.application.background import run_for_request
from clarion_server.domain.access.access import Caller
from clarion_server.domain.errors import InvalidPageToken
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.page_tokens import page_size, position_of, query_of, seal

T = TypeVar("T")
M = TypeVar("M", bound=Message)

#: A page whose entries may be large has about so many bytes at most.
#: Clients of gRPC take 4 MiB unless they are told otherwise.
MAX_PAGE_BYTES = 3 * 1024 * 1024
#: Entries that may be large are read in steps, of which the first has so many. One may have as many bytes as a request.
_FIRST_STEP = 20
_BEYOND_64_BITS = 1 << 63


@dataclass(frozen=True, slots=True)
class Page:
    """Is the requested page of a list."""

    size: int
    query: bytes
    after: tuple[Any, ...] | None
    """Is the position of the last entry of the page before; None on the first page."""

    @property
    def limit(self) -> int:
        """Returns the number of entries to query: one more than the page has, to see whether another follows."""
        return self.size + 1

    def cut(self, found: Sequence[T], position: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str]:
        """Returns the entries of the page and the token of the next one. `position` returns an entry's position."""
        shown = found[: self.size]
        return shown, seal(position(shown[-1]), self.query) if len(found) > self.size else ""

    async def fill(
        self,
        read: Callable[[tuple[Any, ...] | None, int], Awaitable[Sequence[T]]],
        position: Callable[[T], tuple[Any, ...]],
        convert: Callable[[Sequence[T]], Awaitable[Sequence[M]]],
    ) -> tuple[list[M], str]:
        """Returns the entries of a page of which each may be large, and the token of the next page.

        `read` returns entries behind a position, at most so many. The page ends before an entry with which it would
        have more than MAX_PAGE_BYTES, and has at least one entry unless there is none.
        """
        page: list[M] = []
        size, step, after = 0, _FIRST_STEP, self.after
        while True:
            wanted = min(step, self.size - len(page))
            found = await read(after, wanted + 1)
            for entry, message in zip(found, await convert(found[:wanted]), strict=False):
                size += message.ByteSize()
                if page and size > MAX_PAGE_BYTES:
                    return page, seal(after, self.query)
                page.append(message)
                after = position(entry)
            if len(found) <= wanted:
                return page, ""
            if len(page) == self.size:
                return page, seal(after, self.query)
            # Most entries are small, so that few steps fill a page.
            step *= 3


def each_by(convert: Callable[[T], M]) -> Callable[[Sequence[T]], Awaitable[list[M]]]:
    """Returns a function that converts entries in a thread: large ones take longer than other callers should wait."""

    async def converted(entries: Sequence[T]) -> list[M]:
        return await run_for_request(lambda: list(map(convert, entries)))

    return converted


def page_of(request: Any, caller: Caller, *shape: type, parser: RequestParser | None = None) -> Page:
    """Returns the page that a request of a List method asks for. Raises InvalidFields or InvalidPageToken.

    `shape` are the types of a position's parts. The violations of `parser`, which read the other fields, are reported
    together with those of the page.
    """
    parser = parser or RequestParser()
    size = page_size(request.page_size, parser)
    parser.check()
    query = query_of(request, caller.sandbox)
    position = position_of(request.page_token, query)
    if position is None:
        return Page(size, query, None)
    # The digest has no secret, so anybody can make a token: its content must be checked.
    if isinstance(position, list) and list(map(type, position)) == list(shape) and all(map(_is_storable, position)):
        return Page(size, query, tuple(position))
    raise InvalidPageToken


def _is_storable(part: Any) -> bool:
    """Returns whether stores take the part of a position: PostgreSQL has no text with NUL, and no whole number has more
    than 64 bits.
    """
    if isinstance(part, str):
        return "\0" not in part
    return not isinstance(part, int) or -_BEYOND_64_BITS <= part < _BEYOND_64_BITS
