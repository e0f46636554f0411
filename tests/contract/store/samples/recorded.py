"""Makes people, keys, and what triggers become."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from clarion_server.domain.access.access import ApiKey, Scope
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.events.counter import CounterKey, Metric
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.events.event import Event, message_event
from clarion_server.domain.instant import HOUR, SECOND, Instant
from clarion_server.domain.languages.content_locale import LocaleChoice, LocaleReason
from clarion_server.domain.messages.attempt import Attempt, AttemptResult, Failure, FailureReason
from clarion_server.domain.messages.message import Fallback, Lane, Message, MessageState, VersionAction, message_id
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import Profile
from clarion_server.domain.suppressions.suppression import Suppression, SuppressionReason, SuppressionScope
from clarion_server.domain.triggering.execution import Execution

from tests.contract.store.samples.sandboxes import NOW, SANDBOX, new_id


def identity(namespace: str, normal_value: str, value: str = "") -> Identity:
    return Identity(IdentityKey(namespace, normal_value), value or normal_value)


def profile(*identities: Identity, **changes: Any) -> Profile:
    """Every field differs from its default."""
    whole = Profile(
        sandbox=SANDBOX,
        id=new_id(),
        identities=identities,
        create_time=NOW,
        update_time=NOW + 1,
        attributes={"first_name": "Jane", "age": 42, "tags": ["a", None]},
        locale="pt-BR",
        time_zone="Europe/Berlin",
    )
    return replace(whole, **changes)


def execution(campaign_key: int, **changes: Any) -> Execution:
    plain = Execution(
        id=new_id(),
        sandbox=SANDBOX,
        campaign_key=campaign_key,
        version=1,
        request_id=None,
        fingerprint=bytes(range(32)),
        caller="apiKeys/1",
        accept_time=NOW,
        send_time=None,
        expire_time=None,
        recipient_count=1,
        actions=("email",),
    )
    return replace(plain, **changes)


def message(campaign_key: int, channel_key: int, **changes: Any) -> Message:
    """Returns a queued message that is due, of an execution of its own unless an id is given."""
    queued = Message(
        id=changes.pop("id", None) or message_id(new_id(), 0, 0),
        action=VersionAction(SANDBOX, campaign_key, 1, "email", Channel.EMAIL, channel_key, Lane.TRANSACTIONAL),
        identity="email:jane@example.com",
        address="jane@example.com",
        locale="en",
        context=b'{"order":{"id":"A-1"}}',
        profile=b"{}",
        state=MessageState.QUEUED,
        accept_time=NOW,
        release_time=NOW,
        due_time=NOW,
        content_locale=LocaleChoice("en-GB", LocaleReason.SIBLING),
        rule="gold",
    )
    return changed(queued, **changes)


def changed(of: Message, **changes: Any) -> Message:
    """Returns the message with changes of its own fields and of what is part of others, by the names of `_PARTS`."""
    for part, names in _PARTS.items():
        given = {name: changes.pop(full) for full, name in names.items() if full in changes}
        if given:
            changes[part] = replace(getattr(of, part), **given)
    return replace(of, **changes)


def fallbacks(*addresses: str) -> tuple[Fallback, ...]:
    """Returns later actions with these addresses."""
    return tuple(Fallback(address, LocaleChoice("en", LocaleReason.EXACT), "gold") for address in addresses)


def event(of: Message, state: MessageState = MessageState.SENT, **changes: Any) -> Event:
    """Returns the event of the message's change to that state."""
    return replace(message_event(of, state, NOW), **changes)


def api_key(**changes: Any) -> ApiKey:
    whole = ApiKey(
        id=new_id(),
        display_name="Shop",
        sandbox=SANDBOX,
        scopes=frozenset({Scope.TRIGGER, Scope.READ}),
        secret_hash=bytes(range(255, 223, -1)),
        create_time=NOW,
        creator="apiKeys/1",
    )
    return replace(whole, **changes)


def suppression(target: str = "Jane@Example.com", **changes: Any) -> Suppression:
    """Every field differs from its default."""
    whole = Suppression(
        id=new_id(),
        sandbox=SANDBOX,
        channel=Channel.EMAIL,
        target=target,
        reason=SuppressionReason.HARD_BOUNCE,
        scope=SuppressionScope.MARKETING,
        create_time=NOW,
        creator="apiKeys/1",
        expire_time=NOW + HOUR,
    )
    return replace(whole, **changes)


def outcome(
    of: Message,
    state: MessageState,
    attempt_number: int = 1,
    *,
    time: Instant = NOW + SECOND,
    due_time: Instant | None = None,
    failure: Failure | None = None,
) -> AttemptOutcome:
    """Returns the outcome of that attempt."""
    begun = changed(of, attempt_count=attempt_number)
    result = _RESULTS.get(state)
    attempt = None if result is None else Attempt(attempt_number, NOW, time, result, failure)
    return AttemptOutcome(begun, state, time, message_event(begun, state, time, attempt), due_time)


#: Under which names fields are changed of the values that a message has.
_PARTS = {
    "action": {
        **{name: name for name in ("sandbox", "campaign_key", "version", "channel", "channel_key", "lane", "topic")},
        "action": "id",
        "fallback_after": "fallback_after",
    },
    "attempts": {
        "attempt_count": "count",
        "attempt_time": "last_time",
        "first_attempt_time": "first_time",
        "owner": "owner",
    },
    "end": {"outcome_time": "time", "exclusion": "exclusion", "failure": "failure"},
}
#: The result of the attempt that moves a message to a state.
_RESULTS = {
    MessageState.QUEUED: AttemptResult.DEFERRED,
    MessageState.SENT: AttemptResult.SENT,
    MessageState.FAILED: AttemptResult.FAILED,
    MessageState.IN_DOUBT: AttemptResult.IN_DOUBT,
}


def counter(campaign_key: int, version: int = 1, metric: Metric = Metric.TARGETED, reason: str = "") -> CounterKey:
    return CounterKey(campaign_key, version, "email", "", "", "en", 20_000, metric, reason)


def failure() -> Failure:
    """Every field differs from its default."""
    return Failure(FailureReason.RECIPIENT_REJECTED, "550 5.1.1", "no such user", retries_exhausted=True)
