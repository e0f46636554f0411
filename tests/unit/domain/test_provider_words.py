"""Addresses in the words of providers are hidden."""

from __future__ import annotations

import pytest
from clarion_server.domain.channels.provider_words import without_addresses


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("5.1.1 <jane@example.com>: unknown", "5.1.1 <…@…>: unknown"),
        ("no jane+x@xn--bcher-kva.example, no joe@example.com.", "no …@…, no …@…"),
        ("mailto:Jane@Example.com?", "mailto:…@…"),
        ("250 2.0.0 queued as 4@", "250 2.0.0 queued as 4@"),
        ("250 2.0.0 Ok", "250 2.0.0 Ok"),
    ],
)
def test_every_address_is_hidden_and_the_other_words_stay(words: str, shown: str) -> None:
    assert without_addresses(words) == shown
