"""What frequency caps count for the people of a batch of messages, while the batch is decided."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.frequency_cap import CountedMessage, FrequencyCap
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import Instant
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


@value
class PolicyQuestion:
    """What must be known to decide when messages of one sandbox and policy may be sent, and whether they have room."""

    sandbox: str
    policy: str
    category: Category
    identities: Mapping[str, IdentityKey]
    """Of the recipients: what each is compared by, by the form that is given."""
    messages: Iterable[Cappable] = ()
    """Those for which room is asked. It is read once, and only if the policy has caps."""


class CapRow(NamedTuple):
    """Names the entries of one person for all caps of a policy that count the same messages."""

    person: CapPerson
    policy_key: int
    scope: str


@dataclass(slots=True)
class CapEntries:
    """The messages that count."""

    times: dict[str, Instant] = field(default_factory=dict)
    """When each counts, by message id: the time of its release, or of its last attempt."""
    until: Instant = 0
    """From then on none of them can count."""


class Recipient(NamedTuple):
    person: CapPerson
    former: CapPerson | None = None
    """Whom caps took the recipient for before there was a profile."""


@value
class CapPeople:
    """Who the recipients are."""

    recipients: Mapping[tuple[str, str, Channel, str], Recipient] = field(default_factory=dict)
    """By the sandbox, the identity, the channel and the address of a message."""

    def of(self, message: Cappable) -> Recipient:
        """Returns the person for whom room was reserved, whatever became of the identity, else the recipient."""
        if message.cap_person is not None:
            return Recipient(message.cap_person)
        return self.recipients[message.sandbox, message.identity, message.channel, message.address]


@value
class CapRules:
    """Which caps count a message."""

    hours: SendingHours = field(default_factory=SendingHours)
    tags: Mapping[int, Collection[str]] = field(default_factory=dict)
    """The tags of the campaigns, case-folded, by campaign key, where a cap names one."""

    def of(self, message: Cappable) -> Iterator[tuple[SendingPolicy, FrequencyCap]]:
        policy = self.hours.named(message.sandbox, message.sending_policy)
        # Magic recipients use up nothing.
        if policy is None or not policy.caps or simulated_outcome(message.address) is not None:
            return
        tags = self.tags.get(message.campaign_key, ())
        counted = CountedMessage(message.channel, message.category, message.topic, tags)
        yield from ((policy, cap) for cap in policy.caps if cap.counts(counted))

    def rows(self, messages: Iterable[Cappable], people: CapPeople) -> Iterator[tuple[CapRow, bool]]:
        """Yields the rows that decide about the messages, and whether one is needed even if nothing is stored in it."""
        for message in messages:
            for policy, cap in self.of(message):
                person, former = people.of(message)
                yield CapRow(person, policy.key, cap.scope), True
                if former is not None:
                    yield CapRow(former, policy.key, cap.scope), False


@dataclass(slots=True)
class CapLedger:
    """Decides whether messages have room, one after the other: each sees what was reserved for those before."""

    rules: CapRules = field(default_factory=CapRules)
    people: CapPeople = field(default_factory=CapPeople)
    entries: dict[CapRow, CapEntries] = field(default_factory=dict)
    changed: dict[CapRow, CapEntries] = field(default_factory=dict)
    """The entries to store."""
    moved: dict[str, CapPerson] = field(default_factory=dict)
    """Whom stored messages are counted for, by id, where that has changed."""

    def __post_init__(self) -> None:
        profiles = {former: person for person, former in self.people.recipients.values() if former is not None}
        for row in [row for row in self.entries if row.person in profiles]:
            self._unite(row, row._replace(person=profiles[row.person]))

    def _unite(self, former: CapRow, row: CapRow) -> None:
        """Counts for a profile what was counted before somebody had it."""
        before = self.entries.pop(former)
        entries = self.entries.setdefault(row, CapEntries())
        entries.times = {**before.times, **entries.times}
        entries.until = max(before.until, entries.until)
        self.changed[row], self.changed[former] = entries, CapEntries()
        self.moved.update(dict.fromkeys(before.times, row.person))

    def find_full(self, message: CappableMessage, time: Instant) -> SendingPolicy | None:
        """Returns the policy of a cap that has no room for the message at that time; None if all have."""
        for policy, cap in self.rules.of(message):
            times = self._entries(message, policy, cap).times
            others = [entry for message_id, entry in times.items() if message_id != message.id]
            if not cap.fits(others, time, self.rules.hours.zone(message.sandbox, message.identity, policy)):
                return policy
        return None

    def reserve(self, message: CappableMessage, time: Instant, now: Instant) -> CapPerson | None:
        """Counts the message at that time, and no more at another one. Returns for whom; None if no cap counts it."""
        person = None
        for policy, cap in self.rules.of(message):
            person = self.people.of(message).person
            entries = self._entries(message, policy, cap)
            entries.times[message.id] = time
            _forget_old(entries, _memory(policy, cap.scope), now)
            self.changed[CapRow(person, policy.key, cap.scope)] = entries
        return person

    def _entries(self, message: Cappable, policy: SendingPolicy, cap: FrequencyCap) -> CapEntries:
        return self.entries.setdefault(CapRow(self.people.of(message).person, policy.key, cap.scope), CapEntries())


def _memory(policy: SendingPolicy, scope: str) -> Instant:
    return max(cap.memory for cap in policy.caps if cap.scope == scope)


def _forget_old(entries: CapEntries, memory: Instant, now: Instant) -> None:
    """Drops the instants that can count no more."""
    entries.times = {message_id: time for message_id, time in entries.times.items() if time > now - memory}
    entries.until = max(entries.times.values(), default=now) + memory
