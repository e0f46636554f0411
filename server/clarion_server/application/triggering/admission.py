"""Decides, recipient by recipient, what a trigger may become."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.content import Personalisation
from clarion_server.domain.address import is_address
from clarion_server.domain.execution import Excluded, Rejected
from clarion_server.domain.instant import DAY, Instant
from clarion_server.domain.locales import is_locale
from clarion_server.domain.magic import Part, part_of
from clarion_server.domain.message import ExclusionReason
from clarion_server.domain.names import identity_violation
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many

MAX_RECIPIENTS = 1_000
MAX_REQUEST_ID = 128
MAX_CONTEXT_BYTES = 200 * 1024
MAX_PROFILE_BYTES = 32 * 1024
#: How far ahead a message may be sent.
MAX_AHEAD = 366 * DAY

_EMAIL = "email"

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
    flaws: tuple[Violation, ...] = ()
    """What was already wrong with it when it arrived."""


@value
class TriggerCommand:
    campaign_id: str
    """Empty where the name is malformed, which is among the flaws."""
    recipients: tuple[RecipientInput, ...]
    request_id: str = ""
    send_time: Instant | None = None
    expire_time: Instant | None = None
    allow_partial: bool = False
    validate_only: bool = False
    flaws: tuple[Violation, ...] = ()
    """What was already wrong with it when it arrived."""

    @property
    def is_damaged(self) -> bool:
        """Whether anything of it could not be read."""
        return bool(self.flaws) or any(recipient.flaws for recipient in self.recipients)


@value
class Admitted:
    """A recipient that may have a message."""

    personalisation: Personalisation
    context: bytes
    """As JSON, keys sorted."""
    profile: bytes
    exclusion: ExclusionReason | None


@dataclass(slots=True)
class Admission:
    """What the recipients of one call come to, by their places in it."""

    admitted: list[tuple[int, Admitted]] = field(default_factory=list)
    exceptions: dict[int, Excluded | Rejected] = field(default_factory=dict)
    """Those that are not plainly accepted; an excluded one is admitted as well."""
    violations: list[Violation] = field(default_factory=list)
    excluded_count: int = 0

    def add(self, place: int, result: Admitted | list[Violation]) -> None:
        if isinstance(result, Admitted):
            self.admitted.append((place, result))
            if result.exclusion is not None:
                self.exceptions[place] = Excluded(result.exclusion)
                self.excluded_count += 1
        else:
            violations = tuple(violation.under(f"recipients[{place}]") for violation in result)
            self.violations.extend(violations)
            self.exceptions[place] = Rejected(violations)


def call_violations(command: TriggerCommand, now: Instant) -> list[Violation]:
    """What is wrong with the call, apart from its recipients."""
    found = list(command.flaws)
    found += request_id_violations(command.request_id)
    if not command.recipients:
        found.append(required("recipients"))
    if len(command.recipients) > MAX_RECIPIENTS:
        found.append(too_many("recipients", MAX_RECIPIENTS))
    if command.send_time is not None and command.send_time > now + MAX_AHEAD:
        found.append(out_of_range("send_time", "Must be at most 366 days ahead."))
    if command.expire_time is not None and command.expire_time <= max(now, command.send_time or now):
        found.append(out_of_range("expire_time", "Must be later than now and than send_time."))
    return found


def violations_without_campaign(command: TriggerCommand, now: Instant) -> list[Violation]:
    """What is wrong with a call, whichever campaign it is for."""
    found = call_violations(command, now)
    for place, recipient in enumerate(command.recipients):
        found += [flaw.under(f"recipients[{place}]") for flaw in recipient.flaws]
    return found


def request_id_violations(request_id: str) -> Iterable[Violation]:
    if len(request_id) > MAX_REQUEST_ID:
        yield too_long("request_id", MAX_REQUEST_ID)
    if request_id and not (request_id.isascii() and request_id.isprintable()):
        yield malformed("request_id", "Must consist of printable ASCII characters.")


def admit(recipients: Iterable[RecipientInput], live: LiveCampaign) -> Admission:
    admission = Admission()
    seen: set[str] = set()
    for place, recipient in enumerate(recipients):
        result = _admit(recipient, live)
        if recipient.identity in seen:
            again = Violation("identity", "DUPLICATE", "Must occur only once in a call.")
            result = [again] if isinstance(result, Admitted) else [*result, again]
        seen.add(recipient.identity)
        admission.add(place, result)
    return admission


def _admit(recipient: RecipientInput, live: LiveCampaign) -> Admitted | list[Violation]:
    definition = live.version.definition
    context, profile = _json(recipient.context), _json(recipient.profile)
    address = recipient.address or _text(recipient.profile, _EMAIL) or _address_in(recipient.identity)
    locale = recipient.locale or _text(recipient.profile, "locale") or definition.default_locale
    found = list(recipient.flaws)
    if misnamed := identity_violation(recipient.identity, definition.identity_namespace, "identity"):
        found.append(misnamed)
    if not is_address(address):
        found.append(_address_violation(address, recipient))
    if locale != definition.default_locale and not is_locale(locale):
        found.append(malformed("locale", "Must be a BCP 47 tag such as 'pt-BR'."))
    # Plain looks first, which say for nearly every recipient that all is well.
    if len(context) > MAX_CONTEXT_BYTES or _ESCAPED_NUL in context:
        found += _json_violations("context", context, MAX_CONTEXT_BYTES)
    if len(profile) > MAX_PROFILE_BYTES or _ESCAPED_NUL in profile:
        found += _json_violations("profile", profile, MAX_PROFILE_BYTES)
    # A context that arrived damaged is reported as such; the schema would only repeat it in other words.
    if not recipient.flaws and (broken := live.schema.violations(recipient.context)):
        found += [violation.under("context") for violation in broken]
    if found:
        return found
    personalisation = Personalisation(recipient.context, recipient.profile, recipient.identity, address, locale)
    excluded = ExclusionReason.SUPPRESSED if part_of(address) is Part.SUPPRESSED else None
    return Admitted(personalisation, context, profile, excluded)


def _address_in(identity: str) -> str:
    namespace, _, value = identity.partition(":")
    return value if namespace == _EMAIL else ""


def _address_violation(address: str, recipient: RecipientInput) -> Violation:
    if not address:
        return Violation(
            "address", "REQUIRED", "Must be given, here, as the profile's 'email', or as an identity 'email:…'."
        )
    field_name = "address" if recipient.address else "profile.email" if _EMAIL in recipient.profile else "identity"
    return malformed(field_name, "Must hold a valid e-mail address.")


def _json_violations(field_name: str, json: bytes, limit: int) -> list[Violation]:
    found = []
    if len(json) > limit:
        found.append(too_long(field_name, limit, "bytes as JSON"))
    if _NUL.search(json):
        # No mail can carry a NUL character (RFC 5322 section 2.2).
        found.append(malformed(field_name, "Must not contain the character U+0000."))
    return found


def _json(values: Mapping[str, Any]) -> bytes:
    """Keys sorted: the same data is the same bytes, for the fingerprint and for a template that loops over keys."""
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS) if values else b"{}"


def _text(profile: Mapping[str, Any], key: str) -> str:
    value = profile.get(key)
    return value if isinstance(value, str) else ""


def fingerprint(command: TriggerCommand) -> bytes:
    """16 bytes that tell a repeated request from another one under the same id."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(orjson.dumps([command.send_time, command.expire_time, command.allow_partial]))
    for recipient in command.recipients:
        parts = [recipient.identity, recipient.address, recipient.locale, recipient.context, recipient.profile]
        digest.update(orjson.dumps(parts, option=orjson.OPT_SORT_KEYS))
    return digest.digest()
