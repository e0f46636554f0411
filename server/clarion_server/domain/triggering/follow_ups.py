"""Makes the messages that follow others, where a campaign sends the first action that is deliverable."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from clarion_server.domain.consent.consent import NOT_ASKED
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Message, MessageEnd, MessageState, VersionAction, message_id
from clarion_server.domain.triggering.exclusion_rules import NO_EXCLUSION_FACTS, find_exclusions
from clarion_server.domain.triggering.targets import NO_RULE_MATCHED


def follow_ups(ended: Message, actions: Sequence[VersionAction], now: Instant) -> list[Message]:
    """Returns the messages that replace one that failed or was excluded: those of the next actions, up to the first
    that is queued.

    The list is empty when no action is left, or when each action has its own message. `actions` are all actions of the
    version, in order. Magic recipients are excluded here; for the others, the check before the attempt does it.
    """
    messages: list[Message] = []
    for skipped, fallback in enumerate(ended.fallbacks):
        message = _follow_up(ended, actions, skipped, now)
        found: Sequence[Exclusion] = (NO_RULE_MATCHED,)
        if fallback.rule is not None:
            found = find_exclusions(message, now, ExclusionPhase.ACCEPT, NO_EXCLUSION_FACTS, NOT_ASKED)
        if not found:
            return [*messages, message]
        messages.append(replace(message, state=MessageState.EXCLUDED, end=MessageEnd(now, found[0])))
    return messages


def _follow_up(ended: Message, actions: Sequence[VersionAction], skipped: int, now: Instant) -> Message:
    """Returns the message of the action behind those that are skipped."""
    fallback, index = ended.fallbacks[skipped], ended.action_index + 1 + skipped
    return Message(
        id=message_id(ended.execution_id, ended.recipient_index, index),
        action=actions[index],
        identity=ended.identity,
        address=fallback.address,
        locale=ended.locale,
        context=ended.context,
        profile=ended.profile,
        state=MessageState.QUEUED,
        accept_time=ended.accept_time,
        release_time=now,
        due_time=now,
        expire_time=ended.expire_time,
        labels=ended.labels,
        content_locale=fallback.content_locale,
        rule=fallback.rule or "",
        fallbacks=ended.fallbacks[skipped + 1 :],
        sending_policy=None if ended.sending_policy is None else KeptPolicy(ended.sending_policy.id),
        profile_key=ended.profile_key,
        attachments=ended.attachments,
    )
