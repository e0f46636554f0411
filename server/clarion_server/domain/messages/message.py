"""Defines a message and its states."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import IntEnum, StrEnum

from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.languages.content_locale import ENGLISH, LocaleChoice
from clarion_server.domain.messages.attempt import NO_ATTEMPTS, BegunAttempts, Failure
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.people.cap_person import CapPerson
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

#: Is the life cycle of a message. A state without successors is an outcome, which is final.
SUCCESSORS: Mapping[MessageState, frozenset[MessageState]] = {
    # A queued message ends in doubt when an earlier attempt may have sent it, and no other may follow.
    _STATE.QUEUED: frozenset({_STATE.SENDING, _STATE.EXCLUDED, _STATE.CANCELLED, _STATE.EXPIRED, _STATE.IN_DOUBT}),
    _STATE.SENDING: frozenset(
        {_STATE.SENT, _STATE.FAILED, _STATE.IN_DOUBT, _STATE.QUEUED, _STATE.EXCLUDED, _STATE.EXPIRED}
    ),
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
    """Is the queue in which a message waits. A lower lane is sent first."""

    RAPID = 0
    TRANSACTIONAL = 1
    MARKETING = 2


_LANES: Mapping[Category, Lane] = {
    Category.TRANSACTIONAL: Lane.TRANSACTIONAL,
    Category.MARKETING: Lane.MARKETING,
}


#: Python 3.11 looks for a member in its class for as long as it takes to make a small object.
_MARKETING, _SENDING = Lane.MARKETING, MessageState.SENDING


def lane_of(category: Category, *, rapid: bool = False) -> Lane:
    """Returns the lane of a campaign's messages."""
    return Lane.RAPID if rapid else _LANES[category]


def category_of(lane: Lane) -> Category:
    """Returns the category of the campaigns whose messages have the lane: marketing has one of its own."""
    return Category.MARKETING if lane is _MARKETING else Category.TRANSACTIONAL


#: Holds the labels of a message without any.
NO_LABELS: Mapping[str, str] = {}


@value
class VersionAction:
    """An action of a version of a campaign. All of its messages share it."""

    sandbox: str
    campaign_key: int
    version: int
    id: str
    channel: Channel
    channel_key: int
    """Is the key of the channel configuration that sends its messages."""
    lane: Lane
    topic: str | None = None
    """Is the id of the version's topic."""
    fallback_after: Span | None = None
    """Says how long its channel may take to accept a message before the next action takes its place."""
    category: Category = field(init=False, compare=False, repr=False)
    asks_consent: bool = field(init=False, compare=False, repr=False)
    """Says whether the choices of people decide about its messages."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "category", category_of(self.lane))
        object.__setattr__(self, "asks_consent", self.lane is _MARKETING or self.topic is not None)


@value
class Fallback:
    """A later action of a message's campaign, which takes its place when it fails, is excluded or takes too long."""

    address: str
    content_locale: LocaleChoice
    rule: str | None = ""
    """Is the id of the rule that was true of the recipient, as in a message; None when the action excludes whom no rule
    is true of.
    """


@value
class MessageEnd:
    """Says when a message came to its outcome, and why it was not sent."""

    time: Instant | None = None
    exclusion: Exclusion | None = None
    """Set in EXCLUDED alone."""
    failure: Failure | None = None


NOT_ENDED = MessageEnd()


@value
class Message:
    """One recipient of one action."""

    id: str
    action: VersionAction
    identity: str
    address: str
    """Is empty on a channel that has no addresses."""
    locale: str
    """Is the locale that its recipient wants."""
    context: bytes
    """Is the recipient's data for this trigger, as a JSON object."""
    profile: bytes
    """Holds the recipient's attributes, as a JSON object."""
    state: MessageState
    accept_time: Instant
    release_time: Instant
    """Is the earliest time of its first attempt."""
    due_time: Instant
    """Is the time of its next attempt."""
    expire_time: Instant | None = None
    attempts: BegunAttempts = NO_ATTEMPTS
    labels: Mapping[str, str] = field(default_factory=lambda: NO_LABELS)
    content_locale: LocaleChoice = ENGLISH
    """Is the locale of its content, which was chosen when it was accepted."""
    rule: str = ""
    """Is the id of the rule that was true of its recipient when it was accepted; empty when none was."""
    fallbacks: tuple[Fallback, ...] = ()
    """Holds the later actions, the next of which takes its place when it fails."""
    consent_change: int | None = None
    """Is the key of the choice by which it was accepted or excluded then, or of the one that allowed an attempt if none
    decided then; None when no choice decided.
    """
    sending_policy: KeptPolicy | None = None
    """Is the sending policy that held for it when it was accepted, whose hours it keeps and whose caps count it."""
    profile_key: int | None = None
    """Is the key of the profile that the recipient had when it was accepted; None where nobody was known."""
    cap_person: CapPerson | None = None
    """Says for whom frequency caps count it; None when none does."""
    attachments: tuple[MessageFile, ...] = ()
    """Holds the files that its recipient alone gets."""
    turn: Turn | None = None
    """Is what it waits for, or has waited for, under the rate of its campaign or its policy; None where none holds."""
    end: MessageEnd = NOT_ENDED

    @property
    def name(self) -> str:
        return f"messages/{self.id}"

    @property
    def awaited_turn(self) -> Turn | None:
        """Returns the turn that it waits for now, or that has come; None when it waits for something else, as for a
        retry.
        """
        return self.turn if self.turn is not None and self.turn.due_time == self.due_time else None

    @property
    def over_time(self) -> Instant | None:
        """Returns the time at which it ends unless it was handed over before; None if it has none. It expires then, or
        the next action takes its place.
        """
        after = self.action.fallback_after
        if after is None or not self.fallbacks:
            return self.expire_time
        taken_over = self.release_time + after
        return taken_over if self.expire_time is None else min(taken_over, self.expire_time)

    def is_over(self, now: Instant) -> bool:
        over = self.over_time
        return over is not None and over <= now

    def has_expired(self, now: Instant) -> bool:
        """Returns whether no further action may take its place either."""
        return self.expire_time is not None and self.expire_time <= now

    def is_closed(self, now: Instant) -> bool:
        """Returns whether the hours have ended in which it was claimed."""
        closing = self.attempts.not_after
        return closing is not None and closing <= now

    def begun(self, owner: str, now: Instant) -> Message:
        """Returns the queued message with one more attempt begun by `owner`."""
        # Positional arguments: `replace` takes ten times as long, and every claim creates many messages.
        return Message(
            self.id,
            self.action,
            self.identity,
            self.address,
            self.locale,
            self.context,
            self.profile,
            _SENDING,
            self.accept_time,
            self.release_time,
            self.due_time,
            self.expire_time,
            self.attempts.with_one_more(owner, now),
            self.labels,
            self.content_locale,
            self.rule,
            self.fallbacks,
            self.consent_change,
            self.sending_policy,
            self.profile_key,
            self.cap_person,
            self.attachments,
            self.turn,
        )

    @property
    def execution_id(self) -> str:
        return execution_id_of(self.id)

    @property
    def recipient_index(self) -> int:
        """Returns the recipient's position in its trigger."""
        return int(self.id[_EXECUTION_ID_LENGTH + 1 : -2])

    @property
    def action_index(self) -> int:
        """Returns the action's position in its campaign version."""
        return int(self.id[-1])


#: The id of a message is the id of its execution, followed by the positions of its recipient (four digits; eight from
#: 10,000 on, as in a large audience) and its action (one digit), so that the messages of an execution are stored
#: together. Ids are opaque to callers.
_EXECUTION_ID_LENGTH = 32
#: Precomputed, because formatting a number takes longer than the rest of a name.
_RECIPIENTS = [f"-{index:04d}-" for index in range(10_000)]
_ACTIONS = "0123456789"


def message_id(execution_id: str, recipient: int, action: int) -> str:
    """Returns the id of a message, from the positions of its recipient (0 to 99,999,999) and its action (0 to 9)."""
    try:
        return execution_id + _RECIPIENTS[recipient] + _ACTIONS[action]
    except IndexError:
        return f"{execution_id}-{recipient:08d}-{_ACTIONS[action]}"


def execution_id_of(message_id: str) -> str:
    return message_id[:_EXECUTION_ID_LENGTH]


def positions_of(message_id: str) -> tuple[int, int]:
    """Returns the positions of the recipient and of the action that the id holds."""
    return int(message_id[_EXECUTION_ID_LENGTH + 1 : -2]), int(message_id[-1])
