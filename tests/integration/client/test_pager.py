from __future__ import annotations

import asyncio
from typing import Any

import clarion_client
import pytest
from clarion.v1.campaign_list_pb2 import ListCampaignsRequest, ListCampaignsResponse
from clarion.v1.campaign_pb2 import Campaign
from clarion_client import AsyncPager

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, serving, unavailable

PAGES = {"": (["a", "b"], "2"), "2": ([], "3"), "3": (["c"], "")}


class Pages:
    """Serves three pages, the second of them empty, and keeps the requested tokens."""

    def __init__(self) -> None:
        self.tokens: list[str] = []
        self.failures = 0

    async def answer(self, request: ListCampaignsRequest, context: Any) -> ListCampaignsResponse:
        self.tokens.append(request.page_token)
        if self.failures:
            self.failures -= 1
            await fail(context, unavailable())
        names, token = PAGES[request.page_token]
        return ListCampaignsResponse(campaigns=[Campaign(name=name) for name in names], next_page_token=token)


async def names_of(pager: AsyncPager[clarion_client.Campaign]) -> list[str]:
    return [campaign.name async for campaign in pager]


async def test_items_are_read_over_all_pages_empty_ones_included(connect: Connect) -> None:
    pages = Pages()
    async with serving(ListCampaigns=pages.answer) as target, connect(target) as client:
        assert await names_of(client.campaigns.list()) == ["a", "b", "c"]

    assert pages.tokens == ["", "2", "3"]


async def test_a_page_is_fetched_when_its_first_item_is_asked_for(connect: Connect) -> None:
    pages = Pages()
    async with serving(ListCampaigns=pages.answer) as target, connect(target) as client:
        pager = client.campaigns.list()
        assert pages.tokens == []
        async for campaign in pager:
            if campaign.name == "b":
                break

    assert pages.tokens == [""]


async def test_a_list_can_be_read_page_by_page(connect: Connect) -> None:
    async with serving(ListCampaigns=Pages().answer) as target, connect(target) as client:
        sizes = [len(page) async for page in client.campaigns.list().pages]

    assert sizes == [2, 0, 1]


async def test_a_list_can_be_read_again_and_side_by_side(connect: Connect) -> None:
    async with serving(ListCampaigns=Pages().answer) as target, connect(target) as client:
        pager = client.campaigns.list()
        first, second = aiter(pager), aiter(pager)
        seen = [(await anext(first)).name, (await anext(second)).name]
        seen += [campaign.name async for campaign in first]
        seen += [campaign.name async for campaign in second]

    assert seen == ["a", "a", "b", "c", "b", "c"]


async def test_iterations_side_by_side_keep_to_their_own_pages(connect: Connect) -> None:
    pages, held, overtaken = Pages(), asyncio.Event(), asyncio.Event()

    async def answer(request: ListCampaignsRequest, context: Any) -> ListCampaignsResponse:
        if request.page_token == "2" and not held.is_set():
            held.set()
            await overtaken.wait()
            await fail(context, unavailable())
        return await pages.answer(request, context)

    async with serving(ListCampaigns=answer) as target, connect(target) as client:
        pager = client.campaigns.list()
        reading = asyncio.ensure_future(names_of(pager))
        await held.wait()
        assert await names_of(pager) == ["a", "b", "c"]
        overtaken.set()
        assert await reading == ["a", "b", "c"]

    assert pages.tokens == ["", "", "2", "3", "2", "3"]


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_page_that_fails_for_a_passing_reason_is_asked_for_again(connect: Connect, failures: int) -> None:
    pages = Pages()
    pages.failures = failures
    async with serving(ListCampaigns=pages.answer) as target, connect(target) as client:
        assert await names_of(client.campaigns.list()) == ["a", "b", "c"]

    assert len(pages.tokens) == 3 + failures
