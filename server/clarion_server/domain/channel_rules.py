"""What a channel configuration must keep to before it is stored."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from clarion_server.domain.channel import ChannelConfiguration, SmtpProvider, TlsMode
from clarion_server.domain.instant import DAY, HOUR, MILLISECOND, SECOND
from clarion_server.domain.retry import RetryPolicy
from clarion_server.domain.text_rules import (
    display_name_violations,
    line_violations,
    mailbox_violations,
    repetition_violations,
    text_violations,
)
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long

MAX_CONCURRENCY = 1_000
MIN_RATE, MAX_RATE = 0.01, 100_000.0
MAX_PORT = 65_535
#: In octets.
MAX_CERTIFICATES = 64 * 1024
MAX_CREDENTIAL = 512
MIN_TIMEOUT, MAX_TIMEOUT = 100 * MILLISECOND, 300 * SECOND
MAX_WINDOW = 7 * DAY
MIN_INITIAL_DELAY, MAX_INITIAL_DELAY = 100 * MILLISECOND, HOUR
MAX_MAX_DELAY = DAY

_MAX_HOST = 253
#: Underscores are no part of host names (RFC 1123), and yet in the names of many containers.
_HOST_LABEL = "[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_HOST_NAME = re.compile(rf"(?:{_HOST_LABEL}\.)*+(?![0-9]+\Z){_HOST_LABEL}")
_CERTIFICATE = "-----BEGIN CERTIFICATE-----"


def channel_violations(configuration: ChannelConfiguration) -> list[Violation]:
    """Everything that is wrong, by the paths of the contract's `ChannelConfiguration`."""
    return [
        *display_name_violations(configuration.display_name),
        *repetition_violations(configuration.categories, "categories"),
        *(violation.under("smtp") for violation in _smtp(configuration.smtp)),
        *(violation.under("retry_policy") for violation in _retry_policy(configuration.retry_policy)),
        *_limits(configuration),
    ]


def is_loopback(host: str) -> bool:
    """Whether what is sent to `host` stays on this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        # RFC 6761 section 6.3 gives the name and everything below it to the loopback interface.
        return f".{host.lower()}".removesuffix(".").endswith(".localhost")


def _smtp(smtp: SmtpProvider) -> Iterator[Violation]:
    yield from _host(smtp.host)
    if not 1 <= smtp.port <= MAX_PORT:
        yield out_of_range("port", f"Must be 1 to {MAX_PORT}.")
    yield from _certificates(smtp.ca_certificates)
    yield from _credentials(smtp)
    yield from mailbox_violations(smtp.sender, "sender")
    if smtp.reply_to is not None:
        yield from mailbox_violations(smtp.reply_to, "reply_to")
    if not MIN_TIMEOUT <= smtp.timeout <= MAX_TIMEOUT:
        yield out_of_range("timeout", "Must be 0.1 to 300 seconds.")


def _host(host: str) -> Iterator[Violation]:
    if not host:
        yield required("host")
    elif not _is_host(host):
        yield malformed("host", "Must be a host name or an IP address.")


def _is_host(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        # The dot at the end of a fully qualified name.
        name = host.removesuffix(".")
        return len(name) <= _MAX_HOST and _HOST_NAME.fullmatch(name) is not None
    return True


def _certificates(pem: str) -> Iterator[Violation]:
    if len(pem) > MAX_CERTIFICATES:
        yield too_long("ca_certificates", MAX_CERTIFICATES, "octets")
    elif pem and (_CERTIFICATE not in pem or not pem.isascii()):
        yield malformed("ca_certificates", "Must be certificates in PEM.")
    else:
        yield from text_violations(pem, "ca_certificates")


def _credentials(smtp: SmtpProvider) -> Iterator[Violation]:
    yield from line_violations(smtp.username, "username", MAX_CREDENTIAL)
    yield from line_violations(smtp.password, "password", MAX_CREDENTIAL)
    if smtp.password and not smtp.username:
        yield Violation("username", "REQUIRED", "Must be given with a password.")
    if smtp.username and not smtp.password:
        yield Violation("password", "REQUIRED", "Must be given with a new user.")
    if smtp.username and smtp.tls_mode is TlsMode.NONE and not is_loopback(smtp.host):
        yield Violation(
            "tls_mode", "CREDENTIALS_UNPROTECTED", "Credentials are sent without TLS towards loopback addresses only."
        )


def _retry_policy(policy: RetryPolicy) -> Iterator[Violation]:
    if not 0 <= policy.window <= MAX_WINDOW:
        yield out_of_range("window", "Must be 0 seconds to 7 days.")
    if not MIN_INITIAL_DELAY <= policy.initial_delay <= MAX_INITIAL_DELAY:
        yield out_of_range("initial_delay", "Must be 0.1 seconds to 1 hour.")
    if not policy.initial_delay <= policy.max_delay <= MAX_MAX_DELAY:
        yield out_of_range("max_delay", "Must be at least 'initial_delay' and at most 24 hours.")


def _limits(configuration: ChannelConfiguration) -> Iterator[Violation]:
    if not 1 <= configuration.max_concurrency <= MAX_CONCURRENCY:
        yield out_of_range("max_concurrency", f"Must be 1 to {MAX_CONCURRENCY:,}.")
    rate = configuration.max_rate
    # Put so that it catches what is not a number as well.
    if rate != 0 and not MIN_RATE <= rate <= MAX_RATE:
        yield out_of_range("max_rate", "Must be 0.01 to 100,000 a second, or 0 for no limit.")
