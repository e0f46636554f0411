"""Tests the URL at which people reach the service from outside."""

from __future__ import annotations

import pytest
from clarion_server.domain.addresses.public_url import MAX_PUBLIC_URL, PublicUrl, parse_public_url


@pytest.mark.parametrize(
    "text",
    [
        "https://mail.example.com",
        "https://mail.example.com:8443/clarion/links",
        "https://192.0.2.1",
        "http://127.0.0.1:50080",
        "http://[::1]:50080",
        "http://localhost",
        "https://xn--bcher-kva.example",
    ],
)
def test_a_url_with_tls_or_of_this_machine_can_be_public(text: str) -> None:
    assert parse_public_url(text) == PublicUrl(text)
    assert PublicUrl(text).is_https is text.startswith("https")


def test_a_slash_at_the_end_is_dropped() -> None:
    assert parse_public_url("https://mail.example.com/") == PublicUrl("https://mail.example.com")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mail.example.com",
        "http://mail.example.com",
        "http://127.0.0.1.example.com",
        "ftp://mail.example.com",
        "https://",
        "https:///links",
        "https://MAIL.example.com",
        "https://jane@mail.example.com",
        "https://mail.example.com//links",
        "https://mail.example.com/?a=b",
        "https://mail.example.com/#a",
        "https://mail.example.com/a b",
        "https://mail.example.com\n",
        "https://bücher.example",
        "https://[::1",
        "https://mail.example.com/<script>",
        f"https://mail.example.com/{'a' * MAX_PUBLIC_URL}",
    ],
)
def test_other_urls_cannot(text: str) -> None:
    assert parse_public_url(text) is None
