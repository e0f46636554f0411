"""Reads requests of Adobe Journey Optimizer's Interactive Message Execution API into triggers.

Members that change nothing here, such as merge policies, are ignored: the callers of that API send them anyway.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, Final
from uuid import UUID

from clarion_server.application.audience_runs.triggering import TriggerAudienceCommand
from clarion_server.application.triggering.admission import RecipientFile, RecipientInput, TriggerCommand
from clarion_server.application.triggering.recipient_files import MAX_FILES
from clarion_server.domain.attachments.attachment import FileInput
from clarion_server.domain.audiences.audience_run import MAX_MEMBERS
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import LATEST, Instant, from_datetime
from clarion_server.domain.names import AUDIENCES, CAMPAIGNS
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_many
from clarion_server.transport.api.convert.structs import MAX_DEPTH
from clarion_server.transport.http.json_data import first_violations
from clarion_server.transport.http.json_text import read_json

#: This is the limit of Adobe's API.
MAX_RECIPIENTS: Final = 20
#: Adobe's campaigns have UUIDs for ids. Clarion's ids begin with a letter, which not every UUID does.
UUID_PREFIX: Final = "ajo-"

_TYPES: Final = ("aep", "external")
#: Lists what Adobe's API sends and Clarion does not, wherever it stands. It is refused, because the message would
#: differ.
UNSUPPORTED: Final = frozenset({"mobilePhoneNumber", "pushInfo"})
#: Holds the levels of a body that `context` and `profile` stand in: the body, its recipients, each of them.
_LEVELS: Final = 3


@dataclass(frozen=True, slots=True)
class AjoExecution:
    """Is a request in its caller's words, and the trigger that it stands for."""

    request_id: str
    campaign_id: str
    """Is as the caller gave it."""
    campaign_ids: tuple[str, ...]
    """Holds the ids in Clarion that it may stand for."""
    user_ids: tuple[str, ...]
    command: TriggerCommand
    """Its campaign is still open."""


@dataclass(frozen=True, slots=True)
class AjoAudience:
    """Is a request for an audience in its caller's words, and the trigger that it stands for."""

    request_id: str
    campaign_id: str
    """Is as the caller gave it."""
    targets: tuple[tuple[str, str], ...]
    """Holds the ids of a campaign and an audience in Clarion that it may stand for, the likeliest first."""
    command: TriggerAudienceCommand
    """Its campaign and audience are still open."""


def read_object(body: bytes) -> Mapping[str, Any]:
    """Raises InvalidFields."""
    values = read_json(body)
    if not isinstance(values, dict):
        raise InvalidFields((malformed("", "The body must be a JSON object."),))
    return values


def read_execution(values: Mapping[str, Any]) -> AjoExecution:
    """Raises InvalidFields with all violations."""
    reader = _Reader(first_violations(values, MAX_DEPTH + _LEVELS))
    reader.refuse_unsupported(values, "")
    request_id = reader.text(values, "requestId", "requestId")
    campaign_id = reader.text(values, "campaignId", "campaignId")
    send_time = reader.send_time(values)
    recipients = [
        reader.recipient(each, f"recipients[{index}]") for index, each in enumerate(reader.recipients(values))
    ]
    of_all = reader.files(values, "")
    campaign_ids = clarion_ids(campaign_id)
    if campaign_id and not campaign_ids:
        message = "Must be a campaign's id, such as 'order-confirmed', or a UUID."
        reader.violations.append(malformed("campaignId", message))
    if reader.violations:
        raise InvalidFields(tuple(reader.violations))
    inputs, files = tuple(each.input for each in recipients), (each.files + of_all for each in recipients)
    with_files = {index: found for index, found in enumerate(files) if found}
    command = TriggerCommand("", inputs, request_id, send_time, files=with_files)
    return AjoExecution(request_id, campaign_id, campaign_ids, tuple(each.user_id for each in recipients), command)


def read_audience(values: Mapping[str, Any]) -> AjoAudience:
    """Raises InvalidFields with all violations."""
    reader = _Reader(first_violations(values, MAX_DEPTH + 1))
    reader.refuse_unsupported(values, "", UNSUPPORTED | {"attachments"})
    request_id = reader.text(values, "requestId", "requestId", needed=False)
    campaign_id = reader.text(values, "campaignId", "campaignId")
    audience_id = reader.text(reader.mapping(values, "audience", "audience"), "id", "audience.id")
    command = TriggerAudienceCommand(
        "",
        "",
        reader.count(values, "maxRecipients", MAX_MEMBERS),
        reader.mapping(values, "context", "context"),
        request_id=request_id,
        send_time=reader.send_time(values),
    )
    campaigns, audiences = clarion_ids(campaign_id), clarion_ids(audience_id)
    for given, ids, path, kind in (
        (campaign_id, campaigns, "campaignId", "a campaign's id, such as 'order-confirmed'"),
        (audience_id, audiences, "audience.id", "an audience's id, such as 'gold-customers'"),
    ):
        if given and not ids:
            reader.violations.append(malformed(path, f"Must be {kind}, or a UUID."))
    if reader.violations:
        raise InvalidFields(tuple(reader.violations))
    return AjoAudience(request_id, campaign_id, tuple(product(campaigns, audiences)), command)


def clarion_ids(campaign_id: str) -> tuple[str, ...]:
    """Returns the ids of the campaigns or audiences that may be meant, the likeliest first; none for a malformed id."""
    short = campaign_id.removeprefix(f"{CAMPAIGNS.name}/").removeprefix(f"{AUDIENCES.name}/")
    try:
        uuid = str(UUID(short)) if len(short) == _UUID_LENGTH else ""
    except ValueError:
        uuid = ""
    candidates = (f"{UUID_PREFIX}{uuid}", uuid) if uuid else (short,)
    return tuple(each for each in candidates if not CAMPAIGNS.id_violation(each, ""))


_UUID_LENGTH: Final = 36


@dataclass(frozen=True, slots=True)
class _Recipient:
    user_id: str
    input: RecipientInput
    files: tuple[RecipientFile, ...] = ()


class _Reader:
    """Reads fields, and collects violations by the paths that the caller knows."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = list(violations)

    def refuse_unsupported(
        self, values: Mapping[str, Any], path: str, unsupported: frozenset[str] = UNSUPPORTED
    ) -> None:
        for name in sorted(unsupported & values.keys()):
            if values[name]:
                violation = Violation(name, "UNSUPPORTED", "Is not supported yet. Nothing was sent: leave it out.")
                self.violations.append(violation.under(path) if path else violation)

    def text(self, values: Mapping[str, Any], name: str, path: str, *, needed: bool = True) -> str:
        value = values.get(name)
        if value is None or value == "":
            if needed:
                self.violations.append(required(path))
            return ""
        if not isinstance(value, str):
            self.violations.append(_wrong_type(path, "a string"))
            return ""
        return value

    def mapping(self, values: Mapping[str, Any], name: str, path: str) -> Mapping[str, Any]:
        value = values.get(name)
        if value is None:
            return {}
        if not isinstance(value, dict):
            self.violations.append(_wrong_type(path, "an object"))
            return {}
        return value

    def count(self, values: Mapping[str, Any], name: str, default: int) -> int:
        value = values.get(name)
        if value is None:
            return default
        if not isinstance(value, int) or isinstance(value, bool):
            self.violations.append(_wrong_type(name, "a whole number"))
            return default
        return value

    def send_time(self, values: Mapping[str, Any]) -> Instant | None:
        """Returns None for a request without a schedule. A schedule without a time would send to everybody at once,
        though its caller meant to send later.
        """
        if values.get("schedule") is None:
            return None
        return self.time(self.mapping(values, "schedule", "schedule"), "executeAt", "schedule.executeAt")

    def time(self, values: Mapping[str, Any], name: str, path: str) -> Instant | None:
        text = self.text(values, name, path)
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            moment = None
        if text and (moment is None or moment.tzinfo is None):
            self.violations.append(malformed(path, "Must be a time of RFC 3339, such as '2027-01-31T09:00:00Z'."))
            return None
        instant = None if moment is None else from_datetime(moment)
        if instant is not None and not 0 <= instant <= LATEST:
            text = "Must lie between 1970-01-01T00:00:00Z and 9999-12-31T23:59:59Z."
            self.violations.append(out_of_range(path, text))
            return None
        return instant

    def recipients(self, values: Mapping[str, Any]) -> list[Any]:
        found = values.get("recipients")
        if found is None or found == []:
            self.violations.append(required("recipients"))
        elif not isinstance(found, list):
            self.violations.append(_wrong_type("recipients", "a list"))
        elif len(found) > MAX_RECIPIENTS:
            self.violations.append(too_many("recipients", MAX_RECIPIENTS))
        else:
            return found
        return []

    def recipient(self, value: Any, path: str) -> _Recipient:
        if not isinstance(value, dict):
            self.violations.append(_wrong_type(path, "an object"))
            return _Recipient("", RecipientInput(""))
        kind = self.text(value, "type", f"{path}.type")
        if kind and kind not in _TYPES:
            self.violations.append(malformed(f"{path}.type", f"Must be one of {', '.join(_TYPES)}."))
        user_id = self.text(value, "userId", f"{path}.userId")
        namespace = self.text(value, "namespace", f"{path}.namespace")
        channel = self.mapping(value, "channelData", f"{path}.channelData")
        self.refuse_unsupported(value, path)
        self.refuse_unsupported(channel, f"{path}.channelData")
        recipient = RecipientInput(
            f"{namespace.lower()}:{user_id}",
            self.text(channel, "emailAddress", f"{path}.channelData.emailAddress", needed=False),
            context=self.mapping(value, "context", f"{path}.context"),
            profile=self.mapping(value, "profile", f"{path}.profile"),
        )
        return _Recipient(user_id, recipient, self.files(value, path))

    def files(self, values: Mapping[str, Any], path: str) -> tuple[RecipientFile, ...]:
        found, path = values.get("attachments"), f"{path}.attachments".removeprefix(".")
        if found is None:
            return ()
        if not isinstance(found, list):
            self.violations.append(_wrong_type(path, "a list"))
            return ()
        if len(found) > MAX_FILES:
            self.violations.append(too_many(path, MAX_FILES))
            return ()
        return tuple(self._file(each, f"{path}[{index}]") for index, each in enumerate(found))

    def _file(self, value: Any, path: str) -> RecipientFile:
        if not isinstance(value, dict):
            self.violations.append(_wrong_type(path, "an object"))
            return RecipientFile()
        name = self.text(value, "fileName", f"{path}.fileName")
        content_type = self.text(value, "contentType", f"{path}.contentType", needed=False)
        content = self.text(value, "content", f"{path}.content")
        try:
            return RecipientFile(FileInput(name, content_type, b64decode(content, validate=True)))
        except ValueError:
            self.violations.append(malformed(f"{path}.content", "Must be Base64."))
            return RecipientFile()


def _wrong_type(path: str, wanted: str) -> Violation:
    return Violation(path, "WRONG_TYPE", f"Must be {wanted}.")


#: Clarion's names of fields, and the names that Adobe's API has for them.
_NAMES: Final = (
    (re.compile(r"^(recipients\[\d+\])\.identity$"), r"\1.userId"),
    (re.compile(r"^(recipients\[\d+\])\.address$"), r"\1.channelData.emailAddress"),
    (re.compile(r"^(recipients\[\d+\]\.attachments\[\d+\])\.file_name$"), r"\1.fileName"),
    (re.compile(r"^(recipients\[\d+\]\.attachments\[\d+\])\.content_type$"), r"\1.contentType"),
    (re.compile(r"^request_id$"), "requestId"),
    (re.compile(r"^send_time$"), "schedule.executeAt"),
    (re.compile(r"^max_recipients$"), "maxRecipients"),
)


def in_callers_words(error: InvalidFields) -> InvalidFields:
    """Returns the same violations, by the paths of this API."""
    return InvalidFields(tuple(_renamed(each) for each in error.violations))


def _renamed(violation: Violation) -> Violation:
    if violation.reason == "WRONG_NAMESPACE":
        path = violation.field.removesuffix(".identity")
        return Violation(f"{path}.namespace", violation.reason, violation.description)
    for pattern, name in _NAMES:
        if pattern.match(violation.field):
            return Violation(pattern.sub(name, violation.field), violation.reason, violation.description)
    return violation
