"""Review warns of subjects that filters and people take for spam."""

from __future__ import annotations

import pytest

from tests.unit.rendering.contents import COMPILER, codes, definition


@pytest.mark.parametrize(
    "subject",
    [
        "LAST CHANCE FOR YOU",
        "ÄNDERUNG DER BESTELLUNG {{ 1 }}",
        "Hurry!!",
        "Hurry\uff01\uff01",
        "Now! Here! You!",
        "RE: your order",
        "Fwd: x",
        "AW : x",
    ],
)
def test_a_subject_like_that_of_spam_is_a_warning(subject: str) -> None:
    assert codes(COMPILER.review(definition(subject=subject, text="x"))) == ["W SUBJECT_LIKE_SPAM"]


@pytest.mark.parametrize(
    "subject",
    [
        "Your order!",
        "IKEA: ABC",
        "USA {{ 'WELCOMES YOU ALL' }}",
        "Regarding: x",
        "Order 4711!?",
        "注文が確定しました\uff01",
        "{{ 'a!!' }}",
    ],
)
def test_other_subjects_pass(subject: str) -> None:
    assert codes(COMPILER.review(definition(subject=subject, text="x"))) == []
