"""Tests how a rendering differs from the one that was accepted."""

from __future__ import annotations

import pytest
from clarion_server.domain.campaigns.accepted_rendering import AcceptedRendering, Comparison, Expected, compare
from clarion_server.domain.campaigns.test_cells import CellKey

OLD, NOW = "babel-2.9.1", "babel-2.18.0"
ACCEPTED = "From: The Shop <shop@example.com>\nSubject: Order 7\n\n--- text\nAt 3:27 PM you paid €1,234.50.\n"


def comparison(document: str, accepted: str = ACCEPTED, format_data: str = OLD) -> Comparison:
    return compare(Expected(accepted, format_data), document, NOW).comparison


def test_nothing_accepted_is_new() -> None:
    assert compare(None, ACCEPTED, NOW).comparison is Comparison.NEW


def test_the_same_document_is_the_same_whatever_the_data_of_formats() -> None:
    assert comparison(ACCEPTED) is Comparison.SAME


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("3:27 PM", "3:27\u202fPM"),  # CLDR 42
        ("€1,234.50", "€\u00a01,234.50"),
        ("1 234,50 €", "1\u202f234,50\u00a0€"),
        ("12 %", "12%"),
        ("٣٤", "34"),
        ("-7", "\u200e-7"),
    ],
)
def test_spaces_and_digits_of_newer_formats_are_told_apart(before: str, after: str) -> None:
    changed = ACCEPTED.replace("€1,234.50", after)
    accepted = ACCEPTED.replace("€1,234.50", before)
    assert comparison(changed, accepted) is Comparison.FORMAT_DATA_CHANGED
    assert comparison(changed, accepted, format_data=NOW) is Comparison.CHANGED


def test_an_amount_that_changed_too_is_a_change() -> None:
    changed = ACCEPTED.replace("3:27 PM", "3:27\u202fPM").replace("1,234.50", "1,234.60")
    assert comparison(changed) is Comparison.CHANGED


@pytest.mark.parametrize(
    ("before", "after"),
    [("you paid", "youpaid"), ("paid", "p\u00a0aid"), ("3:27 PM", "3:27 AM"), ("At 3", "At\n3")],
)
def test_words_and_lines_are_no_formats(before: str, after: str) -> None:
    assert comparison(ACCEPTED.replace(before, after)) is Comparison.CHANGED


@pytest.mark.parametrize(("before", "after"), [("Order 7", "Your order 7"), ("shop@", "store@"), ("The Shop", "Shop")])
def test_a_subject_or_a_sender_alone_is_a_change(before: str, after: str) -> None:
    difference = compare(Expected(ACCEPTED, NOW), ACCEPTED.replace(before, after), NOW)
    assert difference.comparison is Comparison.CHANGED
    changed = [line for line in difference.unified_diff.splitlines() if line[:1] in "+-"]
    assert len(changed) == 2
    assert before in changed[0]
    assert after in changed[1]


def test_a_document_comes_back_as_it_was_packed() -> None:
    document = f"{ACCEPTED}né \U0001f600"
    accepted = AcceptedRendering.of(CellKey("plain", "email", "de"), document, NOW, 1, "apiKeys/1")
    assert accepted.document == document
