"""Lists that fetch their pages while they are read."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import grpc

from clarion_client._async.calls import AsyncCalls

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ListRequest(Protocol):
    """Is the part that requests for lists have in common."""

    page_token: str


class ListAnswer(Protocol):
    """Is the part that pages of lists have in common."""

    next_page_token: str


class FetchPage(Protocol[T_co]):
    """Returns the items of a page and the token of the next one, empty at the end."""

    async def __call__(self, page_token: str, /) -> tuple[Sequence[T_co], str]: ...


Request = TypeVar("Request", bound=ListRequest)
Answer = TypeVar("Answer", bound=ListAnswer)


class AsyncPager(Generic[T]):
    """Iterates over the items of a list: `async for campaign in client.campaigns.list()`. Each iteration starts at the
    first item.
    """

    def __init__(self, fetch: FetchPage[T]) -> None:
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages:
            for item in page:
                yield item

    @property
    def pages(self) -> AsyncIterator[Sequence[T]]:
        """Iterates over the same items, a page at a time."""
        return self._pages()

    async def _pages(self) -> AsyncIterator[Sequence[T]]:
        token = ""
        while True:
            items, token = await self._fetch(token)
            yield items
            if not token:
                return


def paged(
    calls: AsyncCalls,
    method: grpc.aio.UnaryUnaryMultiCallable[Request, Answer],
    request: Request,
    items: Callable[[Answer], Sequence[T]],
    timeout: float | None,
) -> AsyncPager[T]:
    """Returns a pager over the answers of a method. `timeout` applies to each page."""

    async def fetch(page_token: str) -> tuple[Sequence[T], str]:
        # Concurrent iterations share the request, so each page gets a copy.
        page = copy.deepcopy(request)
        page.page_token = page_token
        answer = await calls.unary(method, page, repeatable=True, timeout=timeout)
        return items(answer), answer.next_page_token

    return AsyncPager(fetch)
