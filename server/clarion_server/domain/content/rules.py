"""Defines rules that the contents and the providers of several channels share."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from clarion_server.domain.instant import MILLISECOND, SECOND, Span
from clarion_server.domain.text_rules import line_violations, text_violations
from clarion_server.domain.violation import Violation, malformed, out_of_range, too_long, too_many

MAX_HEADERS = 20
MAX_HEADER_VALUE = 2_000
#: Characters of a field name (RFC 5322 section 3.6.8): a value must still fit on the line.
MAX_HEADER_NAME = 76
#: The source of a template has at most this many octets in UTF-8.
MAX_PART = 512 * 1024
#: A PEM text has at most this many octets.
MAX_PEM = 64 * 1024
MIN_TIMEOUT, MAX_TIMEOUT = 100 * MILLISECOND, 300 * SECOND

_CERTIFICATE = "-----BEGIN CERTIFICATE-----"
_KEY = "PRIVATE KEY-----"
_ENCRYPTED = "ENCRYPTED"


def source_violations(source: str, field: str) -> Iterator[Violation]:
    """Checks the source of a template of any number of lines."""
    # Characters are counted first: there are never more of them than octets, and encoding a huge text is not free.
    if len(source) > MAX_PART or len(source.encode()) > MAX_PART:
        yield too_long(field, MAX_PART, "octets")
    else:
        yield from text_violations(source, field)


def header_violations(
    headers: Mapping[str, str], name_form: re.Pattern[str], name_rule: str, reserved: re.Pattern[str]
) -> Iterator[Violation]:
    """Checks header fields. Names must match `name_form`, which `name_rule` describes, and not match `reserved`."""
    if len(headers) > MAX_HEADERS:
        yield too_many("headers", MAX_HEADERS)
        return
    seen = set()
    for name, value in headers.items():
        field = f"headers.{name[:MAX_HEADER_NAME]}"
        if not name_form.fullmatch(name):
            yield malformed(field, name_rule)
        elif reserved.fullmatch(name):
            yield Violation(field, "RESERVED", "This header field is written by Clarion.")
        elif name.lower() in seen:
            yield Violation(field, "DUPLICATE", "Must occur only once, regardless of case.")
        seen.add(name.lower())
        yield from line_violations(value, field, MAX_HEADER_VALUE)


def filled_headers(own: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Returns the header fields with those that only `other` has. Names mean the same in upper and lower case."""
    names = {name.lower() for name in own}
    return {**{name: value for name, value in other.items() if name.lower() not in names}, **own}


def certificate_violations(pem: str, field: str) -> Iterator[Violation]:
    if len(pem) > MAX_PEM:
        yield too_long(field, MAX_PEM, "octets")
    elif pem and (_CERTIFICATE not in pem or not pem.isascii()):
        yield malformed(field, "Must be certificates in PEM.")
    else:
        yield from text_violations(pem, field)


def client_key_violations(key: str, certificate: str) -> Iterator[Violation]:
    """Checks the fields `client_key` and `client_certificate`, which are given together or not at all."""
    yield from certificate_violations(certificate, "client_certificate")
    if len(key) > MAX_PEM:
        yield too_long("client_key", MAX_PEM, "octets")
    elif key and (_KEY not in key or not key.isascii()):
        yield malformed("client_key", "Must be a private key in PEM.")
    elif _ENCRYPTED in key:
        yield malformed("client_key", "Must not be encrypted: Clarion has no password for it.")
    if key and not certificate:
        yield Violation("client_certificate", "REQUIRED", "Must be given with a private key.")
    if certificate and not key:
        yield Violation("client_key", "REQUIRED", "Must be given with a new certificate.")


def timeout_violations(timeout: Span) -> Iterator[Violation]:
    if not MIN_TIMEOUT <= timeout <= MAX_TIMEOUT:
        yield out_of_range("timeout", "Must be 0.1 to 300 seconds.")
