"""Defines the repository of messages."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

from clarion_server.application.ports.queries import (
    DueQuery,
    MessageQuery,
    QueuedEnd,
    QueuedMessage,
    WaitingTurn,
)
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.events.campaign_health import FailingMessage
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message, MessageState
from clarion_server.domain.messages.turns import Turn
from clarion_server.domain.people.cap_person import CapPerson

#: Returns a message as it was when it was queued, by its id; None where that is not known.
KnownMessages = Callable[[str], Message | None]
#: No trigger makes more messages than these: those of 1,000 recipients on 10 actions.
MAX_MESSAGES = 10_000


class MessageRepository(Protocol):
    def add_all(self, messages: Sequence[Message]) -> None: ...

    def get(self, visibility: Visibility, message_id: str) -> Message | None: ...

    def page(self, query: MessageQuery) -> list[Message]:
        """Returns messages, newest first."""
        ...

    def failing(self, campaign_keys: Collection[int]) -> dict[tuple[int, int], FailingMessage]:
        """Returns a message that waits after several attempts, by the keys of its campaign and channel configuration.

        It looks at the hundred messages of each campaign that have waited longest.
        """
        ...

    def failing_channels(self, channel_keys: Collection[int]) -> dict[int, FailingMessage]:
        """Returns a message that waits after several attempts, by the key of its channel configuration."""
        ...

    def state_counts(self, execution_id: str) -> dict[MessageState, int]: ...

    def due(
        self,
        channel_key: int,
        now: Instant,
        limit: int,
        lanes: Collection[Lane] = tuple(Lane),
        known: KnownMessages | None = None,
    ) -> list[Message]:
        """Queued messages of the channel that are due and not held: lower lanes first, then the longest due.

        One that is still as it is `known` is not read whole.
        """
        ...

    def claimable(self, message_ids: Collection[str]) -> list[Message]:
        """Returns those of them that are queued and not held, due or not, by id. What others are claiming at the moment
        is passed over.
        """
        ...

    def queued(self, query: DueQuery) -> list[QueuedMessage]:
        """Queued messages that are due and not held, the longest due first, by id where that is the same."""
        ...

    def next_due_time(
        self, channel_key: int, lanes: Collection[Lane] = tuple(Lane), after: Instant = -1
    ) -> Instant | None:
        """Returns the earliest due time, later than `after`, of the channel's queued messages that are not held."""
        ...

    def waiting(self) -> dict[tuple[int, Lane], Instant]:
        """Returns the earliest due time of the queued messages that are not held, by channel configuration and lane."""
        ...

    def is_waiting(self, channel_key: int) -> bool:
        """Returns whether any message of the channel is queued or being sent."""
        ...

    def has_waiting(self, channel_key: int, lane: Lane, now: Instant, count: int) -> bool:
        """Returns whether at least so many messages of the channel and lane are queued, due and not held."""
        ...

    def may_fall_back_to(self, channel_key: int) -> bool:
        """Returns whether a message that is queued or being sent may be followed by one of the channel."""
        ...

    def with_fallbacks(self, message_ids: Collection[str]) -> set[str]:
        """Returns those of them that messages of the next actions may follow."""
        ...

    def drop_fallbacks(self, execution_id: str) -> None:
        """Lets no message follow one of the execution that is queued or being sent.

        Waits for transactions that move one of these messages. What they have written to follow it is not among these
        messages: ask `may_be_followed` then.
        """
        ...

    def may_be_followed(self, execution_id: str) -> bool:
        """Returns whether a message may follow one of the execution that is queued or being sent."""
        ...

    def drop_fallback(self, message_id: str) -> None:
        """Lets no message follow this one if it is queued or being sent."""
        ...

    def begin(self, message_ids: Collection[str], owner: str, now: Instant) -> None:
        """Moves messages from QUEUED to SENDING in the hands of `owner`, with one more attempt begun. They were just
        read as due.
        """
        ...

    def defer(self, openings: Mapping[str, Instant], now: Instant) -> None:
        """Sets when queued messages are due next, by their ids.

        The time until then is no part of their retry window.
        """
        ...

    def set_cap_persons(self, persons: Mapping[str, CapPerson]) -> None:
        """Sets for whom frequency caps count messages, by their ids."""
        ...

    def keep_policies(self, kept: Mapping[str, KeptPolicy]) -> None:
        """Sets what messages keep of their sending policies, by their ids."""
        ...

    def keep_choices(self, choices: Mapping[str, int]) -> None:
        """Sets the keys of the choices that allow messages, by the ids of these."""
        ...

    def set_turns(self, turns: Mapping[str, Turn]) -> None:
        """Sets what the messages of these ids wait for."""
        ...

    def waiting_turns(self, campaign_key: int, after: str, limit: int) -> list[WaitingTurn]:
        """Returns queued messages of the campaign by their ids, those behind the id `after`."""
        ...

    def make_due(self, message_ids: Collection[str], now: Instant) -> None:
        """Makes queued messages due now."""
        ...

    def hold(self, message_ids: Collection[str]) -> None:
        """Keeps queued messages out of `due` until their campaign is released."""
        ...

    def release(self, campaign_key: int, limit: int) -> int:
        """Lets at most so many held messages of the campaign back into `due`; how many."""
        ...

    def held_campaigns(self) -> set[int]:
        """Returns the keys of the campaigns that have held messages."""
        ...

    def requeue(self, attempts: Mapping[str, int], owner: str) -> None:
        """SENDING → QUEUED for messages that are still in the hands of `owner` in these very attempts, which were
        claimed but never begun: they count no more. `attempts` holds their numbers by the ids of the messages.
        """
        ...

    def record_outcomes(self, outcomes: Sequence[AttemptOutcome], owner: str) -> set[str]:
        """SENDING → another state, for messages that are still in the hands of `owner` in that very attempt.

        Returns the ids of the messages moved. One that another process has taken over is left alone.
        """
        ...

    def end_queued(self, ends: Collection[QueuedEnd], now: Instant) -> set[str]:
        """Moves messages from QUEUED to the ends that are given, and returns the ids of those that it moved."""
        ...

    def queued_among(self, message_ids: Collection[str]) -> list[Message]:
        """Returns those of them that are queued, held ones included, by id. Nobody else moves them until this
        transaction ends, so that their attempts are those that they have when it ends them.
        """
        ...

    def queued_of_execution(self, execution_id: str, limit: int = MAX_MESSAGES) -> list[Message]:
        """Returns the queued messages of an execution as `queued_among` does."""
        ...

    def queued_of_campaign(self, campaign_key: int, limit: int) -> list[Message]:
        """Returns the queued messages of a campaign as `queued_among` does."""
        ...

    def claimed_by(self, owners: Collection[str], limit: int) -> list[Message]:
        """Messages in SENDING that these processes had claimed."""
        ...

    def owners(self) -> set[str]:
        """Returns the processes that have messages in SENDING."""
        ...

    def merge_recipient_index(self, limit: int) -> int:
        """Moves at most `limit` messages to larger segments of the index by recipient, and returns how many; 0 if there
        is nothing to merge.
        """
        ...
