"""Which caps of the sending policies of a batch of messages count which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple, Protocol

from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.frequency_cap import CountedMessage, FrequencyCap
from clarion_server.domain.instant import Span
from clarion_server.domain.magic import simulated_outcome
from clarion_server.domain.sending_hours import SendingHours
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.value import value


class Cappable(Protocol):
    """A message, or what is known of one before it exists."""

    @property
    def sandbox(self) -> str: ...
    @property
    def sending_policy(self) -> str | None: ...
    @property
    def category(self) -> Category: ...
    @property
    def channel(self) -> Channel: ...
    @property
    def topic(self) -> str | None: ...
    @property
    def campaign_key(self) -> int: ...
    @property
    def identity(self) -> str: ...
    @property
    def address(self) -> str: ...
    @property
    def cap_person(self) -> CapPerson | None: ...


class CappableMessage(Cappable, Protocol):
    @property
    def id(self) -> str: ...


@value
class CapCandidate:
    """What is known of a message before it exists, in the form of `Cappable`."""

    sandbox: str
    sending_policy: str | None
    category: Category
    channel: Channel
    topic: str | None
    campaign_key: int
    identity: str
    address: str
    cap_person: CapPerson | None = None


class CapRule(NamedTuple):
    """A cap that counts a message."""

    policy: SendingPolicy
    cap: FrequencyCap
    scope: str
    """That of the cap."""
    memory: Span
    """How long after its instant a message may still count under some cap of the same scope."""


@value
class CapRules:
    hours: SendingHours = field(default_factory=SendingHours)
    tags: Mapping[int, Collection[str]] = field(default_factory=dict)
    """The tags of the campaigns, case-folded, by campaign key, where a cap names one."""
    _known: dict[tuple[object, ...], Sequence[CapRule]] = field(default_factory=dict, compare=False, repr=False)
    """What was found, since nearly all messages of a batch are counted by the same caps."""

    def of(self, message: Cappable) -> Sequence[CapRule]:
        # Magic recipients use up nothing.
        if simulated_outcome(message.address) is not None:
            return ()
        # A campaign has one sandbox.
        kind = (message.campaign_key, message.sending_policy, message.category, message.channel, message.topic)
        rules = self._known.get(kind)
        if rules is None:
            rules = self._known[kind] = tuple(self._find(message))
        return rules

    def _find(self, message: Cappable) -> Iterator[CapRule]:
        policy = self.hours.named(message.sandbox, message.sending_policy)
        tags = self.tags.get(message.campaign_key, ())
        counted = CountedMessage(message.channel, message.category, message.topic, tags)
        for cap in () if policy is None else policy.caps:
            if policy is not None and cap.counts(counted):
                scope = cap.scope
                yield CapRule(policy, cap, scope, max(each.memory for each in policy.caps if each.scope == scope))
