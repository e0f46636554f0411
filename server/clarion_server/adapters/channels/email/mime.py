"""Writes e-mails as RFC 5322 messages.

The standard library's `email.message` writes about a thousand messages a second, fewer than one process sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from functools import lru_cache

from clarion_server.adapters.channels.email.addresses import (
    Address,
    EmailInvalid,
    accepted_address,
    parse_address,
)
from clarion_server.adapters.channels.email.body import body, body_with_files
from clarion_server.adapters.channels.email.header_fields import (
    address_field,
    mailbox_field,
    text_field,
    unstructured_field,
)
from clarion_server.application.ports.channels import Outbound
from clarion_server.domain.attachments.carried_file import is_shown
from clarion_server.domain.content.email import EmailContent, Mailbox, RenderedEmail, SmtpProvider
from clarion_server.domain.instant import SECOND, Instant, to_datetime
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.value import value

#: Holds the fields that this module writes itself, besides those that begin with `Content-`.
_OWN_FIELDS = frozenset(
    {"from", "sender", "reply-to", "to", "cc", "bcc", "subject", "date", "message-id", "mime-version"}
)
_CONTENT_FIELDS = "content-"
#: Keeps automatic responders from answering (RFC 3834 section 5).
_GENERATED = "Auto-Submitted: auto-generated\r\n"


@value
class Envelope:
    """Is a message with its SMTP envelope."""

    message_id: str
    sender: Address
    """Is the address for bounces."""
    recipient: Address
    pieces: Sequence[bytes]
    """Is the message. Every line ends in CRLF, and dots are not doubled. Files are pieces of their own, never copied.
    """
    needs_smtputf8: bool
    size: int
    """Is the number of octets of the message."""

    @property
    def content(self) -> bytes:
        return b"".join(self.pieces)


@dataclass(frozen=True, slots=True)
class _Origin:
    """Holds the parts that are the same for all messages of a sender."""

    bounces: Address
    fields: str
    domain: str
    needs_smtputf8: bool


def build(message: Outbound, provider: SmtpProvider) -> Envelope:
    """Returns the e-mail with its envelope. Raises EmailInvalid."""
    content, email = message.content, message.rendered
    assert isinstance(content, EmailContent)
    assert isinstance(email, RenderedEmail)
    origin = _origin(
        email.sender or content.sender or provider.sender,
        email.reply_to or content.reply_to or provider.reply_to,
        provider.sender.address,
    )
    recipient = accepted_address(message.address)
    header = "".join(
        (
            origin.fields,
            address_field("To", recipient),
            unstructured_field("Subject", email.subject),
            _date_field(message.release_time // SECOND * SECOND),
            f"Message-ID: <{message.message_id}@{origin.domain}>\r\n",
            _custom_fields(email.headers),
            f"Content-Language: {email.locale}\r\n" if email.locale else "",
            "MIME-Version: 1.0\r\n",
        )
    )
    files = [file for file in message.files if is_shown(file.content_id, email.html)] if message.files else ()
    if files:
        pieces = body_with_files(email, message.message_id, files)
        pieces[0] = header.encode() + pieces[0]
    else:
        pieces = [header.encode() + body(email, message.message_id)]
    needs_smtputf8 = origin.needs_smtputf8 or recipient.needs_smtputf8
    return Envelope(message.message_id, origin.bounces, recipient, pieces, needs_smtputf8, sum(map(len, pieces)))


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
    if not headers:
        return _GENERATED
    names = {name.lower() for name in headers}
    for name in names:
        if name in _OWN_FIELDS or name.startswith(_CONTENT_FIELDS):
            raise EmailInvalid(FailureReason.CONTENT_REJECTED, f"The header {name} cannot be set")
    fields = "".join(text_field(name, value) for name, value in headers.items())
    return fields if "auto-submitted" in names else fields + _GENERATED
