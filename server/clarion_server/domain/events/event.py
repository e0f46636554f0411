"""Events: dated facts about messages and about the people they are for.

A finished attempt is part of the event that it caused. No event holds an address.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from enum import StrEnum

from clarion_server.domain.audiences.audience_run import AudienceRun, EndReason, RunState
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import Silence
from clarion_server.domain.consent.consent_change import NO_EVIDENCE, ConsentChange
from clarion_server.domain.fragments.fragment import Fragment
from clarion_server.domain.instant import Instant
from clarion_server.domain.languages.content_locale import LocaleChoice
from clarion_server.domain.messages.attempt import Attempt
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.message import NO_LABELS, Message, MessageState, execution_id_of
from clarion_server.domain.people.erasure import Erasure
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.suppressions.allow_list import AllowList, AllowListChange
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionChange
from clarion_server.domain.value import value


class EventType(StrEnum):
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    IN_DOUBT = "IN_DOUBT"
    SUPPRESSION_CREATED = "SUPPRESSION_CREATED"
    SUPPRESSION_DELETED = "SUPPRESSION_DELETED"
    SUPPRESSION_EXPIRED = "SUPPRESSION_EXPIRED"
    SUPPRESSION_UPDATED = "SUPPRESSION_UPDATED"
    ALLOW_LIST_CHANGED = "ALLOW_LIST_CHANGED"
    CONSENT_CHANGED = "CONSENT_CHANGED"
    PROFILE_MERGED = "PROFILE_MERGED"
    AUDIENCE_RUN_STARTED = "AUDIENCE_RUN_STARTED"
    AUDIENCE_RUN_SELECTED = "AUDIENCE_RUN_SELECTED"
    AUDIENCE_RUN_DONE = "AUDIENCE_RUN_DONE"
    AUDIENCE_RUN_REFUSED = "AUDIENCE_RUN_REFUSED"
    AUDIENCE_RUN_CANCELLED = "AUDIENCE_RUN_CANCELLED"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    SENDING_POLICY_CHANGED = "SENDING_POLICY_CHANGED"
    SILENCE_CHANGED = "SILENCE_CHANGED"
    PROFILE_ERASED = "PROFILE_ERASED"
    FRAGMENT_CHANGED = "FRAGMENT_CHANGED"


#: Is the event of a message's transition to each state. Only a failed attempt moves it back to QUEUED.
EVENT_OF_STATE: Mapping[MessageState, EventType] = {
    MessageState.QUEUED: EventType.DEFERRED,
    MessageState.SENT: EventType.SENT,
    MessageState.EXCLUDED: EventType.EXCLUDED,
    MessageState.CANCELLED: EventType.CANCELLED,
    MessageState.EXPIRED: EventType.EXPIRED,
    MessageState.FAILED: EventType.FAILED,
    MessageState.IN_DOUBT: EventType.IN_DOUBT,
}


#: The event of a run's transition to each state. No event says that one was scheduled.
EVENT_OF_RUN: Mapping[RunState, EventType] = {
    RunState.SELECTING: EventType.AUDIENCE_RUN_STARTED,
    RunState.ACCEPTING: EventType.AUDIENCE_RUN_SELECTED,
    RunState.DONE: EventType.AUDIENCE_RUN_DONE,
    RunState.REFUSED: EventType.AUDIENCE_RUN_REFUSED,
    RunState.CANCELLED: EventType.AUDIENCE_RUN_CANCELLED,
}


_EXECUTIONS = "executions/"


@value
class RunChange:
    """Says that a run of an audience came to another state."""

    audience: str
    """Is its name."""
    selected_count: int
    accepted_count: int
    end_reason: EndReason | None = None


@value
class ProfileMerge:
    """A profile was absorbed by another one."""

    absorbed: str
    """Is its name."""
    actor: str
    """Is the name of the key that merged them."""


@value
class ProfileErasure:
    """A person was erased, with the numbers of what was changed."""

    actor: str
    """Is the name of the key that deleted the profile."""
    cancelled_count: int = 0
    message_count: int = 0
    address_count: int = 0


class ChangeKind(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    DELETED = "DELETED"


@value
class SendingPolicyChange:
    """A sending policy was created, changed or deleted."""

    kind: ChangeKind
    actor: str
    """Is the name of the key that did it."""


@value
class SilenceChange:
    """What silence means was changed."""

    silence: Silence | None
    """None means that the topic follows its sandbox."""
    actor: str
    """Is the name of the key that changed it."""


class FragmentChangeKind(StrEnum):
    CREATED = "CREATED"
    UPDATED = "UPDATED"
    PUBLISHED = "PUBLISHED"
    ARCHIVED = "ARCHIVED"
    UNARCHIVED = "UNARCHIVED"
    DELETED = "DELETED"


@value
class FragmentChange:
    """Something was done to a fragment."""

    kind: FragmentChangeKind
    actor: str
    """Is the name of the key that did it."""
    version: int = 0
    """Is the number of the version that was published; 0 for any other change."""


#: Holds the data of an event beyond its type.
Detail = (
    Attempt
    | AllowListChange
    | Exclusion
    | SuppressionChange
    | ConsentChange
    | ProfileMerge
    | ProfileErasure
    | RunChange
    | SendingPolicyChange
    | SilenceChange
    | FragmentChange
    | None
)


@value
class Event:
    """One dated fact."""

    type: EventType
    time: Instant
    sandbox: str
    subject: str
    """Is the resource name of the subject, such as `messages/{message}`."""
    detail: Detail = None
    message_id: str | None = None
    """Is the message that the event belongs to, if any; the next six fields describe the same message."""
    campaign_key: int | None = None
    action: str = ""
    channel: Channel | None = None
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    content_locale: LocaleChoice | None = None
    rule: str = ""
    sequence: int = 0
    """Is assigned by the store in the order of commits."""

    @property
    def execution_id(self) -> str | None:
        """Returns the execution that the event belongs to, if any."""
        if self.message_id is not None:
            return execution_id_of(self.message_id)
        return self.subject.removeprefix(_EXECUTIONS) if self.subject.startswith(_EXECUTIONS) else None


def message_event(message: Message, state: MessageState, time: Instant, detail: Detail = None) -> Event:
    """Returns the event of the transition of `message` to `state`."""
    return _of_message(EVENT_OF_STATE[state], message, time, detail)


def unsubscribed_event(message: Message, change: ConsentChange) -> Event:
    """Returns the event of the denial that the recipient made by the link of the message."""
    return _of_message(EventType.UNSUBSCRIBED, message, change.record_time, replace(change, evidence=NO_EVIDENCE))


def _of_message(type_: EventType, message: Message, time: Instant, detail: Detail) -> Event:
    # Positional arguments are faster, and this runs once per attempt.
    return Event(
        type_,
        time,
        message.action.sandbox,
        message.name,
        detail,
        message.id,
        message.action.campaign_key,
        message.action.id,
        message.action.channel,
        message.labels,
        message.content_locale,
        message.rule,
    )


def suppression_event(
    type_: EventType, suppression: Suppression, time: Instant, actor: str = "", override_reason: str = ""
) -> Event:
    """Returns the event of a change of a suppression by the key `actor`, or by nobody when it has expired."""
    change = SuppressionChange(suppression.channel, suppression.reason, suppression.scope, actor, override_reason)
    return Event(type_, time, suppression.sandbox, suppression.name, change)


def consent_event(sandbox: str, profile: str, change: ConsentChange) -> Event:
    """Returns the event of a change of the consents of a profile, which is given by its name.

    The evidence is left out, as it may hold personal data.
    """
    detail = change if change.evidence == NO_EVIDENCE else replace(change, evidence=NO_EVIDENCE)
    return Event(EventType.CONSENT_CHANGED, change.record_time, sandbox, profile, detail)


def allow_list_event(changed: AllowList, time: Instant) -> Event:
    """Returns the event of the change that made this list."""
    change = AllowListChange(changed.enabled, len(changed.entries), changed.updater)
    return Event(EventType.ALLOW_LIST_CHANGED, time, changed.sandbox, changed.name, change)


def erasure_event(erasure: Erasure, time: Instant) -> Event:
    """Returns the event of a completed erasure, whose subject is the deleted profile."""
    detail = ProfileErasure(erasure.actor, erasure.cancelled_count, erasure.message_count, erasure.address_count)
    return Event(EventType.PROFILE_ERASED, time, erasure.sandbox, erasure.profile, detail)


def merge_event(survivor: Profile, absorbed: Profile, actor: str, time: Instant) -> Event:
    """Returns the event of a merge of two profiles by the key `actor`."""
    return Event(EventType.PROFILE_MERGED, time, survivor.sandbox, survivor.name, ProfileMerge(absorbed.name, actor))


def run_event(run: AudienceRun, time: Instant) -> Event:
    """Returns the event of the transition that has brought a run to its state."""
    selected_count = 0 if run.selection is None else run.selection.count
    change = RunChange(f"audiences/{run.audience}", selected_count, run.accepted_count, run.end_reason)
    return Event(EVENT_OF_RUN[run.state], time, run.sandbox, run.name, change, campaign_key=run.campaign_key)


def sending_policy_event(policy: SendingPolicy, kind: ChangeKind, actor: str, time: Instant) -> Event:
    """Returns the event of a change of a sending policy by the key `actor`."""
    return Event(EventType.SENDING_POLICY_CHANGED, time, policy.sandbox, policy.name, SendingPolicyChange(kind, actor))


def silence_event(sandbox: str, subject: str, silence: Silence | None, actor: str, time: Instant) -> Event:
    """Returns the event of a change of what silence means, by the key `actor`. `subject` is the name of the settings or
    of the topic.
    """
    return Event(EventType.SILENCE_CHANGED, time, sandbox, subject, SilenceChange(silence, actor))


def fragment_event(fragment: Fragment, change: FragmentChange, time: Instant) -> Event:
    """Returns the event of a change of a fragment."""
    return Event(EventType.FRAGMENT_CHANGED, time, fragment.sandbox, fragment.name, change)
