"""A message, its states, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum, StrEnum

from clarion_server.domain.campaign import Category
from clarion_server.domain.instant import Instant
from clarion_server.domain.value import value


class MessageState(StrEnum):
    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"


_STATE = MessageState

#: The one table of a message's life. What has no successor is an outcome and never moves.
SUCCESSORS: Mapping[MessageState, frozenset[MessageState]] = {
    _STATE.QUEUED: frozenset({_STATE.SENDING, _STATE.CANCELLED, _STATE.EXPIRED}),
    _STATE.SENDING: frozenset({_STATE.SENT, _STATE.FAILED, _STATE.IN_DOUBT, _STATE.QUEUED, _STATE.EXPIRED}),
    _STATE.SENT: frozenset(),
    _STATE.EXCLUDED: frozenset(),
    _STATE.CANCELLED: frozenset(),
    _STATE.EXPIRED: frozenset(),
    _STATE.FAILED: frozenset(),
    _STATE.IN_DOUBT: frozenset(),
}

OUTCOMES: frozenset[MessageState] = frozenset(state for state, after in SUCCESSORS.items() if not after)


def may_follow(state: MessageState, successor: MessageState) -> bool:
    return successor in SUCCESSORS[state]


class Lane(IntEnum):
    """Which queue a message waits in; a lower lane goes first."""

    RAPID = 0
    TRANSACTIONAL = 1
    MARKETING = 2


_LANES: Mapping[Category, Lane] = {
    Category.TRANSACTIONAL: Lane.TRANSACTIONAL,
    Category.MARKETING: Lane.MARKETING,
}


def lane_of(category: Category, *, rapid: bool) -> Lane:
    """The lane of a campaign's messages."""
    return Lane.RAPID if rapid else _LANES[category]


class ExclusionReason(StrEnum):
    SUPPRESSED = "SUPPRESSED"


class FailureReason(StrEnum):
    """Why a hand-off did not succeed, in words that are the same for every provider."""

    OTHER = "OTHER"
    RECIPIENT_REJECTED = "RECIPIENT_REJECTED"
    MAILBOX_FULL = "MAILBOX_FULL"
    SENDER_REJECTED = "SENDER_REJECTED"
    CONTENT_REJECTED = "CONTENT_REJECTED"
    THROTTLED = "THROTTLED"
    CONNECTION_FAILED = "CONNECTION_FAILED"
    TIMED_OUT = "TIMED_OUT"
    TLS_FAILED = "TLS_FAILED"
    AUTHENTICATION_FAILED = "AUTHENTICATION_FAILED"
    HAND_OFF_UNKNOWN = "HAND_OFF_UNKNOWN"
    RENDERING_FAILED = "RENDERING_FAILED"
    UNSUPPORTED = "UNSUPPORTED"


#: The longest `Failure.detail`, in characters.
MAX_DETAIL = 500


@value
class Failure:
    reason: FailureReason
    code: str = ""
    """The provider's own, such as `550 5.1.1`."""
    detail: str = ""
    retries_exhausted: bool = False


class AttemptResult(StrEnum):
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"


@value
class Attempt:
    """One ended try to hand a message to a provider."""

    number: int
    start_time: Instant
    end_time: Instant
    result: AttemptResult
    failure: Failure | None = None
    provider_reply: str = ""


class EventType(StrEnum):
    SENT = "SENT"
    DEFERRED = "DEFERRED"
    FAILED = "FAILED"
    EXCLUDED = "EXCLUDED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    IN_DOUBT = "IN_DOUBT"


@value
class Event:
    """One dated fact about a message. An attempt that ended is told by the event that it caused."""

    type: EventType
    time: Instant
    message_id: str
    campaign_key: int
    attempt: Attempt | None = None
    failure: Failure | None = None
    exclusion_reason: ExclusionReason | None = None
    sequence: int = 0
    """Assigned by the store, in the order of commits."""


@value
class Message:
    """One recipient of one action."""

    id: str
    campaign_key: int
    version: int
    channel_key: int
    lane: Lane
    identity: str
    address: str
    locale: str
    context: bytes
    """The recipient's data for this trigger, as a JSON object."""
    profile: bytes
    """The recipient's attributes, as a JSON object."""
    state: MessageState
    accept_time: Instant
    release_time: Instant
    """When it was to leave at the earliest; the retry window counts from here."""
    due_time: Instant
    """When it is tried next."""
    expire_time: Instant | None = None
    attempt_count: int = 0
    """Attempts begun."""
    attempt_time: Instant | None = None
    """When the last attempt began."""
    owner: str | None = None
    """The process that is handing it off."""
    outcome_time: Instant | None = None
    exclusion_reason: ExclusionReason | None = None
    failure: Failure | None = None

    @property
    def name(self) -> str:
        return f"messages/{self.id}"

    def begun(self, owner: str, now: Instant) -> Message:
        """The queued message, with one more attempt begun by `owner`."""
        # By position, in the order of the fields: `replace` takes ten times as long, and every claim makes many.
        return Message(
            self.id,
            self.campaign_key,
            self.version,
            self.channel_key,
            self.lane,
            self.identity,
            self.address,
            self.locale,
            self.context,
            self.profile,
            MessageState.SENDING,
            self.accept_time,
            self.release_time,
            self.due_time,
            self.expire_time,
            self.attempt_count + 1,
            now,
            owner,
        )

    @property
    def execution_id(self) -> str:
        return execution_id_of(self.id)


#: A message's id is its execution's, followed by the recipient's place: it sorts and is found with its execution.
_PLACE_DIGITS = 4
#: Written out: to format a number takes longer than all the rest of a name.
_PLACES = [f"-{place:0{_PLACE_DIGITS}d}" for place in range(10**_PLACE_DIGITS)]


def message_id(execution_id: str, place: int) -> str:
    """`place`: 0 to 9,999."""
    return execution_id + _PLACES[place]


def execution_id_of(message_id: str) -> str:
    return message_id[: -_PLACE_DIGITS - 1]
