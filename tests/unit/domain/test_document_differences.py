"""How two documents differ, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.domain.document_difference import MAX_DIFF, differences


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


def test_a_text_of_very_many_lines_counts_as_replaced() -> None:
    before, after = "a\n" * 3_000, "a\n" * 2_999
    ((_, diff),) = found({"a": before}, {"a": after})
    assert diff.startswith("-a\n-a\n")
