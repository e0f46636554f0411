"""Phone numbers as people write them."""

from __future__ import annotations

import pytest
from clarion_server.adapters.phone_numbers import read_phone_number


@pytest.mark.parametrize(
    ("text", "region", "number"),
    [
        ("+447911123456", "", "+447911123456"),
        ("+44 (0)7911 123-456", "", "+447911123456"),
        ("\uff0b44 7911 123456", "", "+447911123456"),
        ("07911 123456", "GB", "+447911123456"),
        ("00447911123456", "GB", "+447911123456"),
        ("+390612345678", "", "+390612345678"),
        ("+551187654321", "", "+551187654321"),
        ("+525562000000", "", "+525562000000"),
    ],
)
def test_one_number_has_one_form_however_it_is_written(text: str, region: str, number: str) -> None:
    assert read_phone_number(text, region) == number


def test_the_old_form_of_mexican_mobile_numbers_is_the_new_one() -> None:
    assert read_phone_number("+5215562000000", "") == "+525562000000"


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("07911 123456", ""),
        ("447911123456", ""),
        ("112", "DE"),
        ("+1-800-FLOWERS", ""),
        ("+16502530000 ext. 123", ""),
        ("+16502530000;ext=123", ""),
        ("4.47911E+11", ""),
        ("+9990", ""),
        ("+", ""),
        ("", "GB"),
        ("12+4479", "GB"),
    ],
)
def test_what_is_no_complete_number_is_refused(text: str, region: str) -> None:
    assert read_phone_number(text, region) is None
