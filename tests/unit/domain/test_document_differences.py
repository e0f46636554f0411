"""Tests how two documents differ, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.campaigns.document_difference import MAX_DIFF, differences


def found(before: dict[str, Any], after: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each.field, each.unified_diff) for each in differences(before, after)]


def test_equal_documents_have_no_differences() -> None:
    document = {"a": {"b": [1, {"c": None}]}, "text": "x\ny"}
    assert found(document, document) == []


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": "x"}, {"a": "y"}, ("a", "@@ -1 +1 @@\n-x\n+y")),
        ({}, {"a": True}, ("a", "@@ -0,0 +1 @@\n+true")),
        ({"a": 1}, {}, ("a", "@@ -1 +0,0 @@\n-1")),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ("a.b", "@@ -1 +1 @@\n-1\n+2")),
        ({"a": 1}, {"a": True}, ("a", "@@ -1 +1 @@\n-1\n+true")),
        ({"a": ["x"]}, {"a": ["x", "y"]}, ("a", '@@ -1,3 +1,4 @@\n [\n-  "x"\n+  "x",\n+  "y"\n ]')),
        ({"a": "1\n2\n3"}, {"a": "1\nzwei\n3"}, ("a", "@@ -1,3 +1,3 @@\n 1\n-2\n+zwei\n 3")),
    ],
)
def test_a_change_is_a_unified_diff_at_its_path(
    before: dict[str, Any], after: dict[str, Any], expected: tuple[str, str]
) -> None:
    assert found(before, after) == [expected]


def test_items_are_compared_with_those_of_the_same_id() -> None:
    before = {"actions": [{"id": "email", "text": "a"}, {"id": "crm", "text": "b"}]}
    after = {"actions": [{"id": "crm", "text": "c"}]}
    fields = [field for field, _ in found(before, after)]
    assert fields == ["actions[0].text", "actions[0]"]
    swapped = {"actions": list(reversed(before["actions"]))}
    assert [field for field, _ in found(before, swapped)] == ["actions"]


def test_contents_in_several_languages_are_compared_by_their_locale() -> None:
    before = {"variants": [{"locale": "de", "text": "Hallo"}, {"locale": "fr", "text": "Salut"}]}
    after = {"variants": [{"locale": "fr", "text": "Bonjour"}]}
    assert [field for field, _ in found(before, after)] == ["variants[0].text", "variants[0]"]


def test_a_long_diff_is_cut_and_says_so() -> None:
    ((_, diff),) = found({"a": "x" * MAX_DIFF}, {"a": "y" * MAX_DIFF})
    assert len(diff) == MAX_DIFF
    assert diff.endswith("\n…")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # `difflib` leaves out no line of a later text of less than 200 lines, however often it occurs.
        ("a\n" * 20_000, "a\nb\n" * 98),
        ("".join(f"{line}\n" for line in range(7_000)), "".join(f"{line}\n" for line in range(6_999))),
    ],
)
def test_a_text_that_would_take_seconds_to_compare_counts_as_replaced(before: str, after: str) -> None:
    ((_, diff),) = found({"a": before}, {"a": after})
    assert diff.startswith(f"-{before[:2]}-")


def test_a_long_text_with_lines_that_occur_often_is_compared() -> None:
    before = "".join(f"<p>\n{line}\n</p>\n" for line in range(1_000))
    ((_, diff),) = found({"a": before}, {"a": before.replace("500", "five hundred")})
    assert diff.startswith("@@ ")
    assert diff.count("\n-") == 1
