"""Writes e-mails as RFC 5322 messages with one or two text parts (RFC 2045, RFC 2046).

The standard library's `email.message` writes about a thousand messages a second, fewer than one process sends.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache

from clarion_server.adapters.channels.email.addresses import Address, EmailInvalid, parse_address
from clarion_server.adapters.channels.email.header_fields import LONGEST_LINE, address_field, mailbox_field, text_field
from clarion_server.application.ports.channels import Outbound
from clarion_server.domain.attempt import FailureReason
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, SmtpProvider
from clarion_server.domain.instant import SECOND, Instant, to_datetime
from clarion_server.domain.value import value

_BASE64_LINE = 76
_ENCODED_BLANK = re.compile(rb"=(?:20|09)\r\n")
_LINE_OF_77 = re.compile(rb"^([^\n]{74})(=(?:20|09)\r\n)", re.MULTILINE)

#: The fields that this module writes itself, besides those that begin with `Content-`.
_OWN_FIELDS = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"}
)
_CONTENT_FIELDS = "content-"


@value
class Envelope:
    """A message with its SMTP envelope."""

    sender: Address
    """The address for bounces."""
    recipient: Address
    content: bytes
    """The message. Every line ends in CRLF, and dots are not doubled."""
    needs_smtputf8: bool


@dataclass(frozen=True, slots=True)
class _Origin:
    """The parts that are the same for all messages of a sender."""

    bounces: Address
    fields: str
    domain: str
    needs_smtputf8: bool


def build(message: Outbound, provider: SmtpProvider) -> Envelope:
    """Returns the e-mail with its envelope. Raises EmailInvalid."""
    content, email = message.content, message.rendered
    assert isinstance(content, EmailContent)
    assert isinstance(email, RenderedEmail)
    origin = _origin(content.sender or provider.sender, content.reply_to or provider.reply_to, provider.sender.address)
    recipient = parse_address(message.address)
    header = "".join(
        (
            origin.fields,
            address_field("To", recipient),
            text_field("Subject", email.subject),
            _date_field(message.release_time // SECOND * SECOND),
            f"Message-ID: <{message.message_id}@{origin.domain}>\r\n",
            _custom_fields(email.headers),
            "MIME-Version: 1.0\r\n",
        )
    )
    octets = header.encode() + _body(email, message.message_id)
    return Envelope(origin.bounces, recipient, octets, origin.needs_smtputf8 or recipient.needs_smtputf8)


@lru_cache(maxsize=256)
def _origin(sender: Mailbox, reply_to: Mailbox | None, bounces: str) -> _Origin:
    mailboxes = [("From", sender)] + ([("Reply-To", reply_to)] if reply_to else [])
    addresses = [parse_address(bounces), *(parse_address(mailbox.address) for _, mailbox in mailboxes)]
    return _Origin(
        bounces=addresses[0],
        fields="".join(mailbox_field(name, mailbox) for name, mailbox in mailboxes),
        domain=addresses[1].domain,
        needs_smtputf8=any(address.needs_smtputf8 for address in addresses),
    )


@lru_cache(maxsize=64)
def _date_field(date: Instant) -> str:
    return f"Date: {format_datetime(to_datetime(date))}\r\n"


def _custom_fields(headers: Mapping[str, str]) -> str:
    names = {name.lower() for name in headers}
    for name in names:
        if name in _OWN_FIELDS or name.startswith(_CONTENT_FIELDS):
            raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} cannot be set")
    fields = "".join(text_field(name, value) for name, value in headers.items())
    # Keeps automatic responders from answering (RFC 3834 section 5).
    return fields if "auto-submitted" in names else fields + "Auto-Submitted: auto-generated\r\n"


def _body(email: RenderedEmail, message_id: str) -> bytes:
    """Returns the message from its first Content- field on."""
    if not (email.html and email.text):
        part = _part("html", email.html) if email.html else _part("plain", email.text)
        return part if part.endswith(b"\r\n") else part + b"\r\n"
    # The parts are in the order of increasing preference (RFC 2046 section 5.1.4).
    plain, html = _part("plain", email.text), _part("html", email.html)
    boundary = _boundary(message_id, plain + html)
    return b'Content-Type: multipart/alternative; boundary="%b"\r\n\r\n--%b\r\n%b\r\n--%b\r\n%b\r\n--%b--\r\n' % (
        boundary,
        boundary,
        plain,
        boundary,
        html,
        boundary,
    )


def _boundary(message_id: str, parts: bytes) -> bytes:
    """Returns a boundary that no part contains, the same for each attempt. Only unencoded text can contain `=_`."""
    boundary = f"=_{message_id}".encode()
    while boundary in parts:
        boundary += b"_"
    return boundary


def _part(subtype: str, text: str) -> bytes:
    try:
        encoding, content = _encode(_with_crlf(text).encode())
    except UnicodeEncodeError as error:
        raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The {subtype} part holds half a surrogate pair") from error
    fields = f"Content-Type: text/{subtype}; charset=utf-8\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return fields.encode() + content


def _with_crlf(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\n", "\r\n")


def _encode(octets: bytes) -> tuple[str, bytes]:
    """Returns an encoding and its text: 7bit where SMTP can carry it, else the shorter one (RFC 2045 section 6)."""
    if octets.isascii() and b"\0" not in octets and max(map(len, octets.split(b"\r\n"))) <= LONGEST_LINE:
        return "7bit", octets
    digits = -(-len(octets) // 3) * 4
    base64_length = digits + 2 * ((digits - 1) // _BASE64_LINE)
    beyond_ascii = len(octets) - len(octets.decode("ascii", "ignore"))
    if len(octets) + 2 * beyond_ascii <= base64_length:
        quoted = _quoted_printable(octets)
        if len(quoted) <= base64_length:
            return "quoted-printable", quoted
    return "base64", _base64(octets)


def _quoted_printable(octets: bytes) -> bytes:
    """Encodes octets whose line ends are CRLF. `b2a_qp` breaks lines with LF when there is no line end to copy."""
    quoted = binascii.b2a_qp(octets)
    if b"\r\n" not in octets:
        return quoted.replace(b"\n", b"\r\n")
    # `b2a_qp` forgets the two more characters of a blank that it encodes at the end of a line.
    return _LINE_OF_77.sub(rb"\1=\r\n\2", quoted) if _ENCODED_BLANK.search(quoted) else quoted


def _base64(octets: bytes) -> bytes:
    digits = binascii.b2a_base64(octets, newline=False)
    return b"\r\n".join(digits[at : at + _BASE64_LINE] for at in range(0, len(digits), _BASE64_LINE))
