"""Says what frequency caps count for the people of a batch of messages, while the batch is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from clarion_server.domain.cap_entries import CapEntries
from clarion_server.domain.cap_person import CapPerson
from clarion_server.domain.cap_rules import CapGroup, CapKind, CappableMessage, CapRule, CapRules, kind_of
from clarion_server.domain.category import Category
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.instant import Instant
from clarion_server.domain.message import Message
from clarion_server.domain.sending_policy import SendingPolicy
from clarion_server.domain.value import value


@value
class PolicyQuestion:
    """Is what decides when messages of one sandbox and policy may be sent, and whether they have room."""

    sandbox: str
    policy: str
    category: Category
    identities: Mapping[str, IdentityKey]
    """Of the recipients, as far as they are not looked up yet: what each is compared by, by the form that is given."""
    groups: Iterable[CapGroup] = ()
    """Holds the messages for which room is asked. It is read once, and only if the policy has caps."""


class CapRow(NamedTuple):
    """Names the entries of one person for all caps of a policy that count the same messages."""

    person: CapPerson
    policy_key: int
    scope: str


#: Holds the caps that count a message, each with the row in which it does.
CountedRows = Sequence[tuple[CapRule, CapRow]]


class Counted(NamedTuple):
    """Is somebody whose new messages some cap counts."""

    person: CapPerson
    rows: CountedRows


#: By the identity and the address of a recipient.
CountedPeople = Mapping[tuple[str, str], Counted]
_NOBODY: CountedPeople = {}


@dataclass(slots=True)
class CapLedger:
    """Decides whether messages have room, one after the other: each sees what was reserved for those before."""

    rules: CapRules = field(default_factory=CapRules)
    people: Mapping[CapKind, CountedPeople] = field(default_factory=dict)
    """Holds the recipients of new messages that some cap counts, by what these messages have in common."""
    profiles: Mapping[CapPerson, CapPerson] = field(default_factory=dict)
    """Holds the persons who have a profile, by whom caps took them for before."""
    entries: dict[CapRow, CapEntries] = field(default_factory=dict)
    changed: dict[CapRow, CapEntries] = field(default_factory=dict)
    """Holds the entries to store."""
    moved: dict[str, CapPerson] = field(default_factory=dict)
    """Is whom stored messages are counted for, by id, where that has changed."""
    expected: dict[str, CountedRows] = field(default_factory=dict, repr=False)
    """Is what counts each message of the batch, by its id, as it is asked twice."""

    def __post_init__(self) -> None:
        if self.profiles:
            for row in [row for row in self.entries if row.person in self.profiles]:
                self._unite(row, row._replace(person=self.profiles[row.person]))

    def _unite(self, former: CapRow, row: CapRow) -> None:
        """Counts for a profile what was counted before somebody had it."""
        before = self.entries.pop(former)
        entries = self.entries.get(row) or CapEntries()
        united = CapEntries({**before.times, **entries.times}, max(before.until, entries.until))
        self.entries[row] = self.changed[row] = united
        self.changed[former] = CapEntries()
        self.moved.update(dict.fromkeys(before.times, row.person))

    def of_kind(self, kind: CapKind) -> CountedPeople:
        """Returns whom the caps count that count new messages of this kind."""
        return self.people.get(kind, _NOBODY)

    def find_full(self, message: Message, time: Instant) -> SendingPolicy | None:
        """Returns the policy of a cap that has no room for the message when it leaves, at that time or at the opening
        of its policy; None if all have.
        """
        for rule, row in self.expected.get(message.id) or self._counted(message):
            entries = self.entries.get(row)
            # Most people have got less than a cap allows, whatever its window.
            if entries is not None and entries.count >= rule.cap.count and self._is_full(message, time, rule, entries):
                return rule.policy
        return None

    def _is_full(self, message: Message, time: Instant, rule: CapRule, entries: CapEntries) -> bool:
        hours = self.rules.hours
        others = [entry for message_id, entry in entries.times.items() if message_id != message.id]
        zone = hours.zone(message.sandbox, message.identity, rule.policy)
        return not rule.cap.fits(others, hours.opening(message, time), zone)

    def reserve(self, message: CappableMessage, time: Instant, now: Instant) -> CapPerson | None:
        """Counts the message at that time, and no more at another one. Returns for whom; None if no cap counts it."""
        person = None
        for rule, row in self.expected.get(message.id) or self._counted(message):
            entries = self.entries.get(row)
            if entries is None:
                # Nothing else counts for this person.
                self.entries[row] = self.changed[row] = CapEntries({message.id: time}, time + rule.memory)
            else:
                entries.put(message.id, time, now, rule.memory)
                self.changed[row] = entries
            person = row.person
        return person

    def _counted(self, message: CappableMessage) -> CountedRows:
        """Returns the caps that count the message, each with the row in which it does."""
        found = self.expected.get(message.id)
        if found is None:
            found = self.expected[message.id] = self._find_counted(message)
        return found

    def _find_counted(self, message: CappableMessage) -> CountedRows:
        kind = kind_of(message)
        if message.cap_person is None:
            counted = self.of_kind(kind).get((message.identity, message.address))
            return () if counted is None else counted.rows
        # Room was reserved for this person, whatever became of the identity.
        return counted_rows(self.rules.of(kind), message.cap_person)


def counted_rows(rules: Sequence[CapRule], person: CapPerson) -> CountedRows:
    return [(rule, CapRow(person, rule.policy.key, rule.scope)) for rule in rules]
