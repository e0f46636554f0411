"""Tests what a channel configuration must keep to, field by field."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.addresses.host import is_loopback
from clarion_server.domain.category import Category
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.channel_rules import channel_violations
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.content.email import Mailbox, SmtpProvider, TlsMode
from clarion_server.domain.content.webhook import WebhookProvider
from clarion_server.domain.instant import DAY, HOUR, MILLISECOND, SECOND

SMTP = SmtpProvider("smtp.example.com", 587, Mailbox("orders@example.com"))
VALID = ChannelConfiguration("default", "orders", "Orders", SMTP, create_time=0, update_time=0)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n"


def found(configuration: ChannelConfiguration) -> list[tuple[str, str]]:
    return [(violation.field, violation.reason) for violation in channel_violations(configuration)]


def with_smtp(**changes: Any) -> ChannelConfiguration:
    return replace(VALID, provider=replace(SMTP, **changes))


def test_the_smallest_channel_configuration_is_valid() -> None:
    assert channel_violations(VALID) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"display_name": "x" * 200},
        {"categories": (Category.MARKETING, Category.TRANSACTIONAL)},
        {"max_concurrency": 1},
        {"max_concurrency": 1_000},
        {"max_rate": 0.0},
        {"max_rate": 0.01},
        {"max_rate": 100_000.0},
        {"max_message_bytes": 64 * 2**10},
        {"max_message_bytes": 100 * 2**20},
        {"retry_policy": RetryPolicy(0, 100 * MILLISECOND, 100 * MILLISECOND)},
        {"retry_policy": RetryPolicy(7 * DAY, HOUR, DAY)},
    ],
)
def test_a_channel_configuration_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(replace(VALID, **changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"display_name": ""}, "display_name", "REQUIRED"),
        ({"display_name": "x" * 201}, "display_name", "TOO_LONG"),
        ({"categories": (Category.MARKETING,) * 2}, "categories[1]", "DUPLICATE"),
        ({"max_concurrency": 0}, "max_concurrency", "OUT_OF_RANGE"),
        ({"max_concurrency": 1_001}, "max_concurrency", "OUT_OF_RANGE"),
        ({"max_rate": 0.001}, "max_rate", "OUT_OF_RANGE"),
        ({"max_rate": -1.0}, "max_rate", "OUT_OF_RANGE"),
        ({"max_rate": 100_001.0}, "max_rate", "OUT_OF_RANGE"),
        ({"max_rate": math.inf}, "max_rate", "OUT_OF_RANGE"),
        ({"max_rate": math.nan}, "max_rate", "OUT_OF_RANGE"),
        ({"max_message_bytes": 64 * 2**10 - 1}, "max_message_bytes", "OUT_OF_RANGE"),
        ({"max_message_bytes": 100 * 2**20 + 1}, "max_message_bytes", "OUT_OF_RANGE"),
        ({"retry_policy": RetryPolicy(window=-1)}, "retry_policy.window", "OUT_OF_RANGE"),
        ({"retry_policy": RetryPolicy(window=7 * DAY + 1)}, "retry_policy.window", "OUT_OF_RANGE"),
        ({"retry_policy": RetryPolicy(initial_delay=99 * MILLISECOND)}, "retry_policy.initial_delay", "OUT_OF_RANGE"),
        (
            {"retry_policy": RetryPolicy(initial_delay=HOUR + 1, max_delay=DAY)},
            "retry_policy.initial_delay",
            "OUT_OF_RANGE",
        ),
        ({"retry_policy": RetryPolicy(max_delay=SECOND)}, "retry_policy.max_delay", "OUT_OF_RANGE"),
        ({"retry_policy": RetryPolicy(max_delay=DAY + 1)}, "retry_policy.max_delay", "OUT_OF_RANGE"),
    ],
)
def test_a_broken_rule_is_reported_with_its_field(changes: dict[str, Any], field: str, reason: str) -> None:
    assert found(replace(VALID, **changes)) == [(field, reason)]


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "192.0.2.1"},
        {"host": "2001:db8::1"},
        {"host": "mail_server"},
        {"host": "smtp.example.com."},
        {"port": 1},
        {"port": 65_535},
        {"ca_certificates": PEM},
        {"ca_certificates": PEM.ljust(64 * 1024, "\n")},
        {"client_certificate": PEM, "client_key": KEY.ljust(64 * 1024, "\n")},
        {"username": "shop", "password": "swordfish"},
        {"username": "shop", "password": "swordfish", "tls_mode": TlsMode.IMPLICIT},
        {"username": "shop", "password": "swordfish", "tls_mode": TlsMode.NONE, "host": "127.0.0.1"},
        {"tls_mode": TlsMode.NONE},
        {"sender": Mailbox("orders@bücher.example", "Bücher")},
        {"reply_to": Mailbox("help@example.com")},
        {"timeout": 100 * MILLISECOND},
        {"timeout": 300 * SECOND},
    ],
)
def test_a_provider_at_its_limits_is_valid(changes: dict[str, Any]) -> None:
    assert found(with_smtp(**changes)) == []


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"host": ""}, "host", "REQUIRED"),
        ({"host": "smtp example"}, "host", "MALFORMED"),
        ({"host": "smtp.example.com:25"}, "host", "MALFORMED"),
        ({"host": "192.0.2.256"}, "host", "MALFORMED"),
        ({"host": "-a"}, "host", "MALFORMED"),
        ({"host": "a\nb"}, "host", "MALFORMED"),
        ({"host": "a." * 127 + "b"}, "host", "MALFORMED"),
        ({"port": 0}, "port", "OUT_OF_RANGE"),
        ({"port": 65_536}, "port", "OUT_OF_RANGE"),
        ({"ca_certificates": "not a certificate"}, "ca_certificates", "MALFORMED"),
        ({"ca_certificates": PEM + "\x00"}, "ca_certificates", "MALFORMED"),
        ({"ca_certificates": PEM.ljust(64 * 1024 + 1, "\n")}, "ca_certificates", "TOO_LONG"),
        ({"client_certificate": PEM, "client_key": KEY.ljust(64 * 1024 + 1, "\n")}, "client_key", "TOO_LONG"),
        ({"username": "shop"}, "password", "REQUIRED"),
        ({"password": "swordfish"}, "username", "REQUIRED"),
        ({"username": "sh\x00op", "password": "x"}, "username", "MALFORMED"),
        ({"username": "shop", "password": "x\r\nRSET"}, "password", "MALFORMED"),
        ({"username": "shop", "password": "x" * 513}, "password", "TOO_LONG"),
        ({"sender": Mailbox("")}, "sender.address", "REQUIRED"),
        ({"sender": Mailbox("orders")}, "sender.address", "MALFORMED"),
        ({"reply_to": Mailbox("a@b", "x\ny")}, "reply_to.display_name", "MALFORMED"),
        ({"sender": Mailbox("a@b.example", "{{ context.shop }}")}, "sender.display_name", "MALFORMED"),
        ({"reply_to": Mailbox("a@b.example", "{% if a %}b{% endif %}")}, "reply_to.display_name", "MALFORMED"),
        ({"reply_to": Mailbox("{{context.shop}}@b.example")}, "reply_to.address", "MALFORMED"),
        ({"timeout": 99 * MILLISECOND}, "timeout", "OUT_OF_RANGE"),
        ({"timeout": 301 * SECOND}, "timeout", "OUT_OF_RANGE"),
    ],
)
def test_a_broken_rule_of_the_provider_is_named_by_its_path(changes: dict[str, Any], field: str, reason: str) -> None:
    assert found(with_smtp(**changes)) == [(f"smtp.{field}", reason)]


def test_credentials_are_refused_without_tls_towards_another_machine() -> None:
    open_road = with_smtp(tls_mode=TlsMode.NONE, username="shop", password="swordfish")
    assert found(open_road) == [("smtp.tls_mode", "CREDENTIALS_UNPROTECTED")]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST", "localhost.", "a.localhost"]
)
def test_these_hosts_are_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "192.0.2.1", "0.0.0.0", "::", "notlocalhost", "localhost.example.com"])
def test_these_hosts_are_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


def test_a_broken_rule_of_a_webhook_is_reported_by_its_path() -> None:
    assert found(replace(VALID, provider=WebhookProvider(""))) == [("webhook.url", "REQUIRED")]


@pytest.mark.parametrize("name", ["", "shop.example.com", "shop", "[192.0.2.1]", "[IPv6:2001:db8::1]"])
def test_clarion_may_call_itself_by_a_host_name_or_an_address_literal(name: str) -> None:
    assert found(with_smtp(ehlo_name=name)) == []


@pytest.mark.parametrize(
    "name", ["shop example", "shop.example.com.", "192.0.2.1", "2001:db8::1", "[shop]", "a\r\nQUIT"]
)
def test_what_is_no_name_for_ehlo_is_refused(name: str) -> None:
    assert found(with_smtp(ehlo_name=name)) == [("smtp.ehlo_name", "MALFORMED")]
