"""Pages of entries that may be large: they end early, and are read in steps and converted in threads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from threading import get_ident
from typing import Any

from clarion.v1 import profile_service_pb2 as pb
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.transport.api.pagination import MAX_PAGE_BYTES, each_by, page_of
from google.protobuf.wrappers_pb2 import BytesValue

CALLER = Caller("apiKeys/1", Visibility("default"), frozenset())


class Listed:
    """Is a list of entries, each with its size in bytes, of which one lies behind the other."""

    def __init__(self, sizes: Sequence[int]) -> None:
        self.sizes = sizes
        self.reads: list[int] = []
        self.converted_in: set[int] = set()

    async def read(self, after: tuple[Any, ...] | None, limit: int) -> list[tuple[str, int]]:
        self.reads.append(limit)
        begin = int(after[0]) + 1 if after else 0
        return [(str(index), size) for index, size in list(enumerate(self.sizes))[begin : begin + limit]]

    def convert(self, entry: tuple[str, int]) -> BytesValue:
        self.converted_in.add(get_ident())
        return BytesValue(value=b"x" * entry[1])

    async def page(self, size: int, token: str = "") -> tuple[list[int], str]:
        """Returns the sizes of the entries of a page, and the token of the next one."""
        page = page_of(pb.ListProfilesRequest(page_size=size, page_token=token), CALLER, str)
        shown, following = await page.fill(self.read, lambda entry: (entry[0],), each_by(self.convert))
        return [len(each.value) for each in shown], following


async def pages(listed: Listed, size: int) -> list[list[int]]:
    found, token = await listed.page(size)
    all_pages = [found]
    while token:
        found, token = await listed.page(size, token)
        all_pages.append(found)
    return all_pages


async def test_a_page_ends_before_the_entry_that_would_make_it_too_large() -> None:
    third = MAX_PAGE_BYTES // 3 - 100
    assert await pages(Listed([third] * 7), 1_000) == [[third] * 3, [third] * 3, [third]]


async def test_an_entry_that_is_larger_than_a_page_has_one_of_its_own() -> None:
    assert await pages(Listed([10, MAX_PAGE_BYTES + 1, 10]), 50) == [[10], [MAX_PAGE_BYTES + 1], [10]]


async def test_small_entries_fill_the_page_that_was_asked_for_in_few_reads() -> None:
    listed = Listed(range(1_200))
    found, token = await listed.page(1_000)
    assert (found, bool(token), len(listed.reads)) == (list(range(1_000)), True, 5)
    assert (await listed.page(1_000, token)) == (list(range(1_000, 1_200)), "")


async def test_large_entries_behind_a_page_are_never_read() -> None:
    listed = Listed([MAX_PAGE_BYTES] * 500)
    await listed.page(1_000)
    assert listed.reads == [21]


async def test_every_entry_is_on_one_page_whatever_the_size_of_pages() -> None:
    for size in (1, 20, 49, 50, 51):
        assert list(chain.from_iterable(await pages(Listed(range(50)), size))) == list(range(50))


async def test_an_empty_list_is_one_empty_page() -> None:
    assert await pages(Listed([]), 50) == [[]]


async def test_entries_are_converted_in_a_thread() -> None:
    listed = Listed([1, 2])
    await listed.page(50)
    assert listed.converted_in
    assert get_ident() not in listed.converted_in
