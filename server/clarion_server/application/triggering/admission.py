"""Checks what can be checked of a trigger without the store."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.domain.acceptance import AcceptedRecipient
from clarion_server.domain.campaign import CampaignDefinition
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.choice import LOCALE_FIELDS, choose_email, choose_locale
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.labels import label_violations
from clarion_server.domain.locales import is_locale
from clarion_server.domain.magic import SENT_ADDRESS, simulated_outcome
from clarion_server.domain.message import NO_LABELS
from clarion_server.domain.names import identity_violation
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many

MAX_RECIPIENTS = 1_000
MAX_REQUEST_ID = 128
MAX_CONTEXT_BYTES = 200 * 1024
MAX_PROFILE_BYTES = 32 * 1024
#: The most violations that are listed of a call. Beyond them, each recipient that breaks the context schema has one.
MAX_LISTED = 1_000
#: How far ahead a message may be sent.
MAX_AHEAD = 366 * DAY

_ESCAPED_NUL = rb"\u0000"
#: An escaped NUL in JSON: a `\\u0000` whose backslash is not itself escaped.
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


@value
class RecipientInput:
    """Whom a trigger addresses, as the caller gave it."""

    identity: str
    address: str = ""
    locale: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    violations: tuple[Violation, ...] = ()
    """The violations that were found while it was read."""


@value
class TriggerCommand:
    campaign_id: str
    """Empty when the name is malformed, which is then among the violations."""
    recipients: tuple[RecipientInput, ...]
    request_id: str = ""
    send_time: Instant | None = None
    expire_time: Instant | None = None
    allow_partial: bool = False
    validate_only: bool = False
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    violations: tuple[Violation, ...] = ()
    """The violations that were found while it was read."""
    is_large: bool = False
    """Whether checking its recipients would hold up other calls."""

    @property
    def is_damaged(self) -> bool:
        """Returns whether a part of it could not be read."""
        return bool(self.violations) or any(recipient.violations for recipient in self.recipients)


@value
class RecipientData:
    """The data with which a recipient's messages are rendered."""

    context: Mapping[str, Any]
    profile: Mapping[str, Any]


@dataclass(slots=True)
class Admission:
    """The result of checking the recipients of one call, which are known by their positions in it."""

    recipients: list[AcceptedRecipient] = field(default_factory=list)
    data: dict[int, RecipientData] = field(default_factory=dict)
    """The data of each accepted recipient, by position."""
    rejections: dict[int, tuple[Violation, ...]] = field(default_factory=dict)

    @property
    def violations(self) -> list[Violation]:
        return [violation for violations in self.rejections.values() for violation in violations]

    def reject(self, index: int, violations: Iterable[Violation]) -> None:
        self.rejections[index] = tuple(violation.under(f"recipients[{index}]") for violation in violations)


def call_violations(command: TriggerCommand, now: Instant) -> list[Violation]:
    """Returns what is wrong with the call, apart from its recipients."""
    found = list(command.violations)
    found += request_id_violations(command.request_id)
    if not command.recipients:
        found.append(required("recipients"))
    if len(command.recipients) > MAX_RECIPIENTS:
        found.append(too_many("recipients", MAX_RECIPIENTS))
    if command.send_time is not None and command.send_time > now + MAX_AHEAD:
        found.append(out_of_range("send_time", "Must be at most 366 days ahead."))
    if command.expire_time is not None and command.expire_time <= max(now, command.send_time or now):
        found.append(out_of_range("expire_time", "Must be later than now and than send_time."))
    if command.labels:
        found += label_violations(command.labels)
    return found


def violations_without_campaign(command: TriggerCommand, now: Instant) -> list[Violation]:
    """Returns what is wrong with a call, whichever campaign it is for."""
    found = call_violations(command, now)
    for index, recipient in enumerate(command.recipients):
        found += [violation.under(f"recipients[{index}]") for violation in recipient.violations]
    return found


def request_id_violations(request_id: str) -> Iterable[Violation]:
    if len(request_id) > MAX_REQUEST_ID:
        yield too_long("request_id", MAX_REQUEST_ID)
    if request_id and not (request_id.isascii() and request_id.isprintable()):
        yield malformed("request_id", "Must consist of printable ASCII characters.")


def admit(command: TriggerCommand, live: LiveCampaign) -> Admission:
    """Checks every recipient of the call against the live campaign."""
    admission = Admission()
    seen: set[str] = set()
    listed = 0
    for index, recipient in enumerate(command.recipients):
        result = _admit(index, recipient, command.labels, live, first_only=listed >= MAX_LISTED)
        if recipient.identity in seen:
            again = Violation("identity", "DUPLICATE", "Must occur only once in a call.")
            result = [again] if isinstance(result, AcceptedRecipient) else [*result, again]
        seen.add(recipient.identity)
        if isinstance(result, AcceptedRecipient):
            admission.recipients.append(result)
            admission.data[index] = RecipientData(recipient.context, recipient.profile)
        else:
            admission.reject(index, result)
            listed += len(result)
    return admission


def _admit(
    index: int, recipient: RecipientInput, trigger_labels: Mapping[str, str], live: LiveCampaign, *, first_only: bool
) -> AcceptedRecipient | list[Violation]:
    """Returns the recipient or its violations. With `first_only`, only the first violation of the schema is listed."""
    definition = live.version.definition
    context, profile = _json(recipient.context), _json(recipient.profile)
    choice = choose_locale(recipient.locale, recipient.profile, definition.default_locale)
    locale = choice.value
    labels = {**trigger_labels, **recipient.labels} if recipient.labels else trigger_labels
    found = list(recipient.violations)
    if misnamed := identity_violation(recipient.identity, definition.identity_namespace, "identity"):
        found.append(misnamed)
    addresses = _addresses(recipient, definition, found)
    if locale != definition.default_locale and not is_locale(locale):
        found.append(malformed(LOCALE_FIELDS[choice.source], "Must be a BCP 47 tag such as 'pt-BR'."))
    # These cheap tests suffice for nearly every recipient.
    if len(context) > MAX_CONTEXT_BYTES or _ESCAPED_NUL in context:
        found += _json_violations("context", context, MAX_CONTEXT_BYTES)
    if len(profile) > MAX_PROFILE_BYTES or _ESCAPED_NUL in profile:
        found += _json_violations("profile", profile, MAX_PROFILE_BYTES)
    if recipient.labels:
        found += label_violations(labels)
    # A context that arrived damaged is reported as such; the schema would only repeat it in other words.
    # One that is too large is not checked, for that would take the event loop's time.
    is_whole = not recipient.violations and len(context) <= MAX_CONTEXT_BYTES
    if is_whole and (broken := live.schema.violations(recipient.context, first_only=first_only)):
        found += [violation.under("context") for violation in broken]
    if found:
        return found
    return AcceptedRecipient(index, recipient.identity, addresses, locale, context, profile, labels)


def _addresses(recipient: RecipientInput, definition: CampaignDefinition, found: list[Violation]) -> list[str]:
    """Returns the address for each action, and adds what is wrong with them to `found`, once a channel."""
    of_channel: dict[Channel, str] = {}
    for action in definition.actions:
        content = action.content
        if content.channel in of_channel:
            continue
        choice = content.address(recipient.address, recipient.profile, recipient.identity)
        if violation := content.address_violation(choice):
            found.append(violation)
        of_channel[content.channel] = _without_address(recipient) if choice is None else choice.value
    return [of_channel[action.content.channel] for action in definition.actions]


def _without_address(recipient: RecipientInput) -> str:
    """Returns the address of a message on a channel that has none: empty but for magic recipients, who get nothing."""
    email = choose_email(recipient.address, recipient.profile, recipient.identity)
    return SENT_ADDRESS if email is not None and simulated_outcome(email.value) else ""


def _json_violations(field_name: str, json: bytes, limit: int) -> list[Violation]:
    if len(json) > limit:
        # Searched no further: that takes 50 ms for the largest request.
        return [too_long(field_name, limit, "bytes as JSON")]
    # No mail can carry a NUL character (RFC 5322 section 2.2).
    return [malformed(field_name, "Must not contain the character U+0000.")] if _NUL.search(json) else []


def _json(values: Mapping[str, Any]) -> bytes:
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
    return digest.digest()
