"""Checks what can be checked of a trigger without the store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.identity_reader import IdentityReader
from clarion_server.application.ports.content import ErrorBudget
from clarion_server.application.triggering.addresses import choose_addresses
from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.attachments.attachment import FileInput
from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.campaign_definition import (
    CampaignDefinition,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.consent.choice import LOCALE_FIELDS, choose_locale
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.labels import label_violations
from clarion_server.domain.languages.language_tags import read_locale
from clarion_server.domain.languages.locales import is_locale
from clarion_server.domain.messages.message import NO_LABELS
from clarion_server.domain.names import MAX_IDENTITY, identity_violation, is_identity_value
from clarion_server.domain.people.profile import attribute_violations
from clarion_server.domain.triggering.targets import AcceptedRecipient
from clarion_server.domain.triggering.trigger import NO_FILES
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many

MAX_RECIPIENTS = 1_000
MAX_REQUEST_ID = 128
MAX_CONTEXT_BYTES = 200 * 1024
MAX_PROFILE_BYTES = 32 * 1024
#: How far ahead a message may be sent.
MAX_AHEAD = 366 * DAY

_ESCAPED_NUL = rb"\u0000"
#: JSON without it escapes nothing. Looking for one byte takes a tenth of the time of looking for several.
_BACKSLASH = ord("\\")
#: An escaped NUL in JSON: a `\\u0000` whose backslash is not itself escaped.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@value
class RecipientInput:
    """Is whom a trigger addresses, as the caller gave it."""

    identity: str
    address: str = ""
    locale: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    violations: tuple[Violation, ...] = ()
    """Holds the violations that were found while it was read."""


@value
class RecipientFile:
    """Is a file of a recipient: one that comes with the call, or one that was uploaded."""

    given: FileInput | None = None
    """Is the file itself; None when it was uploaded before."""
    attachment: str = ""
    """Is the id of the upload."""
    name: str = ""
    """Is the name of an upload in the mail; empty for the name that it was uploaded under."""
    violation: Violation | None = None
    """Says why it could not be read."""

    @property
    def digest(self) -> list[str]:
        """Returns a digest that distinguishes it from other files."""
        given = self.given
        described = [] if given is None else [given.name, given.content_type, given.digest.hex()]
        return [self.attachment, self.name, *described]


NO_RECIPIENT_FILES: Mapping[int, tuple[RecipientFile, ...]] = {}


@value
class TriggerCommand:
    """Is one call of a trigger, as the caller made it."""

    campaign_id: str
    """Is empty when the name is malformed, which is then among the violations."""
    recipients: tuple[RecipientInput, ...]
    request_id: str = ""
    send_time: Instant | None = None
    expire_time: Instant | None = None
    allow_partial: bool = False
    validate_only: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    violations: tuple[Violation, ...] = ()
    """Holds the violations that were found while it was read."""
    is_large: bool = False
    """Says whether checking its recipients would hold up other calls."""
    files: Mapping[int, tuple[RecipientFile, ...]] = field(default_factory=lambda: NO_RECIPIENT_FILES)
    """Holds the files of the recipients who have any, by position."""

    @property
    def is_damaged(self) -> bool:
        """Returns whether a part of it could not be read."""
        return bool(self.violations) or any(recipient.violations for recipient in self.recipients)


class Admission:
    """Is the result of checking the recipients of one call, which are known by their positions in it."""

    __slots__ = ("errors", "files", "lacks_address", "recipients", "rejections")

    def __init__(self) -> None:
        self.recipients: list[AcceptedRecipient] = []
        self.rejections: dict[int, tuple[Violation, ...]] = {}
        self.errors = ErrorBudget()
        #: Says whether an accepted recipient lacks an address that its stored profile may have.
        self.lacks_address = False
        #: Holds the files of the accepted recipients who have any, by position.
        self.files: Mapping[int, tuple[MessageFile, ...]] = NO_FILES

    @property
    def violations(self) -> list[Violation]:
        return [violation for violations in self.rejections.values() for violation in violations]

    def reject(self, index: int, violations: Iterable[Violation]) -> None:
        self.rejections[index] = tuple(violation.under(f"recipients[{index}]") for violation in violations)

    def reject_too(self, index: int, violations: Iterable[Violation]) -> None:
        """Rejects a recipient who may be accepted or rejected already."""
        earlier = self.rejections.get(index, ())
        self.reject(index, violations)
        self.rejections[index] = earlier + self.rejections[index]
        self.recipients = [recipient for recipient in self.recipients if recipient.index != index]


def call_violations(command: TriggerCommand, now: Instant) -> list[Violation]:
    """Returns what is wrong with the call, apart from its recipients."""
    found = list(command.violations)
    if command.request_id:
        found += request_id_violations(command.request_id)
    if not command.recipients:
        found.append(required("recipients"))
    if len(command.recipients) > MAX_RECIPIENTS:
        found.append(too_many("recipients", MAX_RECIPIENTS))
    if command.send_time is not None or command.expire_time is not None:
        found += time_violations(command.send_time, command.expire_time, now)
    if command.labels:
        found += label_violations(command.labels)
    return found


def time_violations(send_time: Instant | None, expire_time: Instant | None, now: Instant) -> Iterator[Violation]:
    if send_time is not None and send_time > now + MAX_AHEAD:
        yield out_of_range("send_time", "Must be at most 366 days ahead.")
    if expire_time is not None and expire_time <= max(now, send_time or now):
        yield out_of_range("expire_time", "Must be later than now and than send_time.")


def violations_without_campaign(command: TriggerCommand, now: Instant) -> list[Violation]:
    """Returns the violations of a call that can be found without its campaign."""
    found = call_violations(command, now)
    for index, recipient in enumerate(command.recipients):
        found += [violation.under(f"recipients[{index}]") for violation in recipient.violations]
    return found


def request_id_violations(request_id: str) -> Iterable[Violation]:
    if len(request_id) > MAX_REQUEST_ID:
        yield too_long("request_id", MAX_REQUEST_ID)
    if request_id and not (request_id.isascii() and request_id.isprintable()):
        yield malformed("request_id", "Must consist of printable ASCII characters.")


def admit(command: TriggerCommand, live: LiveCampaign, identities: IdentityReader) -> Admission:
    """Checks every recipient of the call against the live campaign."""
    admission = Admission()
    seen: set[str] = set()
    prefix = f"{live.namespace.id}:"
    for index, recipient in enumerate(command.recipients):
        identity = recipient.identity
        value = identity.removeprefix(prefix)
        is_named = len(value) < len(identity) <= MAX_IDENTITY and is_identity_value(value)
        normal_value = _normal_value(value, live, identities) if len(value) < len(identity) else None
        result = _admit(index, recipient, normal_value, command.labels, live, admission, is_named=is_named)
        compared = identity if normal_value is None else prefix + normal_value
        if compared in seen:
            again = Violation("identity", "DUPLICATE", "Must occur only once in a call, however it is written.")
            result = [again] if isinstance(result, AcceptedRecipient) else [*result, again]
        seen.add(compared)
        if isinstance(result, AcceptedRecipient):
            admission.recipients.append(result)
        else:
            admission.reject(index, result)
    return admission


def _normal_value(value: str, live: LiveCampaign, identities: IdentityReader) -> str | None:
    """Returns the form of an identity's value by which it is compared; None when it is malformed."""
    if live.takes_any_email and value.isascii():
        # No profile has an identity that is no address. Such identities are not compared with each other, which would
        # take time.
        return email_key(value)
    normal_value = identities.normal_value(live.namespace, value)
    return value if normal_value is None and live.takes_any_email else normal_value


def _admit(
    index: int,
    recipient: RecipientInput,
    normal_value: str | None,
    trigger_labels: Mapping[str, str],
    live: LiveCampaign,
    admission: Admission,
    *,
    is_named: bool,
) -> AcceptedRecipient | list[Violation]:
    """Returns the accepted recipient, or what is wrong with it. `is_named`: its identity is one in the namespace."""
    definition = live.version.definition
    context, profile = to_json(recipient.context), to_json(recipient.profile)
    labels = {**trigger_labels, **recipient.labels} if recipient.labels else trigger_labels
    found = list(recipient.violations)
    misnamed = None if is_named else identity_violation(recipient.identity, live.namespace.id, "identity")
    if misnamed is None and normal_value is None:
        misnamed = live.namespace.violation("identity")
    if misnamed:
        found.append(misnamed)
    addresses, broken = choose_addresses(recipient.address, recipient.profile, recipient.identity, definition)
    if broken:
        found += _check_addresses(broken, misnamed, definition, admission)
    has_locale = recipient.locale or recipient.profile
    locale = _locale(recipient, definition, found) if has_locale else definition.default_locale
    # These cheap tests suffice for nearly every recipient.
    if recipient.profile or len(context) > MAX_CONTEXT_BYTES or _BACKSLASH in context:
        found += _data_violations(recipient, context, profile, definition)
    if recipient.labels:
        found += label_violations(labels)
    # A context that arrived damaged is reported as such; the schema would only repeat it in other words.
    # One that is too large is not checked, for that would take the event loop's time.
    is_whole = not recipient.violations and len(context) <= MAX_CONTEXT_BYTES
    if is_whole and (violations := live.schema.violations(recipient.context, admission.errors)):
        found += [violation.under("context") for violation in violations]
    if found or normal_value is None:
        return found
    return AcceptedRecipient(index, recipient.identity, addresses, locale, context, profile, labels, normal_value)


def _locale(recipient: RecipientInput, definition: CampaignDefinition, found: list[Violation]) -> str:
    """Returns the tag that the recipient's locale means, and adds a violation when it means none."""
    choice = choose_locale(recipient.locale, recipient.profile, definition.default_locale)
    if choice.value == definition.default_locale or is_locale(choice.value):
        return choice.value
    read = read_locale(choice.value)
    if read is None:
        found.append(malformed(LOCALE_FIELDS[choice.source], "Must be a BCP 47 tag such as 'pt-BR'."))
    return read or definition.default_locale


def _data_violations(
    recipient: RecipientInput, context: bytes, profile: bytes, definition: CampaignDefinition
) -> list[Violation]:
    found: list[Violation] = []
    found += context_violations(context)
    if len(profile) > MAX_PROFILE_BYTES or _ESCAPED_NUL in profile:
        found += _json_violations("profile", profile, MAX_PROFILE_BYTES)
    elif definition.unknown_recipient_policy is UnknownRecipientPolicy.CREATE:
        found += attribute_violations(recipient.profile, "profile")
    return found


def _check_addresses(
    violations: list[Violation], misnamed: Violation | None, definition: CampaignDefinition, admission: Admission
) -> list[Violation]:
    """Returns the violations of addresses that no stored profile can mend, and remembers whether there are others.

    `misnamed` is what is wrong with the identity: nobody is looked up by it, and its field is not told twice.
    """
    if misnamed is not None:
        return [violation for violation in violations if violation.field != misnamed.field]
    if definition.throughput_mode is ThroughputMode.HIGH:
        return violations
    lasting = [violation for violation in violations if violation.reason != "REQUIRED"]
    admission.lacks_address |= len(lasting) < len(violations)
    return lasting


def context_violations(context: bytes) -> list[Violation]:
    """Returns the violations of a context, given as JSON, that can be found without its campaign."""
    if len(context) <= MAX_CONTEXT_BYTES and _ESCAPED_NUL not in context:
        return []
    return _json_violations("context", context, MAX_CONTEXT_BYTES)


def _json_violations(field_name: str, json: bytes, limit: int) -> list[Violation]:
    if len(json) > limit:
        # Searched no further: that takes 50 ms for the largest request.
        return [too_long(field_name, limit, "bytes as JSON")]
    # No mail can carry a NUL character (RFC 5322 section 2.2).
    return [malformed(field_name, "Must not contain the character U+0000.")] if _NUL.search(json) else []


def to_json(values: Mapping[str, Any]) -> bytes:
    """Returns JSON with sorted keys: the same data is the same bytes, for the fingerprint and for templates."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS) if values else b"{}"


def fingerprint(command: TriggerCommand) -> bytes:
    """Returns 16 bytes that tell a repeated request from another one under the same id."""
    digest = hashlib.blake2b(digest_size=16)
    call = [command.send_time, command.expire_time, command.allow_partial, command.labels]
    digest.update(orjson.dumps(call, option=orjson.OPT_SORT_KEYS))
    for recipient in command.recipients:
        who = [recipient.identity, recipient.address, recipient.locale]
        data = [recipient.context, recipient.profile, recipient.labels]
        digest.update(orjson.dumps([who, data], option=orjson.OPT_SORT_KEYS))
    for index, files in command.files.items():
        digest.update(orjson.dumps([index, [file.digest for file in files]]))
    return digest.digest()
