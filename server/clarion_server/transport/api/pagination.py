"""Pages of lists: their position, their size and the token of the next page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from clarion_server.domain.access import Caller
from clarion_server.domain.errors import InvalidPageToken
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.page_tokens import page_size, position_of, query_of, seal

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """The requested page of a list."""

    size: int
    query: bytes
    after: tuple[Any, ...] | None
    """The position of the last entry of the page before; None on the first page."""

    @property
    def limit(self) -> int:
        """The number of entries to query: one more than the page has, which shows whether another page follows."""
        return self.size + 1

    def cut(self, found: Sequence[T], position: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str]:
        """Returns the entries of the page and the token of the next one. `position` returns an entry's position."""
        shown = found[: self.size]
        return shown, seal(position(shown[-1]), self.query) if len(found) > self.size else ""


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
    if isinstance(position, list) and list(map(type, position)) == list(shape):
        return Page(size, query, tuple(position))
    raise InvalidPageToken
