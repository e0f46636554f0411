"""Requests as Adobe Journey Optimizer's Interactive Message Execution API has them, and the triggers that they are.

What that API knows and Clarion does not, such as merge policies, is passed over: its callers send it anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from clarion_server.application.triggering.admission import RecipientInput, TriggerCommand
from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.instant import Instant, from_datetime
from clarion_server.domain.names import CAMPAIGNS
from clarion_server.domain.violation import Violation, malformed, required, too_many
from clarion_server.transport.api.convert.structs import MAX_DEPTH
from clarion_server.transport.http.json_data import data_violations
from clarion_server.transport.http.json_text import read_json

#: As that API has it.
MAX_RECIPIENTS: Final = 20
#: A campaign of that API is named by a UUID, which Clarion's ids, that begin with a letter, cannot always be.
UUID_PREFIX: Final = "ajo-"

_TYPES: Final = ("aep", "external")
#: The levels of a body that `context` and `profile` stand in: the body, its recipients, each of them.
_LEVELS: Final = 3


@dataclass(frozen=True, slots=True)
class AjoExecution:
    """A request in its caller's words, and the trigger that it stands for."""

    request_id: str
    campaign_id: str
    """As the caller gave it."""
    user_ids: tuple[str, ...]
    command: TriggerCommand


def read_object(body: bytes) -> Mapping[str, Any]:
    """Raises InvalidFields."""
    values = read_json(body)
    if not isinstance(values, dict):
        raise InvalidFields((malformed("", "The body must be a JSON object."),))
    return values


def read_execution(values: Mapping[str, Any]) -> AjoExecution:
    """Raises InvalidFields with all violations."""
    reader = _Reader(data_violations(values, MAX_DEPTH + _LEVELS))
    request_id = reader.text(values, "requestId", "requestId")
    campaign_id = reader.text(values, "campaignId", "campaignId")
    send_time = reader.time(reader.mapping(values, "schedule", "schedule"), "executeAt", "schedule.executeAt")
    recipients = [
        reader.recipient(each, f"recipients[{index}]") for index, each in enumerate(reader.recipients(values))
    ]
    if campaign_id and CAMPAIGNS.id_violation(clarion_id(campaign_id), ""):
        message = "Must be a campaign's id, such as 'order-confirmed', or a UUID."
        reader.violations.append(malformed("campaignId", message))
    if reader.violations:
        raise InvalidFields(tuple(reader.violations))
    return AjoExecution(
        request_id,
        campaign_id,
        tuple(user_id for user_id, _ in recipients),
        TriggerCommand(clarion_id(campaign_id), tuple(recipient for _, recipient in recipients), request_id, send_time),
    )


def clarion_id(campaign_id: str) -> str:
    """The campaign `ajo-{uuid}` for a UUID, any other id as it is, with or without `campaigns/`."""
    try:
        return f"{UUID_PREFIX}{UUID(campaign_id)}" if len(campaign_id) == _UUID_LENGTH else _short(campaign_id)
    except ValueError:
        return _short(campaign_id)


_UUID_LENGTH: Final = 36


def _short(campaign_id: str) -> str:
    return campaign_id.removeprefix(f"{CAMPAIGNS.name}/")


class _Reader:
    """Reads fields, and collects violations by the paths that the caller knows."""

    def __init__(self, violations: Iterable[Violation]) -> None:
        self.violations = list(violations)

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

    def time(self, values: Mapping[str, Any], name: str, path: str) -> Instant | None:
        text = self.text(values, name, path, needed=False)
        try:
            moment = datetime.fromisoformat(text) if text else None
        except ValueError:
            moment = None
        if text and (moment is None or moment.tzinfo is None):
            self.violations.append(malformed(path, "Must be a time of RFC 3339, such as '2027-01-31T09:00:00Z'."))
            return None
        return None if moment is None else from_datetime(moment)

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

    def recipient(self, value: Any, path: str) -> tuple[str, RecipientInput]:
        if not isinstance(value, dict):
            self.violations.append(_wrong_type(path, "an object"))
            return "", RecipientInput("")
        kind = self.text(value, "type", f"{path}.type")
        if kind and kind not in _TYPES:
            self.violations.append(malformed(f"{path}.type", f"Must be one of {', '.join(_TYPES)}."))
        user_id = self.text(value, "userId", f"{path}.userId")
        namespace = self.text(value, "namespace", f"{path}.namespace")
        channel = self.mapping(value, "channelData", f"{path}.channelData")
        recipient = RecipientInput(
            f"{namespace.lower()}:{user_id}",
            self.text(channel, "emailAddress", f"{path}.channelData.emailAddress", needed=False),
            context=self.mapping(value, "context", f"{path}.context"),
            profile=self.mapping(value, "profile", f"{path}.profile"),
        )
        return user_id, recipient


def _wrong_type(path: str, wanted: str) -> Violation:
    return Violation(path, "WRONG_TYPE", f"Must be {wanted}.")


#: What Clarion calls the fields of this API.
_NAMES: Final = (
    (re.compile(r"^(recipients\[\d+\])\.identity$"), r"\1.userId"),
    (re.compile(r"^(recipients\[\d+\])\.address$"), r"\1.channelData.emailAddress"),
    (re.compile(r"^request_id$"), "requestId"),
    (re.compile(r"^send_time$"), "schedule.executeAt"),
)


def in_callers_words(error: InvalidFields) -> InvalidFields:
    """The same violations, by the paths of this API."""
    return InvalidFields(tuple(_renamed(each) for each in error.violations))


def _renamed(violation: Violation) -> Violation:
    if violation.reason == "WRONG_NAMESPACE":
        path = violation.field.removesuffix(".identity")
        return Violation(f"{path}.namespace", violation.reason, violation.description)
    for pattern, name in _NAMES:
        if pattern.match(violation.field):
            return Violation(pattern.sub(name, violation.field), violation.reason, violation.description)
    return violation
