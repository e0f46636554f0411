"""E-mail: its content, its provider, and the rules that both must satisfy to be stored."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import chain
from typing import Any, ClassVar

from clarion_server.domain.addresses.address import MAX_ADDRESS, is_address, is_address_literal
from clarion_server.domain.addresses.host import is_host, is_loopback
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.choice import EMAIL, Choice, Source, choose_email, find_email
from clarion_server.domain.content.rules import (
    MAX_HEADER_NAME,
    certificate_violations,
    client_key_violations,
    filled_headers,
    header_violations,
    source_violations,
    timeout_violations,
)
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.instant import SECOND, Span
from clarion_server.domain.names import ATTACHMENTS
from clarion_server.domain.secret import secret_field
from clarion_server.domain.text_rules import MAX_DISPLAY_NAME, line_violations, repetition_violations
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, out_of_range, required

MAX_SUBJECT = 2_000
MAX_PORT = 65_535
MAX_CREDENTIAL = 512
#: A content has at most this many attachments for download, and this many inline images.
MAX_ATTACHMENTS, MAX_INLINE_IMAGES = 10, 20

_HEADER_NAME = re.compile(f"[!-9;-~]{{1,{MAX_HEADER_NAME}}}")
_HEADER_RULE = f"The name must be 1 to {MAX_HEADER_NAME} visible ASCII characters, no colon."
#: Header fields of the envelope, the transport and the encoding, which Clarion or the relaying servers write.
_WRITTEN_BY_CLARION = re.compile(
    "from|sender|reply-to|to|cc|bcc|subject|date|message-id|mime-version|return-path|received|content-.*|resent-.*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mailbox:
    """In a content, the display name and the address of `reply_to` may be templates."""

    address: str
    display_name: str = ""


@dataclass(frozen=True, slots=True)
class ContentAttachment:
    """Is an attachment that every mail of a content carries."""

    attachment: str
    """Is its id."""
    inline: bool = False
    """Says whether the HTML shows it, by `inline_image`, instead of its being offered for download."""


@dataclass(frozen=True, slots=True)
class EmailContent:
    """Holds the Jinja2 templates of an e-mail."""

    channel: ClassVar[Channel] = Channel.EMAIL
    address_attribute: ClassVar[str] = EMAIL
    """Is the attribute of profiles that holds an address of the channel; empty on a channel that has no addresses."""

    subject: str
    html: str = ""
    text: str = ""
    """Derived from the rendered HTML when it is empty."""
    sender: Mailbox | None = None
    """Is the sender of the channel configuration when it is None."""
    reply_to: Mailbox | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: tuple[ContentAttachment, ...] = ()
    transform: Transform | None = None
    """Is what is made of the HTML before it is sent. None: nothing, or in a variant what the default content says."""

    def violations(self) -> Iterator[Violation]:
        """Yields all violations, with the field paths of the contract's `EmailContent`."""
        return chain(_missing_violations(self), _field_violations(self))

    def variant_violations(self) -> Iterator[Violation]:
        """Yields the violations of a variant, which may leave fields to the default content."""
        return _field_violations(self)

    def filled_from(self, other: EmailContent, *, with_words: bool) -> EmailContent:
        """Returns the content with what it leaves empty from another one, the words only if they may be taken."""
        return EmailContent(
            self.subject or (other.subject if with_words else ""),
            self.html or (other.html if with_words else ""),
            self.text or (other.text if with_words else ""),
            self.sender or other.sender,
            self.reply_to or other.reply_to,
            filled_headers(self.headers, other.headers),
            self.attachments or other.attachments,
            self.transform or other.transform,
        )

    def sources(self) -> list[str]:
        """Returns the sources of its templates."""
        mailboxes = [
            text for each in (self.sender, self.reply_to) if each for text in (each.display_name, each.address)
        ]
        return [self.subject, self.html, self.text, *mailboxes, *self.headers.values()]

    @property
    def has_words(self) -> bool:
        """Returns whether a field with words is not empty."""
        return bool(self.subject or self.html or self.text)

    def without_words(self) -> EmailContent:
        """Returns the content with its fields with words empty."""
        return replace(self, subject="", html="", text="")

    def missing_words(self) -> list[str]:
        """Returns the fields with words that a mail needs and the content leaves empty."""
        body = [] if self.html or self.text else ["html"]
        return body if self.subject else ["subject", *body]

    def address(self, recipient_address: str, profile: Mapping[str, Any], identity: str) -> Choice | None:
        """Returns the address of the recipient, or None when none was given. It may be malformed."""
        return choose_email(recipient_address, profile, identity)

    def valid_address(self, recipient_address: str, profile: Mapping[str, Any], identity: str) -> str | None:
        """Returns the address of the recipient if it is well formed, as nearly every one is."""
        found = find_email(recipient_address, profile, identity)
        return found[0] if found is not None and is_address(found[0]) else None

    def address_violation(self, choice: Choice | None) -> Violation | None:
        """Returns the violation of a recipient's address, with the field paths of the contract's `Recipient`."""
        if choice is None:
            return Violation("address", "REQUIRED", _NO_ADDRESS)
        if is_address(choice.value):
            return None
        return malformed(_ADDRESS_FIELDS[choice.source], "Must hold a valid e-mail address.")


@value
class RenderedEmail:
    """Is an e-mail for one recipient."""

    subject: str
    html: str
    """Is empty when the content has no HTML part."""
    text: str
    """Is empty when the content has no text part and its HTML shows only pictures."""
    headers: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""
    """Is the locale that it speaks."""
    sender: Mailbox | None = None
    """Is None when it is the same for all mails: that of the content, or else of the channel configuration."""
    reply_to: Mailbox | None = None
    """Is None when it is the same for all mails, if there is one."""


_NO_ADDRESS = "Must be given, here, as the profile's 'email', or as an identity 'email:…'."
_ADDRESS_FIELDS = {Source.RECIPIENT: "address", Source.PROFILE: "profile.email", Source.IDENTITY: "identity"}


class TlsMode(StrEnum):
    NONE = "NONE"
    STARTTLS = "STARTTLS"
    IMPLICIT = "IMPLICIT"


DEFAULT_PORT = {TlsMode.NONE: 25, TlsMode.STARTTLS: 587, TlsMode.IMPLICIT: 465}


@dataclass(frozen=True, slots=True)
class SmtpProvider:
    """Is an SMTP server that relays e-mail (RFC 5321)."""

    channel: ClassVar[Channel] = Channel.EMAIL
    field: ClassVar[str] = "smtp"
    """Is the name of its field in the contract's `ChannelConfiguration`."""

    host: str
    port: int
    sender: Mailbox
    tls_mode: TlsMode = TlsMode.STARTTLS
    ca_certificates: str = ""
    """PEM; the machine's authorities when it is empty."""
    username: str = ""
    password: str = secret_field("username")
    reply_to: Mailbox | None = None
    timeout: Span = 30 * SECOND
    ehlo_name: str = ""
    """Is the machine's full host name, or else its address, when it is empty."""
    client_certificate: str = ""
    """PEM; no client certificate is sent when it is empty."""
    client_key: str = secret_field("client_certificate")

    def violations(self) -> Iterator[Violation]:
        """Yields all violations, with the field paths of the contract's `SmtpProvider`."""
        return _provider_violations(self)


def is_template(text: str) -> bool:
    """Tells whether a text that may be a template has a tag of Jinja2."""
    return any(tag in text for tag in ("{{", "{%", "{#"))


def _provider_mailbox_violations(mailbox: Mailbox, field: str) -> Iterator[Violation]:
    if is_template(mailbox.display_name):
        advice = (
            "Cannot be a template: it is the same for all campaigns. Set the sender of the campaign's mail instead."
        )
        yield malformed(f"{field}.display_name", advice)
    yield from _mailbox_violations(mailbox, field)


def _mailbox_violations(mailbox: Mailbox, field: str, *, may_be_template: bool = False) -> Iterator[Violation]:
    yield from line_violations(mailbox.display_name, f"{field}.display_name", MAX_DISPLAY_NAME)
    if may_be_template and is_template(mailbox.address):
        yield from line_violations(mailbox.address, f"{field}.address", MAX_ADDRESS)
    elif not mailbox.address:
        yield required(f"{field}.address")
    elif is_template(mailbox.address) or not is_address(mailbox.address):
        yield malformed(f"{field}.address", "Must be an e-mail address, such as 'orders@example.com'.")


def _missing_violations(email: EmailContent) -> Iterator[Violation]:
    if not email.subject.strip():
        yield required("subject")
    if not email.html and not email.text:
        yield Violation("html", "REQUIRED", "Either this or 'text' must be given.")


def _field_violations(email: EmailContent) -> Iterator[Violation]:
    yield from line_violations(email.subject, "subject", MAX_SUBJECT)
    yield from source_violations(email.html, "html")
    yield from source_violations(email.text, "text")
    if email.sender is not None:
        yield from _mailbox_violations(email.sender, "from")
    if email.reply_to is not None:
        yield from _mailbox_violations(email.reply_to, "reply_to", may_be_template=True)
    yield from header_violations(email.headers, _HEADER_NAME, _HEADER_RULE, _WRITTEN_BY_CLARION)
    yield from _attachment_violations(email.attachments)


def _attachment_violations(attachments: tuple[ContentAttachment, ...]) -> Iterator[Violation]:
    inline_count = sum(each.inline for each in attachments)
    if inline_count > MAX_INLINE_IMAGES:
        yield Violation("attachments", "TOO_MANY", f"Must have at most {MAX_INLINE_IMAGES} inline images.")
    if len(attachments) - inline_count > MAX_ATTACHMENTS:
        yield Violation("attachments", "TOO_MANY", f"Must have at most {MAX_ATTACHMENTS} files that are not inline.")
    for index, each in enumerate(attachments[: MAX_ATTACHMENTS + MAX_INLINE_IMAGES]):
        violation = ATTACHMENTS.id_violation(each.attachment, f"attachments[{index}].attachment")
        if violation:
            yield violation
    yield from repetition_violations([each.attachment for each in attachments], "attachments")


def _provider_violations(smtp: SmtpProvider) -> Iterator[Violation]:
    if not smtp.host:
        yield required("host")
    elif not is_host(smtp.host):
        yield malformed("host", "Must be a host name or an IP address.")
    if not 1 <= smtp.port <= MAX_PORT:
        yield out_of_range("port", f"Must be 1 to {MAX_PORT}.")
    yield from certificate_violations(smtp.ca_certificates, "ca_certificates")
    yield from _credentials(smtp)
    yield from _provider_mailbox_violations(smtp.sender, "sender")
    if smtp.reply_to is not None:
        yield from _provider_mailbox_violations(smtp.reply_to, "reply_to")
    yield from timeout_violations(smtp.timeout)
    yield from client_key_violations(smtp.client_key, smtp.client_certificate)
    if smtp.client_certificate and smtp.tls_mode is TlsMode.NONE:
        yield Violation("client_certificate", "NOT_ALLOWED", "Must be empty without TLS, by which it is shown.")
    if smtp.ehlo_name and not _is_ehlo_name(smtp.ehlo_name):
        yield malformed("ehlo_name", "Must be a host name or an address literal, such as '[192.0.2.1]'.")


def _is_ehlo_name(name: str) -> bool:
    if name.startswith("[") and name.endswith("]"):
        return is_address_literal(name[1:-1])
    return is_host(name) and not name.endswith(".") and ":" not in name and not is_address_literal(name)


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
