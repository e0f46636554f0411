"""Makes the messages that follow others, where a campaign sends the first action that is deliverable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clarion_server.domain.consent.consent import NOT_ASKED
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.messages.message import Message, MessageState, VersionAction, message_id
from clarion_server.domain.triggering.exclusion_rules import NO_EXCLUSION_FACTS, find_exclusions
from clarion_server.domain.triggering.targets import NO_RULE_MATCHED


def follow_ups(ended: Message, actions: Sequence[VersionAction], now: Instant) -> list[Message]:
    """Returns the messages that replace one that failed or was excluded: those of the next actions, up to the first
    that is queued.

    The list is empty when no action is left, or when each action has its own message. `actions` are all actions of the
    version, in order. Magic recipients are excluded here; for the others, the check before the attempt does it.
    """
    messages: list[Message] = []
    for skipped in range(len(ended.fallback_addresses)):
        index = ended.action_index + 1 + skipped
        message = _follow_up(ended, index, actions[index], skipped, now)
        is_targeted = not ended.fallback_rules or ended.fallback_rules[skipped] is not None
        found: Sequence[Exclusion] = (NO_RULE_MATCHED,)
        if is_targeted:
            found = find_exclusions(message, now, ExclusionPhase.ACCEPT, NO_EXCLUSION_FACTS, NOT_ASKED)
        if not found:
            return [*messages, message]
        messages.append(replace(message, state=MessageState.EXCLUDED, outcome_time=now, exclusion=found[0]))
    return messages


def _follow_up(ended: Message, index: int, action: VersionAction, skipped: int, now: Instant) -> Message:
    return Message(
        id=message_id(ended.execution_id, ended.recipient_index, index),
        action=action,
        identity=ended.identity,
        address=ended.fallback_addresses[skipped],
        locale=ended.locale,
        context=ended.context,
        profile=ended.profile,
        state=MessageState.QUEUED,
        accept_time=ended.accept_time,
        release_time=now,
        due_time=now,
        expire_time=ended.expire_time,
        labels=ended.labels,
        fallback_addresses=ended.fallback_addresses[skipped + 1 :],
        sending_policy=ended.sending_policy,
        profile_key=ended.profile_key,
        content_locale=ended.fallback_locales[skipped],
        fallback_locales=ended.fallback_locales[skipped + 1 :],
        rule=(ended.fallback_rules[skipped] or "") if ended.fallback_rules else "",
        fallback_rules=ended.fallback_rules[skipped + 1 :],
        attachments=ended.attachments,
    )
