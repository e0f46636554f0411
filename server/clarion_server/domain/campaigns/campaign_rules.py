"""The rules that a campaign's definition must satisfy to be stored. Review checks its templates and its schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from clarion_server.domain.campaigns.campaign_definition import Action, ActionMode, CampaignDefinition, Schedule
from clarion_server.domain.campaigns.targeting_rules import rule_violations
from clarion_server.domain.campaigns.variant_rules import MAX_CELLS, variant_violations
from clarion_server.domain.category import Category
from clarion_server.domain.content.translations import translation_violations
from clarion_server.domain.instant import DAY, MINUTE
from clarion_server.domain.languages.locale_rules import fallback_violations, locale_violations
from clarion_server.domain.names import CHANNEL_CONFIGURATIONS, SENDING_POLICIES, TOPICS, is_namespace
from clarion_server.domain.sending_policies.sending_rate import rate_violations
from clarion_server.domain.text_rules import description_violations, display_name_violations
from clarion_server.domain.violation import Violation, malformed, out_of_range, required, too_long, too_many

MAX_ACTIONS = 10
FALLBACK_AFTER = range(MINUTE, 30 * DAY + 1)
#: A context schema has at most this many octets in UTF-8.
MAX_SCHEMA = 64 * 1024

_ACTION_ID = re.compile("[a-z0-9-]{1,32}")


def campaign_violations(definition: CampaignDefinition) -> list[Violation]:
    """Returns all violations, with the field paths of the contract's `Campaign`."""
    return [
        *display_name_violations(definition.display_name),
        *description_violations(definition.description),
        *_category(definition),
        *_rapid(definition),
        *locale_violations(definition.default_locale, "default_locale"),
        *fallback_violations(definition.locale_fallbacks),
        *translation_violations(definition.translations),
        *_identity_namespace(definition.identity_namespace),
        *_actions(definition.actions),
        *_fallbacks(definition),
        *_context_schema(definition.context_schema),
        *_schedule(definition.schedule),
        *_topic(definition.topic),
        *_sending_policy(definition.sending_policy),
        *rate_violations(definition.rate),
    ]


def _category(definition: CampaignDefinition) -> Iterator[Violation]:
    if definition.category is None:
        yield required("category")


def _rapid(definition: CampaignDefinition) -> Iterator[Violation]:
    if definition.rapid and definition.category is Category.MARKETING:
        yield Violation("rapid", "NOT_ALLOWED", "Must be false for marketing, for which nobody waits.")


def _identity_namespace(namespace: str) -> Iterator[Violation]:
    if not is_namespace(namespace):
        yield malformed("identity_namespace", "Must be 1 to 32 lower-case letters, digits, hyphens and underscores.")


def _actions(actions: tuple[Action, ...]) -> Iterator[Violation]:
    if not actions:
        yield required("actions")
    if len(actions) > MAX_ACTIONS:
        yield too_many("actions", MAX_ACTIONS)
        return
    for index, action in enumerate(actions):
        for violation in _action(action):
            yield violation.under(f"actions[{index}]")
    ids = [action.id for action in actions]
    for index, action_id in enumerate(ids):
        if action_id in ids[:index]:
            yield Violation(f"actions[{index}].id", "DUPLICATE", "Must occur only once in the campaign.")
    if sum(len(action.variants) for action in actions) > MAX_CELLS:
        yield Violation("actions", "TOO_MANY", f"Must have at most {MAX_CELLS:,} variants together.")


def _fallbacks(definition: CampaignDefinition) -> Iterator[Violation]:
    takes_turns = definition.action_mode is ActionMode.FIRST_DELIVERABLE
    for index, action in enumerate(definition.actions[:MAX_ACTIONS]):
        field = f"actions[{index}].fallback_after"
        if action.fallback_after is None:
            continue
        if not takes_turns:
            yield Violation(field, "NOT_ALLOWED", "Needs 'action_mode' to be FIRST_DELIVERABLE.")
        elif index == len(definition.actions) - 1:
            yield Violation(field, "NOT_ALLOWED", "Must not be set for the last action, as no other one follows.")


def action_id_violation(action_id: str, field: str) -> Violation | None:
    if _ACTION_ID.fullmatch(action_id):
        return None
    return malformed(field, "Must be 1 to 32 lower-case letters, digits and hyphens.")


def _action(action: Action) -> Iterator[Violation]:
    if violation := action_id_violation(action.id, "id"):
        yield violation
    violation = CHANNEL_CONFIGURATIONS.id_violation(action.channel_configuration, "channel_configuration")
    if violation:
        yield violation
    for violation in action.content.violations():
        yield violation.under(action.content.channel.word)
    yield from variant_violations(action)
    yield from rule_violations(action)
    if action.fallback_after is not None and action.fallback_after not in FALLBACK_AFTER:
        yield out_of_range("fallback_after", "Must be from 1 minute to 30 days.")


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


def _topic(topic: str | None) -> Iterator[Violation]:
    if topic is not None and (violation := TOPICS.id_violation(topic, "topic")):
        yield violation


def _sending_policy(policy: str | None) -> Iterator[Violation]:
    if policy is not None and (violation := SENDING_POLICIES.id_violation(policy, "sending_policy")):
        yield violation
