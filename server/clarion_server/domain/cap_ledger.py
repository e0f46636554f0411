"""What frequency caps count for the people of a batch of messages, while the batch is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.cap_rules import Cappable, CappableMessage, CapRule, CapRules
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import Instant
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.value import value


@value
class PolicyQuestion:
    """What must be known to decide when messages of one sandbox and policy may be sent, and whether they have room."""

    sandbox: str
    policy: str
    category: Category
    identities: Mapping[str, IdentityKey]
    """Of the recipients, as far as they are not looked up yet: what each is compared by, by the form that is given."""
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
    """Those whose messages some cap counts, by the sandbox, the identity, the channel and the address."""

    def expected(self, sandbox: str, identity: str, channel: Channel, address: str) -> CapPerson | None:
        """Returns for whom a new message will count; None if no cap counts it."""
        found = self.recipients.get((sandbox, identity, channel, address))
        return None if found is None else found.person

    def of(self, message: Cappable) -> Recipient:
        """Returns the person for whom room was reserved, whatever became of the identity, else the recipient."""
        if message.cap_person is not None:
            return Recipient(message.cap_person)
        return self.recipients[message.sandbox, message.identity, message.channel, message.address]


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
    _rows: dict[str, Sequence[tuple[CapRule, CapRow]]] = field(default_factory=dict, repr=False)
    """What counts each message of the batch, by its id, as it is asked twice."""

    def __post_init__(self) -> None:
        profiles = {former: person for person, former in self.people.recipients.values() if former is not None}
        if not profiles:
            return
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
        for rule, row in self._counted(message):
            entries = self.entries.get(row)
            # Most people have got less than a cap allows, whatever its window.
            if entries is None or len(entries.times) < rule.cap.count:
                continue
            others = [entry for message_id, entry in entries.times.items() if message_id != message.id]
            zone = self.rules.hours.zone(message.sandbox, message.identity, rule.policy)
            if not rule.cap.fits(others, time, zone):
                return rule.policy
        return None

    def reserve(self, message: CappableMessage, time: Instant, now: Instant) -> CapPerson | None:
        """Counts the message at that time, and no more at another one. Returns for whom; None if no cap counts it."""
        person = None
        for rule, row in self._counted(message):
            entries = self.entries.get(row)
            if entries is None:
                # Nothing else counts for this person.
                self.entries[row] = self.changed[row] = CapEntries({message.id: time}, time + rule.memory)
            else:
                entries.times[message.id] = time
                if min(entries.times.values()) <= now - rule.memory:
                    entries.times = _without_old(entries.times, now - rule.memory)
                entries.until = max(entries.times.values(), default=now) + rule.memory
                self.changed[row] = entries
            person = row.person
        return person

    def _counted(self, message: CappableMessage) -> Sequence[tuple[CapRule, CapRow]]:
        """Returns the caps that count the message, each with the row in which it does."""
        found = self._rows.get(message.id)
        if found is None:
            rules = self.rules.of(message)
            person = (message.cap_person or self.people.of(message).person) if rules else ""
            found = self._rows[message.id] = [(rule, CapRow(person, rule.policy.key, rule.scope)) for rule in rules]
        return found


def _without_old(times: dict[str, Instant], last: Instant) -> dict[str, Instant]:
    """Drops the instants that can count no more, up to the last of them."""
    return {message_id: time for message_id, time in times.items() if time > last}
