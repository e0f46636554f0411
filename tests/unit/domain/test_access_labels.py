"""Sets of access labels behave as sets, also as the integers of 64 bits that databases compare."""

from __future__ import annotations

import pytest
from clarion_server.domain.access.access import HIDDEN_THING, Visibility, whole_sandbox
from clarion_server.domain.access_labels import (
    MAX_ACCESS_LABELS,
    NO_ACCESS_LABELS,
    AccessLabels,
    access_labels,
    held_label_violations,
    label_name_violations,
)
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = st.frozensets(st.integers(0, MAX_ACCESS_LABELS - 1))
NAMES = st.text("abc-é ", max_size=4)


def labels(numbers: frozenset[int]) -> AccessLabels:
    return access_labels({f"l{number}": number for number in numbers})


@given(NUMBERS, NUMBERS)
def test_a_key_sees_exactly_the_things_whose_labels_it_holds(thing: frozenset[int], key: frozenset[int]) -> None:
    visibility = Visibility("default", labels(key))
    assert visibility.sees(labels(thing)) == (thing <= key)
    assert labels(key).includes(labels(thing)) == (thing <= key)
    assert (labels(thing).mask & visibility.hidden == 0) == (thing <= key)


@given(NUMBERS)
def test_masks_fit_into_the_integers_of_databases(numbers: frozenset[int]) -> None:
    for mask in (labels(numbers).mask, Visibility("default", labels(numbers)).hidden):
        assert -(2**63) <= mask < 2**63


@given(NUMBERS)
def test_the_service_itself_sees_everything_and_a_key_without_labels_only_what_has_none(
    numbers: frozenset[int],
) -> None:
    assert whole_sandbox("default").sees(labels(numbers))
    assert Visibility("default").sees(labels(numbers)) == (not numbers)


@given(NUMBERS, NUMBERS)
def test_picking_gives_what_both_have(held: frozenset[int], wanted: frozenset[int]) -> None:
    assert labels(held).picked(f"l{number}" for number in wanted) == labels(held & wanted)


def test_a_hidden_thing_has_no_name_in_errors() -> None:
    eu, none = labels(frozenset({0})), NO_ACCESS_LABELS
    assert Visibility("default", eu).shown("campaigns/a", eu) == "campaigns/a"
    assert Visibility("default", none).shown("campaigns/a", eu) == HIDDEN_THING


@pytest.mark.parametrize("name", ["", "EU", "e u", "-eu", "eu-", "ü", "a" * 33, "a_b", "eu\n"])
def test_a_name_that_is_none_is_malformed(name: str) -> None:
    assert [(each.field, each.reason) for each in label_name_violations([name])] == [("access_labels[0]", "MALFORMED")]


@pytest.mark.parametrize("name", ["a", "eu", "team-7", "4711", "a" * 32])
def test_names_of_letters_digits_and_hyphens_are_in_order(name: str) -> None:
    assert list(label_name_violations([name])) == []


def test_everything_wrong_with_labels_is_found_at_once_and_each_name_has_one_violation() -> None:
    held = labels(frozenset({1}))
    found = held_label_violations(["l1", "l2", "L3", "l1"], held)
    assert [(each.field, each.reason) for each in found] == [
        ("access_labels[2]", "MALFORMED"),
        ("access_labels[3]", "DUPLICATE"),
        ("access_labels[1]", "LABEL_NOT_HELD"),
    ]


def test_too_many_labels_are_one_violation() -> None:
    found = held_label_violations([f"l{number}" for number in range(65)], NO_ACCESS_LABELS)
    assert [(each.field, each.reason) for each in found] == [("access_labels", "TOO_MANY")]


@given(st.lists(NAMES, max_size=70))
def test_what_passes_the_rules_is_held_whole(names: list[str]) -> None:
    held = access_labels({"a": 0, "b": 1, "a-b": 63})
    if not held_label_violations(names, held):
        assert sorted(names) == list(held.picked(names).names)
