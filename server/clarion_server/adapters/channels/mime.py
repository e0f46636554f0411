"""E-mails as bytes: an RFC 5322 message with one or two MIME parts (RFC 2045, RFC 2046).

The standard library's `email.message` writes about a thousand messages a second, fewer than one process hands over.
"""

from __future__ import annotations

import binascii
from dataclasses import dataclass
from email.utils import formatdate
from functools import lru_cache

from clarion_server.adapters.channels.addresses import Address, parse_address
from clarion_server.adapters.channels.header_fields import (
    LONGEST_LINE,
    HeaderInvalid,
    address_field,
    cached_mailbox_field,
    field,
)
from clarion_server.application.ports.channels import OutboundEmail
from clarion_server.domain.campaign import Mailbox
from clarion_server.domain.channel import SmtpProvider
from clarion_server.domain.instant import SECOND

_BASE64_LINE = 76
_MAX_ASCII_OCTET = 127

#: Fields that are written here, and of which there must be one.
_OWN_FIELDS = frozenset(
    {"from", "to", "reply-to", "subject", "date", "message-id", "mime-version", "sender", "cc", "bcc"}
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message as SMTP takes it: who from, who to, what."""

    sender: Address
    recipient: Address
    content: bytes
    """Lines end in CRLF, as does the whole. Dots are not doubled."""
    needs_smtputf8: bool


def build(message: OutboundEmail, provider: SmtpProvider) -> Envelope:
    """Raises HeaderInvalid, AddressInvalid or UnicodeEncodeError for what cannot be written."""
    sender = message.sender or provider.sender
    reply_to = message.reply_to or provider.reply_to
    recipient = parse_address(message.address)
    bounces = parse_address(provider.sender.address)
    head = [
        cached_mailbox_field("From", sender),
        address_field("To", recipient),
        cached_mailbox_field("Reply-To", reply_to) if reply_to else "",
        field("Subject", message.email.subject),
        _date_field(message.date // SECOND),
        _message_id_field(message.message_id, sender),
        "MIME-Version: 1.0\r\n",
        _custom_fields(message),
    ]
    content = "".join(head).encode() + _body(message)
    addresses = (recipient, bounces, parse_address(sender.address), *_parsed(reply_to))
    return Envelope(bounces, recipient, content, any(address.needs_smtputf8 for address in addresses))


def _parsed(mailbox: Mailbox | None) -> tuple[Address, ...]:
    return (parse_address(mailbox.address),) if mailbox else ()


@lru_cache(maxsize=64)
def _date_field(seconds: int) -> str:
    return f"Date: {formatdate(seconds)}\r\n"


def _message_id_field(message_id: str, sender: Mailbox) -> str:
    return f"Message-ID: <{message_id}@{parse_address(sender.address).domain}>\r\n"


def _custom_fields(message: OutboundEmail) -> str:
    headers = message.email.headers
    names = {name.lower() for name in headers}
    forbidden = {name for name in names if name in _OWN_FIELDS or name.startswith("content-")}
    if forbidden:
        raise HeaderInvalid(f"the header {min(forbidden)} is not the content's to set")
    written = "".join(field(name, value) for name, value in headers.items())
    # RFC 3834, 5: vacation responders and the like leave such a message alone.
    return written if "auto-submitted" in names else written + "Auto-Submitted: auto-generated\r\n"


def _body(message: OutboundEmail) -> bytes:
    """Everything from the first Content- field on."""
    email = message.email
    if not (email.html and email.text):
        only = _part("html", email.html) if email.html else _part("plain", email.text)
        return only if only.endswith(b"\r\n") else only + b"\r\n"
    plain, html = _part("plain", email.text), _part("html", email.html)
    boundary = _boundary(message.message_id, plain, html)
    mark = b"--" + boundary
    return b"".join(
        (
            b'Content-Type: multipart/alternative; boundary="', boundary, b'"\r\n\r\n',
            mark, b"\r\n", plain, b"\r\n", mark, b"\r\n", html, b"\r\n", mark, b"--\r\n",
        )
    )  # fmt: skip


def _boundary(message_id: str, *parts: bytes) -> bytes:
    """The same for each attempt, and in none of the parts. No encoding yields `=_`, but plain ASCII stays as it is."""
    stem = f"=_{message_id}".encode()
    boundary, number = stem, 0
    while any(boundary in part for part in parts):
        number += 1
        boundary = b"%b_%d" % (stem, number)
    return boundary


def _part(subtype: str, text: str) -> bytes:
    """A text part with its header."""
    encoding, content = _encoded(_with_crlf(text).encode())
    head = f'Content-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + content


def _with_crlf(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n")


def _encoded(octets: bytes) -> tuple[str, bytes]:
    """Left alone when SMTP can carry it as it is, else in the shorter one of the two encodings (RFC 2045, 6)."""
    if octets.isascii() and b"\0" not in octets and max(map(len, octets.split(b"\r\n"))) <= LONGEST_LINE:
        return "7bit", octets
    base64_length = (len(octets) + 2) // 3 * 4
    base64_length += base64_length // _BASE64_LINE * 2
    beyond_ascii = len(octets) - len(octets.decode("ascii", "ignore"))
    if len(octets) + 2 * beyond_ascii > base64_length:
        return "base64", _base64(octets)
    quoted = binascii.b2a_qp(octets)
    return ("quoted-printable", quoted) if len(quoted) <= base64_length else ("base64", _base64(octets))


def _base64(octets: bytes) -> bytes:
    digits = binascii.b2a_base64(octets, newline=False)
    return b"\r\n".join(digits[at : at + _BASE64_LINE] for at in range(0, len(digits), _BASE64_LINE))
