"""Tests what the content and the provider of a webhook must keep to, field by field."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.content.webhook import BodyFormat, WebhookContent, WebhookProvider
from clarion_server.domain.instant import MILLISECOND, SECOND

from tests.outbound import SIGNING_SECRET

CONTENT = WebhookContent('{"order": {{ context.order }}}')
PROVIDER = WebhookProvider("https://shop.example/hook")
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def found(settings: WebhookContent | WebhookProvider) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in settings.violations()]


def secret_of(length: int) -> str:
    return "whsec_" + base64.b64encode(b"x" * length).decode()


@pytest.mark.parametrize(
    "content",
    [
        CONTENT,
        WebhookContent("x" * 512 * 1024, BodyFormat.TEXT),
        replace(CONTENT, headers={f"X-{index}": "v" * 2_000 for index in range(20)}),
        replace(CONTENT, headers={"Authorization": "Bearer {{ context.token }}", "a" * 76: ""}),
    ],
)
def test_a_content_at_its_limits_is_valid(content: WebhookContent) -> None:
    assert found(content) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"body": " "}, "json", "REQUIRED"),
        ({"body": "", "format": BodyFormat.TEXT}, "text", "REQUIRED"),
        ({"body": "ü" * (256 * 1024) + "x"}, "json", "TOO_LONG"),
        ({"headers": {f"X-{index}": "" for index in range(21)}}, "headers", "TOO_MANY"),
        ({"headers": {"X Y": ""}}, "headers.X Y", "MALFORMED"),
        ({"headers": {"X(Y)": ""}}, "headers.X(Y)", "MALFORMED"),
        ({"headers": {"Webhook-Id": ""}}, "headers.Webhook-Id", "RESERVED"),
        ({"headers": {"content-length": ""}}, "headers.content-length", "RESERVED"),
        ({"headers": {"Host": ""}}, "headers.Host", "RESERVED"),
        ({"headers": {"Transfer-Encoding": ""}}, "headers.Transfer-Encoding", "RESERVED"),
        ({"headers": {"X": "", "x": ""}}, "headers.x", "DUPLICATE"),
        ({"headers": {"X": "a\r\nY: b"}}, "headers.X", "MALFORMED"),
    ],
)
def test_a_content_that_breaks_a_rule_is_named_by_its_path(changes: dict[str, Any], field: str, reason: str) -> None:
    assert found(replace(CONTENT, **changes)) == [(field, reason)]


@pytest.mark.parametrize(
    "changes",
    [
        {"url": "https://shop.example:8443/hook?token=%20"},
        {"url": "https://8.8.8.8/"},
        {"url": "https://[2a00::1]/"},
        {"url": f"https://shop.example/{'x' * 1979}"},
        {"url": "http://127.0.0.1:8080/", "allow_private_addresses": True},
        {"secret": SIGNING_SECRET},
        {"secret": secret_of(24)},
        {"secret": secret_of(64)},
        {"timeout": 100 * MILLISECOND},
        {"timeout": 300 * SECOND},
        {"ca_certificates": CERTIFICATE, "client_certificate": CERTIFICATE, "client_key": KEY},
    ],
)
def test_a_provider_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(replace(PROVIDER, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"url": ""}, "url", "REQUIRED"),
        ({"url": f"https://shop.example/{'x' * 1980}"}, "url", "TOO_LONG"),
        ({"url": "ftp://shop.example/"}, "url", "MALFORMED"),
        ({"url": "shop.example/hook"}, "url", "MALFORMED"),
        ({"url": "https:///hook"}, "url", "MALFORMED"),
        ({"url": "https://user:password@shop.example/"}, "url", "MALFORMED"),
        ({"url": "https://good@10.0.0.1/"}, "url", "MALFORMED"),
        ({"url": "https://shop.example/#top"}, "url", "MALFORMED"),
        ({"url": "https://shop.example/a b"}, "url", "MALFORMED"),
        ({"url": "https://bücher.example/"}, "url", "MALFORMED"),
        ({"url": "https://shop.example:99999/"}, "url", "MALFORMED"),
        ({"url": "https://2130706433/"}, "url", "MALFORMED"),
        ({"url": "http://shop.example/"}, "url", "UNPROTECTED"),
        ({"url": "https://10.0.0.1/"}, "url", "NOT_PUBLIC"),
        ({"url": "https://[::ffff:127.0.0.1]/"}, "url", "NOT_PUBLIC"),
        ({"url": "https://[64:ff9b::a00:1]/"}, "url", "NOT_PUBLIC"),
        ({"url": "https://localhost./"}, "url", "NOT_PUBLIC"),
        ({"secret": "swordfish"}, "secret", "MALFORMED"),
        ({"secret": "whsec_!"}, "secret", "MALFORMED"),
        ({"secret": secret_of(23)}, "secret", "MALFORMED"),
        ({"secret": secret_of(65)}, "secret", "MALFORMED"),
        ({"timeout": 99 * MILLISECOND}, "timeout", "OUT_OF_RANGE"),
        ({"timeout": 301 * SECOND}, "timeout", "OUT_OF_RANGE"),
        ({"ca_certificates": "no PEM"}, "ca_certificates", "MALFORMED"),
        ({"client_certificate": CERTIFICATE}, "client_key", "REQUIRED"),
        ({"client_key": KEY}, "client_certificate", "REQUIRED"),
        ({"client_certificate": CERTIFICATE, "client_key": "no PEM"}, "client_key", "MALFORMED"),
        (
            {"client_certificate": CERTIFICATE, "client_key": KEY.replace("PRIVATE", "ENCRYPTED PRIVATE")},
            "client_key",
            "MALFORMED",
        ),
    ],
)
def test_a_provider_that_breaks_a_rule_is_named_by_its_path(changes: dict[str, Any], field: str, reason: str) -> None:
    assert found(replace(PROVIDER, **changes)) == [(field, reason)]


def test_no_secret_is_shown() -> None:
    provider = replace(PROVIDER, secret=SIGNING_SECRET, client_certificate=CERTIFICATE, client_key=KEY)
    assert SIGNING_SECRET not in repr(provider)
    assert "PRIVATE KEY" not in repr(provider)
