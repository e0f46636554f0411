"""Answers of exports, which every client takes."""

from __future__ import annotations

from clarion.v1 import profile_pb2
from clarion_server.transport.api.packing import packed
from hypothesis import given
from hypothesis import strategies as st


def profile(size: int) -> profile_pb2.Profile:
    return profile_pb2.Profile(locale="x" * size)


@given(st.lists(st.integers(0, 700_000), max_size=12))
def test_every_message_is_in_one_pack_in_its_order(sizes: list[int]) -> None:
    packs = list(packed(map(profile, sizes)))
    assert [len(each.locale) for pack in packs for each in pack] == sizes
    assert all(sum(each.ByteSize() for each in pack) <= 1024 * 1024 for pack in packs)


def test_small_messages_share_a_pack_and_a_large_one_has_its_own() -> None:
    packs = packed([profile(1), profile(2), profile(2_000_000), profile(3)])
    assert [[len(each.locale) for each in pack] for pack in packs] == [[1, 2], [2_000_000], [3]]
    assert list(packed([])) == []
