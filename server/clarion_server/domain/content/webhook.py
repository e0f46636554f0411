"""Webhooks: their content, their provider, and the rules that both must satisfy to be stored."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import urlsplit

from clarion_server.domain.addresses.host import is_host, is_loopback, is_public
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.choice import Choice
from clarion_server.domain.content.rules import (
    MAX_HEADER_NAME,
    certificate_violations,
    client_key_violations,
    filled_headers,
    header_violations,
    source_violations,
    timeout_violations,
)
from clarion_server.domain.instant import SECOND, Span
from clarion_server.domain.secret import secret_field
from clarion_server.domain.text_rules import line_violations
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, required

MAX_URL = 2_000
#: Octets of the signing secret, by the Standard Webhooks specification.
MIN_SECRET, MAX_SECRET = 24, 64

#: Is a token of HTTP (RFC 9110 section 5.6.2).
_HEADER_NAME = re.compile(rf"[!#$%&'*+.^_`|~0-9A-Za-z-]{{1,{MAX_HEADER_NAME}}}")
_HEADER_RULE = f"The name must be 1 to {MAX_HEADER_NAME} letters, digits and characters of !#$%&'*+-.^_`|~."
#: Header fields that Clarion or the connection writes.
_WRITTEN_BY_CLARION = re.compile(
    "host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|content-.*|proxy-.*|webhook-.*",
    re.IGNORECASE,
)
_SECRET_PREFIX = "whsec_"  # noqa: S105 - a prefix, not a secret


class Method(StrEnum):
    POST = "POST"
    PUT = "PUT"
    PATCH = "PATCH"


class BodyFormat(StrEnum):
    JSON = "JSON"
    """Every value that a template writes is encoded as JSON."""
    TEXT = "TEXT"
    """Values are written unchanged."""


@dataclass(frozen=True, slots=True)
class WebhookContent:
    """Holds the Jinja2 templates of an HTTP request."""

    channel: ClassVar[Channel] = Channel.WEBHOOK
    address_attribute: ClassVar[str] = ""
    attachments: ClassVar[tuple[()]] = ()
    """Webhooks carry no files."""

    body: str
    format: BodyFormat = BodyFormat.JSON
    method: Method | None = Method.POST
    """None in a variant that leaves it to the default content."""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body_field(self) -> str:
        """Returns the name of the body's field in the contract's `WebhookContent`."""
        return self.format.value.lower()

    def violations(self) -> Iterator[Violation]:
        """Yields all violations, with the field paths of the contract's `WebhookContent`."""
        if not self.body.strip():
            yield required(self.body_field)
        yield from self.variant_violations()

    def variant_violations(self) -> Iterator[Violation]:
        """Yields the violations of a variant, which may leave fields to the default content."""
        yield from source_violations(self.body, self.body_field)
        yield from header_violations(self.headers, _HEADER_NAME, _HEADER_RULE, _WRITTEN_BY_CLARION)

    def filled_from(self, other: WebhookContent, *, with_words: bool) -> WebhookContent:
        """Returns the content with what it leaves empty from another one, the words only if they may be taken."""
        body = self if self.body or not with_words else other
        method = self.method or other.method
        return WebhookContent(body.body, body.format, method, filled_headers(self.headers, other.headers))

    def sources(self) -> list[str]:
        """Returns the sources of its templates."""
        return [self.body, *self.headers.values()]

    @property
    def has_words(self) -> bool:
        """Returns whether a field with words is not empty."""
        return bool(self.body)

    def without_words(self) -> WebhookContent:
        """Returns the content with its fields with words empty."""
        return replace(self, body="")

    def missing_words(self) -> list[str]:
        """Returns the fields with words that a request needs and the content leaves empty."""
        return [] if self.body else [self.body_field]

    def address(self, _recipient_address: str, _profile: Mapping[str, Any], _identity: str) -> Choice | None:
        """Returns None, because requests go to the URL of the channel configuration."""
        return None

    def valid_address(self, _recipient_address: str, _profile: Mapping[str, Any], _identity: str) -> str | None:
        """Returns None, as `address` does."""
        return None

    def address_violation(self, _choice: Choice | None) -> Violation | None:
        return None


@value
class RenderedWebhook:
    """Is an HTTP request for one recipient, without the header fields that depend on the attempt."""

    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WebhookProvider:
    """Is an HTTP endpoint."""

    channel: ClassVar[Channel] = Channel.WEBHOOK
    field: ClassVar[str] = "webhook"
    """Is the name of its field in the contract's `ChannelConfiguration`."""

    url: str
    secret: str = secret_field()
    """`whsec_…`; requests are not signed when it is empty."""
    timeout: Span = 15 * SECOND
    ca_certificates: str = ""
    """PEM; the machine's authorities when it is empty."""
    client_certificate: str = ""
    """PEM; no client certificate is sent when it is empty."""
    client_key: str = secret_field("client_certificate")
    allow_private_addresses: bool = False

    def violations(self) -> Iterator[Violation]:
        """Yields all violations, with the field paths of the contract's `WebhookProvider`."""
        yield from _url_violations(self.url, self.allow_private_addresses)
        if self.secret and not _is_secret(self.secret):
            yield malformed("secret", f"Must be 'whsec_' and {MIN_SECRET} to {MAX_SECRET} bytes in Base64.")
        yield from timeout_violations(self.timeout)
        yield from certificate_violations(self.ca_certificates, "ca_certificates")
        yield from client_key_violations(self.client_key, self.client_certificate)


def _url_violations(url: str, allow_private_addresses: bool) -> Iterator[Violation]:
    if not url:
        yield required("url")
        return
    yield from line_violations(url, "url", MAX_URL)
    if not _is_url(url):
        yield malformed("url", "Must be a URL of ASCII characters with a host, without user, password and fragment.")
    elif not allow_private_addresses:
        parts = urlsplit(url)
        if parts.scheme == "http":
            yield Violation("url", "UNPROTECTED", "Must begin with 'https://' unless private addresses are allowed.")
        if _is_private(parts.hostname or ""):
            yield Violation("url", "NOT_PUBLIC", "The host must be public unless private addresses are allowed.")


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = url.isascii() and url.isprintable() and " " not in url and "#" not in url and "@" not in parts.netloc
    return plain and parts.scheme in {"http", "https"} and is_host(parts.hostname or "")


def _is_private(host: str) -> bool:
    """Returns whether the host is private as far as its name shows, without a DNS lookup."""
    try:
        return not is_public(host)
    except ValueError:
        return is_loopback(host)


def _is_secret(text: str) -> bool:
    try:
        return MIN_SECRET <= len(signing_key(text)) <= MAX_SECRET
    except ValueError:
        return False


def signing_key(secret: str) -> bytes:
    """Returns the key that a secret `whsec_…` encodes. Raises ValueError when it is malformed."""
    if not secret.startswith(_SECRET_PREFIX):
        raise ValueError(f"The secret does not begin with {_SECRET_PREFIX}")
    return base64.b64decode(secret.removeprefix(_SECRET_PREFIX), validate=True)
