"""Decides which caps of the sending policies of a batch of messages count which of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import field
from typing import NamedTuple

from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Span
from clarion_server.domain.messages.message import Message, VersionAction
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.sending_policies.frequency_cap import CountedMessage, FrequencyCap
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.value import value


class CapKind(NamedTuple):
    """Is what messages have in common that the same caps count."""

    sandbox: str
    campaign_key: int
    policy: str | None
    category: Category
    channel: Channel
    topic: str | None


#: Holds the identity and the address of a recipient.
CapRecipient = tuple[str, str]


class CapGroup(NamedTuple):
    """Messages of one kind, some of which may not exist yet."""

    kind: CapKind
    recipients: list[CapRecipient]
    """Holds those of the messages that count for nobody yet."""
    counted_for: list[tuple[CapPerson, CapRecipient]]
    """Holds for whom the other messages count, with their recipients."""


def kind_of(action: VersionAction, policy: str | None) -> CapKind:
    """Returns the kind of an action's messages, which keep the policy of that id."""
    return CapKind(action.sandbox, action.campaign_key, policy, action.category, action.channel, action.topic)


def kind_of_message(message: Message) -> CapKind:
    return kind_of(message.action, None if message.sending_policy is None else message.sending_policy.id)


class CapScope(NamedTuple):
    """Names what all caps of a policy count that count the same messages."""

    policy_key: int
    scope: str
    """Is that of the caps."""


class CapRule(NamedTuple):
    """Is a cap that counts a message."""

    policy: SendingPolicy
    cap: FrequencyCap
    scope: CapScope
    memory: Span
    """Says how long after its instant a message may still count under some cap of the same scope."""


@value
class CapRules:
    hours: SendingHours = field(default_factory=SendingHours)
    tags: Mapping[int, Collection[str]] = field(default_factory=dict)
    """Holds the tags of the campaigns, case-folded, by campaign key, where a cap names one."""
    _known: dict[CapKind, Sequence[CapRule]] = field(default_factory=dict, compare=False, repr=False)
    """Is what was found, since nearly all messages of a batch are counted by the same caps."""

    def of(self, kind: CapKind) -> Sequence[CapRule]:
        rules = self._known.get(kind)
        if rules is None:
            rules = self._known[kind] = tuple(self._find(kind))
        return rules

    def _find(self, kind: CapKind) -> Iterator[CapRule]:
        policy = self.hours.named(kind.sandbox, kind.policy)
        tags = self.tags.get(kind.campaign_key, ())
        counted = CountedMessage(kind.channel, kind.category, kind.topic, tags)
        for cap in () if policy is None else policy.caps:
            if policy is not None and cap.counts(counted):
                scope = cap.scope
                memory = max(each.memory for each in policy.caps if each.scope == scope)
                yield CapRule(policy, cap, CapScope(policy.key, scope), memory)
