"""Lists that are fetched page by page, as they are read."""

from __future__ import annotations

import copy
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Generic, Protocol, TypeVar

import grpc

from clarion_client._async.calls import AsyncCalls

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class ListRequest(Protocol):
    """What every request for a list has."""

    page_token: str


class ListAnswer(Protocol):
    """What every page of a list has."""

    next_page_token: str


class FetchPage(Protocol[T_co]):
    """Returns the items of a page and the token of the next one, empty at the end."""

    async def __call__(self, page_token: str, /) -> tuple[Sequence[T_co], str]: ...


Request = TypeVar("Request", bound=ListRequest)
Answer = TypeVar("Answer", bound=ListAnswer)


class AsyncPager(Generic[T]):
    """The items of a list: `async for campaign in client.campaigns.list()`. Each iteration begins at the beginning."""

    def __init__(self, fetch: FetchPage[T]) -> None:
        self._fetch = fetch

    async def __aiter__(self) -> AsyncIterator[T]:
        async for page in self.pages:
            for item in page:
                yield item

    @property
    def pages(self) -> AsyncIterator[Sequence[T]]:
        """The same items, a page at a time."""
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
    """`timeout` is for each page."""

    async def fetch(page_token: str) -> tuple[Sequence[T], str]:
        # Iterations side by side must not turn each other's pages.
        page = copy.deepcopy(request)
        page.page_token = page_token
        answer = await calls.unary(method, page, repeatable=True, timeout=timeout)
        return items(answer), answer.next_page_token

    return AsyncPager(fetch)
