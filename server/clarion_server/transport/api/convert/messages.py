"""Converts messages, attempts and events to protobuf."""

from __future__ import annotations

from collections.abc import Iterable

from clarion.v1 import attempt_pb2, event_pb2, message_pb2

from clarion_server.domain.consent.consent_change import ConsentChange, change_name
from clarion_server.domain.events.event import (
    Event,
    FragmentChange,
    ProfileErasure,
    ProfileMerge,
    RunChange,
    SendingPolicyChange,
    SilenceChange,
)
from clarion_server.domain.messages.attempt import Attempt, Failure
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.message import Message
from clarion_server.domain.names import CAMPAIGNS, EXECUTIONS, MESSAGES, SENDING_POLICIES
from clarion_server.domain.suppressions.allow_list import AllowListChange
from clarion_server.domain.suppressions.suppression import SuppressionChange
from clarion_server.transport.api.convert.allow_lists import to_allow_list_change
from clarion_server.transport.api.convert.audience_runs import to_run_change
from clarion_server.transport.api.convert.consents import to_consent_change
from clarion_server.transport.api.convert.enums import (
    ATTEMPT_RESULT,
    CHANGE_KIND,
    CHANNEL,
    EVENT_TYPE,
    EXCLUSION_REASON,
    FAILURE_REASON,
    FRAGMENT_CHANGE_KIND,
    LOCALE_REASON,
    MESSAGE_STATE,
    SILENCE,
)
from clarion_server.transport.api.convert.exclusions import to_exclusion
from clarion_server.transport.api.convert.profiles import to_erasure, to_merge
from clarion_server.transport.api.convert.sourced_values import to_sourced_value
from clarion_server.transport.api.convert.suppressions import to_change
from clarion_server.transport.api.convert.times import to_optional_timestamp, to_timestamp


def to_message(message: Message, campaign_id: str, events: Iterable[Event] = ()) -> message_pb2.Message:
    events, exclusion, kept = list(events), message.end.exclusion, message.sending_policy
    return message_pb2.Message(
        name=message.name,
        execution=EXECUTIONS.format(message.execution_id),
        campaign=CAMPAIGNS.format(campaign_id),
        campaign_version=message.action.version,
        identity=message.identity,
        address=message.address,
        locale=message.locale,
        content_locale=message.content_locale.locale,
        locale_reason=LOCALE_REASON.number(message.content_locale.reason),
        rule=message.rule,
        state=MESSAGE_STATE.number(message.state),
        exclusion_reason=EXCLUSION_REASON.number(None if exclusion is None else exclusion.reason),
        exclusion=None if exclusion is None else to_exclusion(exclusion),
        consent_change="" if message.consent_change is None else change_name(message.consent_change),
        sending_policy="" if kept is None else SENDING_POLICIES.format(kept.id),
        time_zone=None if kept is None else to_sourced_value(kept.zone),
        failure=_failure(message.end.failure),
        accept_time=to_timestamp(message.accept_time),
        due_time=to_timestamp(message.due_time),
        expire_time=to_optional_timestamp(message.expire_time),
        outcome_time=to_optional_timestamp(message.end.time),
        attempt_count=message.attempts.count,
        attempts=[to_attempt(event.detail) for event in events if isinstance(event.detail, Attempt)],
        events=[to_event(event, campaign_id) for event in events],
        action=message.action.id,
        channel=CHANNEL.number(message.action.channel),
        labels=message.labels,
    )


def to_event(event: Event, campaign_id: str | None) -> event_pb2.Event:
    """`campaign_id` is None for an event that belongs to no campaign."""
    message_id, detail, language = event.message_id, event.detail, event.content_locale
    return event_pb2.Event(
        type=EVENT_TYPE.number(event.type),
        time=to_timestamp(event.time),
        subject=event.subject,
        message="" if message_id is None else MESSAGES.format(message_id),
        execution="" if event.execution_id is None else EXECUTIONS.format(event.execution_id),
        campaign="" if campaign_id is None else CAMPAIGNS.format(campaign_id),
        action=event.action,
        channel=CHANNEL.number(event.channel),
        labels=event.labels,
        content_locale="" if language is None else language.locale,
        locale_reason=LOCALE_REASON.number(None if language is None else language.reason),
        rule=event.rule,
        attempt=to_attempt(detail) if isinstance(detail, Attempt) else None,
        exclusion=to_exclusion(detail) if isinstance(detail, Exclusion) else None,
        allow_list_change=to_allow_list_change(detail) if isinstance(detail, AllowListChange) else None,
        suppression_change=to_change(detail) if isinstance(detail, SuppressionChange) else None,
        consent_change=to_consent_change(detail) if isinstance(detail, ConsentChange) else None,
        sending_policy_change=_sending_policy_change(detail) if isinstance(detail, SendingPolicyChange) else None,
        silence_change=_silence_change(detail) if isinstance(detail, SilenceChange) else None,
        profile_merge=to_merge(detail) if isinstance(detail, ProfileMerge) else None,
        audience_run_change=to_run_change(detail) if isinstance(detail, RunChange) else None,
        fragment_change=_fragment_change(detail) if isinstance(detail, FragmentChange) else None,
        profile_erasure=to_erasure(detail) if isinstance(detail, ProfileErasure) else None,
    )


def _sending_policy_change(change: SendingPolicyChange) -> event_pb2.SendingPolicyChange:
    return event_pb2.SendingPolicyChange(kind=CHANGE_KIND.number(change.kind), actor=change.actor)


def _silence_change(change: SilenceChange) -> event_pb2.SilenceChange:
    return event_pb2.SilenceChange(silence=SILENCE.number(change.silence), actor=change.actor)


def _fragment_change(change: FragmentChange) -> event_pb2.FragmentChange:
    return event_pb2.FragmentChange(
        kind=FRAGMENT_CHANGE_KIND.number(change.kind), actor=change.actor, version=change.version
    )


def to_attempt(attempt: Attempt) -> attempt_pb2.Attempt:
    return attempt_pb2.Attempt(
        number=attempt.number,
        start_time=to_timestamp(attempt.start_time),
        end_time=to_timestamp(attempt.end_time),
        result=ATTEMPT_RESULT.number(attempt.result),
        failure=_failure(attempt.failure),
        provider_reply=attempt.provider_reply,
    )


def _failure(failure: Failure | None) -> attempt_pb2.Failure | None:
    if failure is None:
        return None
    return attempt_pb2.Failure(
        reason=FAILURE_REASON.number(failure.reason),
        code=failure.code,
        detail=failure.detail,
        retries_exhausted=failure.retries_exhausted,
    )
