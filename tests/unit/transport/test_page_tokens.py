"""Tokens lead back to where they came from, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from clarion.v1 import campaign_list_pb2 as list_pb
from clarion.v1 import campaign_version_pb2
from clarion_server.domain.access.access import Caller, Visibility
from clarion_server.domain.errors import InvalidFields, InvalidPageToken
from clarion_server.transport.api.page_tokens import TokenInvalid, position_of, query_of, seal, unseal
from clarion_server.transport.api.pagination import page_of
from hypothesis import assume, given
from hypothesis import strategies as st

CALLER = Caller("apiKeys/1", Visibility("default"), frozenset())
OTHER = Caller("apiKeys/1", Visibility("staging"), frozenset())

QUERY = b"q" * 32

positions = st.lists(st.text() | st.integers(-(2**63), 2**63 - 1), max_size=3)
queries = st.binary(min_size=32, max_size=32)


@given(positions, queries)
def test_a_token_leads_back_to_its_position(position: list[Any], query: bytes) -> None:
    assert unseal(seal(position, query), query) == position


@given(positions, queries)
def test_no_token_is_taken_for_an_option_of_a_command(position: list[Any], query: bytes) -> None:
    assert not seal(position, query).startswith("-")


@given(positions, queries, queries)
def test_a_token_of_another_query_is_refused(position: list[Any], query: bytes, other: bytes) -> None:
    assume(query != other)
    with pytest.raises(TokenInvalid):
        unseal(seal(position, query), other)


@given(positions, st.data())
def test_a_damaged_token_is_refused(position: list[Any], data: st.DataObject) -> None:
    token = seal(position, QUERY)
    index = data.draw(st.integers(0, len(token)))
    damaged = data.draw(
        st.sampled_from([token[:index], token[:index] + token[index + 1 :]])
        | st.builds(lambda char: token[:index] + char + token[index:], st.characters())
        | st.builds(lambda char: token[:index] + char + token[index + 1 :], st.characters())
    )
    assume(damaged != token)
    with pytest.raises(TokenInvalid):
        unseal(damaged, QUERY)


@given(st.text())
def test_any_text_that_is_no_token_is_refused(text: str) -> None:
    with pytest.raises(TokenInvalid):
        unseal(text, QUERY)


def test_a_query_is_the_request_without_its_paging_and_the_sandbox() -> None:
    request = list_pb.ListCampaignsRequest(text="order", page_size=10)
    query = query_of(request, "default")
    assert query == query_of(list_pb.ListCampaignsRequest(text="order", page_size=20, page_token="x"), "default")
    assert query != query_of(list_pb.ListCampaignsRequest(text="orders"), "default")
    assert query != query_of(request, "staging")
    assert query != query_of(campaign_version_pb2.ListCampaignVersionsRequest(campaign="order"), "default")
    assert request.page_size == 10


@pytest.mark.parametrize(("asked", "size"), [(0, 50), (1, 1), (1_000, 1_000), (1_001, 1_000), (2**31 - 1, 1_000)])
def test_a_page_has_the_size_that_was_asked_for_within_bounds(asked: int, size: int) -> None:
    page = page_of(list_pb.ListCampaignsRequest(page_size=asked), CALLER, str)
    assert (page.size, page.limit, page.after) == (size, size + 1, None)


def test_a_negative_size_is_refused() -> None:
    with pytest.raises(InvalidFields) as refused:
        page_of(list_pb.ListCampaignsRequest(page_size=-1), CALLER, str)
    assert refused.value.violations[0].field == "page_size"


def test_pages_follow_each_other_to_the_end() -> None:
    entries = ["a", "b", "c", "d", "e"]
    shown: list[str] = []
    token = ""
    while True:
        page = page_of(list_pb.ListCampaignsRequest(page_size=2, page_token=token), CALLER, str)
        rest = [entry for entry in entries if page.after is None or entry > page.after[0]]
        some, token = page.cut(rest[: page.limit], lambda entry: (entry,))
        shown += some
        if not token:
            break
    assert shown == entries


def test_a_token_of_another_sandbox_is_refused() -> None:
    request = list_pb.ListCampaignsRequest(page_size=1)
    _, token = page_of(request, CALLER, str).cut(["a", "b"], lambda entry: (entry,))
    follow = list_pb.ListCampaignsRequest(page_size=1, page_token=token)
    assert page_of(follow, CALLER, str).after == ("a",)
    with pytest.raises(InvalidPageToken):
        page_of(follow, OTHER, str)


@pytest.mark.parametrize("position", ["a", 1, [], [1], ["a", "b"], [["a"]], [True], {"a": 1}, ["a\0"]])
def test_a_position_that_somebody_made_up_is_refused(position: Any) -> None:
    request = list_pb.ListCampaignsRequest()
    request.page_token = seal(position, query_of(request, CALLER.sandbox))
    assert position_of(request.page_token, query_of(request, CALLER.sandbox)) == position
    with pytest.raises(InvalidPageToken):
        page_of(request, CALLER, str)


@pytest.mark.parametrize("number", [1 << 63, (1 << 64) - 1])
def test_a_number_that_no_store_has_is_refused(number: int) -> None:
    request = list_pb.ListCampaignsRequest()
    request.page_token = seal([number], query_of(request, CALLER.sandbox))
    with pytest.raises(InvalidPageToken):
        page_of(request, CALLER, int)
