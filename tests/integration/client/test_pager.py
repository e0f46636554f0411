from __future__ import annotations

from typing import Any

import pytest
from clarion.v1.campaign_pb2 import Campaign
from clarion.v1.campaign_service_pb2 import ListCampaignsRequest, ListCampaignsResponse
from clarion_client import AsyncClient

from tests.integration.client.conftest import Connect
from tests.integration.client.scripted import fail, serving, unavailable

PAGES = {"": (["a", "b"], "2"), "2": ([], "3"), "3": (["c"], "")}


class Pages:
    """Serves three pages, the second of them empty, and keeps which were asked for."""

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


async def names(client: AsyncClient) -> list[str]:
    return [campaign.name async for campaign in client.campaigns.list()]


async def test_items_are_read_over_all_pages_empty_ones_included(connect: Connect) -> None:
    pages = Pages()
    async with serving(ListCampaigns=pages.answer) as target, connect(target) as client:
        assert await names(client) == ["a", "b", "c"]

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


@pytest.mark.parametrize("failures", [1, 3])
async def test_a_page_that_fails_for_a_passing_reason_is_asked_for_again(connect: Connect, failures: int) -> None:
    pages = Pages()
    pages.failures = failures
    async with serving(ListCampaigns=pages.answer) as target, connect(target) as client:
        assert await names(client) == ["a", "b", "c"]

    assert len(pages.tokens) == 3 + failures
