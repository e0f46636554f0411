"""Findings: the results of a campaign's review."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    WARNING = "WARNING"
    ERROR = "ERROR"


class FindingCode(StrEnum):
    """Stable names of the rules; `docs/findings.md` explains each."""

    FIELD_INVALID = "FIELD_INVALID"
    TEMPLATE_SYNTAX = "TEMPLATE_SYNTAX"
    TEMPLATE_UNSAFE = "TEMPLATE_UNSAFE"
    TEMPLATE_UNKNOWN_NAME = "TEMPLATE_UNKNOWN_NAME"
    VARIABLE_NOT_IN_SCHEMA = "VARIABLE_NOT_IN_SCHEMA"
    VARIABLE_MAY_BE_MISSING = "VARIABLE_MAY_BE_MISSING"
    VARIABLE_NOT_PRINTABLE = "VARIABLE_NOT_PRINTABLE"
    VARIABLE_WRONG_TYPE = "VARIABLE_WRONG_TYPE"
    CONTENT_EMPTY = "CONTENT_EMPTY"
    FILTER_ARGUMENT_INVALID = "FILTER_ARGUMENT_INVALID"
    CONTEXT_SCHEMA_INVALID = "CONTEXT_SCHEMA_INVALID"
    CHANNEL_CONFIGURATION_MISSING = "CHANNEL_CONFIGURATION_MISSING"
    CHANNEL_CONFIGURATION_DISABLED = "CHANNEL_CONFIGURATION_DISABLED"
    CHANNEL_CONFIGURATION_CHANNEL = "CHANNEL_CONFIGURATION_CHANNEL"
    CHANNEL_CONFIGURATION_CATEGORY = "CHANNEL_CONFIGURATION_CATEGORY"
    TOPIC_MISSING = "TOPIC_MISSING"
    TOPIC_ARCHIVED = "TOPIC_ARCHIVED"
    TOPIC_OF_TRANSACTIONAL = "TOPIC_OF_TRANSACTIONAL"
    SCHEDULE_ENDED = "SCHEDULE_ENDED"
    SCHEDULE_NOT_STARTED = "SCHEDULE_NOT_STARTED"
    JSON_INVALID = "JSON_INVALID"
    LINK_INVALID = "LINK_INVALID"
    UNSUBSCRIBE_LINK_MISSING = "UNSUBSCRIBE_LINK_MISSING"


@dataclass(frozen=True, slots=True)
class Finding:
    severity: Severity
    code: FindingCode
    field: str
    """Path in the campaign, such as `actions[0].email.html`."""
    message: str
    remedy: str
    line: int = 0
    """Counted from 1 within the field; 0 when the finding has no line."""
