"""What a campaign's definition must keep to before it is stored. Its templates and its schema are review's matter."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.domain.campaign import Action, CampaignDefinition, Category, EmailContent, Schedule
from clarion_server.domain.locales import is_locale
from clarion_server.domain.names import CHANNEL_CONFIGURATIONS, is_namespace
from clarion_server.domain.text_rules import (
    display_name_violations,
    line_violations,
    mailbox_violations,
    repetition_violations,
    text_violations,
)
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many

MAX_DESCRIPTION = 2_000
MAX_TAGS = 20
MAX_TAG = 63
MAX_SUBJECT = 2_000
MAX_HEADERS = 20
MAX_HEADER_VALUE = 2_000
#: In octets of UTF-8, as are the next two.
MAX_PART = 512 * 1024
MAX_SCHEMA = 64 * 1024

#: RFC 5322 section 3.6.8, short enough to leave room for a value on its line.
MAX_HEADER_NAME = 76
_HEADER_NAME = re.compile(f"[!-9;-~]{{1,{MAX_HEADER_NAME}}}")
#: Header fields that say how, whence and to whom a message goes: Clarion and the servers on its way write them.
_WRITTEN_BY_CLARION = re.compile(
    "from|sender|reply-to|to|cc|bcc|subject|date|message-id|mime-version|return-path|received|content-.*|resent-.*",
    re.IGNORECASE,
)


def campaign_violations(definition: CampaignDefinition) -> list[Violation]:
    """Everything that is wrong, by the paths of the contract's `Campaign`."""
    return [
        *display_name_violations(definition.display_name),
        *_description(definition.description),
        *_tags(definition.tags),
        *_category(definition),
        *_rapid(definition),
        *_default_locale(definition.default_locale),
        *_identity_namespace(definition.identity_namespace),
        *_actions(definition.actions),
        *_context_schema(definition.context_schema),
        *_schedule(definition.schedule),
    ]


def _description(description: str) -> Iterator[Violation]:
    if len(description) > MAX_DESCRIPTION:
        yield too_long("description", MAX_DESCRIPTION)
    yield from text_violations(description, "description")


def _tags(tags: tuple[str, ...]) -> Iterator[Violation]:
    if len(tags) > MAX_TAGS:
        yield too_many("tags", MAX_TAGS)
        return
    for place, tag in enumerate(tags):
        if not tag.strip():
            yield required(f"tags[{place}]")
        yield from line_violations(tag, f"tags[{place}]", MAX_TAG)
    yield from repetition_violations(tags, "tags")


def _category(definition: CampaignDefinition) -> Iterator[Violation]:
    if definition.category is None:
        yield required("category")


def _rapid(definition: CampaignDefinition) -> Iterator[Violation]:
    if definition.rapid and definition.category is Category.MARKETING:
        yield Violation("rapid", "NOT_ALLOWED", "Must be false where the category is marketing: nobody waits for it.")


def _default_locale(locale: str) -> Iterator[Violation]:
    if not is_locale(locale):
        yield malformed("default_locale", "Must be a BCP 47 tag, such as 'pt-BR'.")


def _identity_namespace(namespace: str) -> Iterator[Violation]:
    if not is_namespace(namespace):
        yield malformed("identity_namespace", "Must be 1 to 32 lower-case letters, digits, hyphens and underscores.")


def _actions(actions: tuple[Action, ...]) -> Iterator[Violation]:
    if not actions:
        yield required("actions")
    if len(actions) > 1:
        yield too_many("actions", 1)
        return
    for place, action in enumerate(actions):
        for violation in _action(action):
            yield violation.under(f"actions[{place}]")


def _action(action: Action) -> Iterator[Violation]:
    flaw = CHANNEL_CONFIGURATIONS.id_violation(action.channel_configuration, "channel_configuration")
    if flaw:
        yield flaw
    for violation in _email(action.email):
        yield violation.under("email")


def _email(email: EmailContent) -> Iterator[Violation]:
    if not email.subject.strip():
        yield required("subject")
    yield from line_violations(email.subject, "subject", MAX_SUBJECT)
    if not email.html and not email.text:
        yield Violation("html", "REQUIRED", "Either this or 'text' must be given.")
    yield from _part(email.html, "html")
    yield from _part(email.text, "text")
    if email.sender is not None:
        yield from mailbox_violations(email.sender, "from")
    if email.reply_to is not None:
        yield from mailbox_violations(email.reply_to, "reply_to")
    yield from _headers(email.headers)


def _part(source: str, field: str) -> Iterator[Violation]:
    # Characters are counted first: there are never more of them than octets, and encoding a huge text is not free.
    if len(source) > MAX_PART or len(source.encode()) > MAX_PART:
        yield too_long(field, MAX_PART, "octets")
    else:
        yield from text_violations(source, field)


def _headers(headers: Mapping[str, str]) -> Iterator[Violation]:
    if len(headers) > MAX_HEADERS:
        yield too_many("headers", MAX_HEADERS)
        return
    seen = set()
    for name, value in headers.items():
        field = f"headers.{name[:MAX_HEADER_NAME]}"
        if not _HEADER_NAME.fullmatch(name):
            yield malformed(field, f"The name must be 1 to {MAX_HEADER_NAME} visible ASCII characters, no colon.")
        elif _WRITTEN_BY_CLARION.fullmatch(name):
            yield Violation(field, "RESERVED", "This header field is written by Clarion.")
        elif name.lower() in seen:
            yield Violation(field, "DUPLICATE", "Must occur only once, in whatever case.")
        seen.add(name.lower())
        yield from line_violations(value, field, MAX_HEADER_VALUE)


def _context_schema(schema: Mapping[str, Any] | None) -> Iterator[Violation]:
    if schema is None:
        return
    if schema.get("type") != "object":
        yield malformed("context_schema", "The root must have the type 'object'.")
    if len(json.dumps(schema, ensure_ascii=False, separators=(",", ":")).encode()) > MAX_SCHEMA:
        yield too_long("context_schema", MAX_SCHEMA, "octets as JSON")


def _schedule(schedule: Schedule) -> Iterator[Violation]:
    start, end = schedule.start_time, schedule.end_time
    if start is not None and end is not None and end <= start:
        yield out_of_range("schedule.end_time", "Must be later than 'schedule.start_time'.")
