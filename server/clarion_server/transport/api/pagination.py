"""One page of a list: where it begins, how much is asked for, and the token of the next one."""

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
    size: int
    query: bytes
    after: tuple[Any, ...] | None
    """The position of the last entry of the page before; None on the first page."""

    @property
    def limit(self) -> int:
        """How many entries to look for: one more than are shown tells whether another page follows."""
        return self.size + 1

    def cut(self, found: Sequence[T], position: Callable[[T], tuple[Any, ...]]) -> tuple[Sequence[T], str]:
        """The entries to show, and the token of the next page; `position` is where an entry stands in the list."""
        shown = found[: self.size]
        return shown, seal(position(shown[-1]), self.query) if len(found) > self.size else ""


def page_of(request: Any, caller: Caller, *shape: type, parser: RequestParser | None = None) -> Page:
    """`request`: of any List method. `shape`: the types that make up a position. `parser`: of the request's other
    fields, what is wrong with which is told together with what is wrong here.

    Raises InvalidFields or InvalidPageToken.
    """
    parser = parser or RequestParser()
    size = page_size(request.page_size, parser)
    parser.check()
    query = query_of(request, caller.sandbox)
    position = position_of(request.page_token, query)
    if position is None:
        return Page(size, query, None)
    # The seal tells tokens apart but is no proof of who made them: nothing is taken for granted about what is inside.
    if isinstance(position, list) and list(map(type, position)) == list(shape):
        return Page(size, query, tuple(position))
    raise InvalidPageToken
