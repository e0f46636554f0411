"""Tests which addresses a run may have taken, in little memory."""

from __future__ import annotations

import pytest
from clarion_server.domain.audiences.audience_run import MAX_MEMBERS, AudienceRun
from clarion_server.domain.audiences.taken_addresses import (
    HASH_SIZE,
    TakenAddresses,
    address_hash,
    holds_hash,
    split_hashes,
)
from hypothesis import given
from hypothesis import strategies as st

RUN = AudienceRun("018f", "default", 1, "gold", 10, 0, b"{}")
OTHER = AudienceRun("018e", "default", 1, "gold", 10, 0, b"{}")
HASHES = st.binary(min_size=HASH_SIZE, max_size=HASH_SIZE)
#: Hashes that are alike at the beginning, so that their places in the table are the same or next to each other.
ALIKE = st.builds(lambda end: bytes(8) + end, st.binary(min_size=8, max_size=8)) | st.builds(
    lambda end: b"\xff" * 8 + end, st.binary(min_size=8, max_size=8)
)


@given(st.dictionaries(HASHES | ALIKE, st.integers(0, MAX_MEMBERS - 1), max_size=200))
def test_every_address_that_was_added_is_found_with_its_ordinal(added: dict[bytes, int]) -> None:
    taken = TakenAddresses(len(added))
    for address, ordinal in added.items():
        taken.add([address], ordinal)
    for address, ordinal in added.items():
        assert ordinal in taken.find(address)


def test_addresses_that_were_not_added_are_hardly_ever_found() -> None:
    taken = TakenAddresses(20_000)
    for ordinal in range(0, 20_000, 500):
        taken.add([address_hash(RUN, str(number)) for number in range(ordinal, ordinal + 500)], ordinal)
    assert [taken.find(address_hash(RUN, str(number))) for number in (0, 499, 500)] == [[0], [0], [500]]
    assert not any(taken.find(address_hash(RUN, str(number))) for number in range(20_000, 40_000))


def test_adding_the_same_again_takes_no_place() -> None:
    taken = TakenAddresses(1)
    for _ in range(1_000):
        taken.add([address_hash(RUN, "a")], 0)
    assert taken.find(address_hash(RUN, "a")) == [0]


def test_addresses_whose_known_parts_are_the_same_are_all_named_as_the_store_has_the_last_word() -> None:
    alike = [bytes(13) + end for end in (b"\0\0\1", b"\0\0\2")]
    taken = TakenAddresses(2)
    taken.add(alike[:1], 7)
    assert taken.find(alike[1]) == [7]
    assert not holds_hash(alike[0], alike[1])


def test_a_hash_is_found_at_its_place_and_not_across_two_others() -> None:
    first, second = bytes(range(HASH_SIZE)), bytes(range(1, HASH_SIZE + 1))
    packed = first + second
    assert list(split_hashes(packed)) == [first, second]
    assert holds_hash(packed, first)
    assert holds_hash(packed, second)
    assert not holds_hash(packed, packed[3 : 3 + HASH_SIZE])
    assert holds_hash(packed + packed[3 : 3 + HASH_SIZE], packed[3 : 3 + HASH_SIZE])
    assert not holds_hash(b"", first)


def test_runs_hash_the_same_address_differently() -> None:
    assert address_hash(RUN, "a") != address_hash(OTHER, "a")


def test_places_before_the_first_one_are_at_the_end_and_one_stays_free() -> None:
    """The table of a small capacity has 64 places, and all of these addresses want the first one."""
    taken = TakenAddresses(1)
    alike = [bytes(8) + bytes([number, *bytes(7)]) for number in range(63)]
    for ordinal, address in enumerate(alike):
        taken.add([address], ordinal)
    assert [taken.find(address) for address in alike] == [[ordinal] for ordinal in range(63)]
    with pytest.raises(AssertionError, match="free slot"):
        taken.add([bytes(8) + bytes([63, *bytes(7)])], 63)


def test_an_address_that_begins_at_the_first_place_meets_one_that_went_on_at_the_end() -> None:
    taken = TakenAddresses(1)
    first, second, last = bytes(8) + b"1" * 8, bytes(8) + b"2" * 8, b"\xff" * 8 + b"3" * 8
    for ordinal, address in enumerate((first, second, last), 1):
        taken.add([address], ordinal)
    assert [taken.find(address) for address in (first, second, last)] == [[1], [2], [3]]
