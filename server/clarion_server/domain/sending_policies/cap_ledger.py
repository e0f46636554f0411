"""Says what frequency caps count for the people of a batch of messages, while the batch is decided."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from clarion_server.domain.category import Category
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message
from clarion_server.domain.people.cap_person import CapPerson
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.sending_policies.cap_entries import (
    AddedEntries,
    CapEntries,
    unpacked,
    with_entry,
)
from clarion_server.domain.sending_policies.cap_rules import (
    CapGroup,
    CapKind,
    CapRule,
    CapRules,
    CapScope,
    kind_of_message,
)
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy
from clarion_server.domain.value import value


@value
class PolicyQuestion:
    """Is what decides when messages of one sandbox and policy may be sent, and whether they have room."""

    sandbox: str
    policy: str
    category: Category
    identities: Mapping[str, IdentityKey]
    """Says what the identities of the recipients and of whoever has their addresses are compared by, by the form that
    is given, as far as they are not looked up yet.
    """
    groups: Iterable[CapGroup] = ()
    """Holds the messages for which room is asked. It is read once, and only if the policy has caps."""


#: The entries of all persons, for all caps of a policy that count the same messages.
EntriesByScope = Mapping[CapScope, Mapping[CapPerson, CapEntries]]
#: Messages that count from now on for people whose entries were not read.
AddedByScope = Mapping[CapScope, Mapping[CapPerson, AddedEntries]]
#: By the identity and the address of a recipient: for whom a new message counts.
CountedPeople = Mapping[tuple[str, str], CapPerson]
_NOBODY: CountedPeople = {}


class CountingCap(NamedTuple):
    """Is a cap that counts messages of one kind, with what is counted for all persons."""

    rule: CapRule
    most: int
    """Is the number of messages that it allows."""
    read: dict[CapPerson, CapEntries]
    added: dict[CapPerson, AddedEntries]
    """Is what counts from now on for whoever is not there, and has nothing else, or so little that there is room."""


def have_room(caps: Iterable[CountingCap], person: CapPerson) -> bool:
    """Returns whether the caps have room for the person, whatever their windows, as for most people."""
    for _, most, read, added in caps:
        if person in read:
            if read[person].count >= most:
                return False
        elif person in added and added[person][1] >= most:
            return False
    return True


def count(caps: Iterable[CountingCap], person: CapPerson, message_id: str, time: Instant, now: Instant) -> None:
    """Lets the caps count the message for the person at that time, and no more at another one."""
    for rule, _, read, added in caps:
        if person in read:
            read[person].put(message_id, time, now, rule.memory)
        else:
            added[person] = with_entry(added.get(person), message_id, time, rule.memory)


@dataclass(slots=True)
class CapLedger:
    """Decides whether messages have room, one after the other: each sees what was reserved for those before."""

    rules: CapRules = field(default_factory=CapRules)
    people: Mapping[CapKind, CountedPeople] = field(default_factory=dict)
    """Holds the recipients of new messages that some cap counts, by what these messages have in common."""
    profiles: Mapping[CapPerson, CapPerson] = field(default_factory=dict)
    """Holds the persons who have a profile, by whom caps took them for before."""
    entries: dict[CapScope, dict[CapPerson, CapEntries]] = field(default_factory=dict)
    """Holds what was read. Whoever is missing has so little that there is room for every message of the batch, or
    nothing at all.
    """
    added: dict[CapScope, dict[CapPerson, AddedEntries]] = field(default_factory=dict)
    """Holds what counts from now on for those who are missing there."""
    moved: dict[str, CapPerson] = field(default_factory=dict)
    """Is whom stored messages are counted for, by id, where that has changed."""
    _counting: dict[CapKind, Sequence[CountingCap]] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        if self.profiles:
            for of_scope in self.entries.values():
                for former in [person for person in of_scope if person in self.profiles]:
                    self._unite(of_scope, former, self.profiles[former])

    def _unite(self, of_scope: dict[CapPerson, CapEntries], former: CapPerson, person: CapPerson) -> None:
        """Counts for a profile what was counted before somebody had it."""
        before, entries = of_scope[former], of_scope.get(person) or CapEntries()
        united = CapEntries({**before.times, **entries.times}, max(before.until, entries.until))
        of_scope[person], of_scope[former] = united, CapEntries()
        united.is_changed = of_scope[former].is_changed = True
        self.moved.update(dict.fromkeys(before.times, person))

    @property
    def changed(self) -> EntriesByScope:
        """Returns the entries that were read and differ from what is stored."""
        return {
            scope: changed
            for scope, of_scope in self.entries.items()
            if (changed := {person: entries for person, entries in of_scope.items() if entries.is_changed})
        }

    def of_kind(self, kind: CapKind) -> CountedPeople:
        """Returns whom the caps count that count new messages of this kind."""
        return self.people.get(kind, _NOBODY)

    def counting(self, kind: CapKind) -> Sequence[CountingCap]:
        """Returns the caps that count messages of this kind."""
        found = self._counting.get(kind)
        if found is None:
            found = self._counting[kind] = [self._counting_cap(rule) for rule in self.rules.of(kind)]
        return found

    def _counting_cap(self, rule: CapRule) -> CountingCap:
        read, added = self.entries.setdefault(rule.scope, {}), self.added.setdefault(rule.scope, {})
        return CountingCap(rule, rule.cap.count, read, added)

    def find_full(self, message: Message, time: Instant) -> SendingPolicy | None:
        """Returns the policy of a cap that has no room for the message when it leaves, at that time or at the opening
        of its policy; None if all have.
        """
        kind = kind_of_message(message)
        caps, person = self.counting(kind), self._person(kind, message)
        if person is None or have_room(caps, person):
            return None
        for rule, most, read, added in caps:
            entries = read[person] if person in read else unpacked(added.get(person))
            if entries.count >= most and self._is_full(message, time, rule, entries.times):
                return rule.policy
        return None

    def _is_full(self, message: Message, time: Instant, rule: CapRule, times: Mapping[str, Instant]) -> bool:
        hours = self.rules.hours
        others = [counted for message_id, counted in times.items() if message_id != message.id]
        zone = hours.zone(message.action.sandbox, message.identity, rule.policy)
        return not rule.cap.fits(others, hours.opening(message, time), zone)

    def reserve(self, message: Message, time: Instant, now: Instant) -> CapPerson | None:
        """Counts the message at that time, and no more at another one. Returns for whom; None if no cap counts it."""
        kind = kind_of_message(message)
        caps, person = self.counting(kind), self._person(kind, message)
        if person is None or not caps:
            return None
        count(caps, person, message.id, time, now)
        return person

    def give_back(self, message: Message) -> None:
        """Counts a queued message no more, as it ends without a hand-off."""
        kind = kind_of_message(message)
        person = self._person(kind, message)
        for _, _, read, _ in self.counting(kind):
            if person is not None and person in read:
                read[person].remove(message.id)

    def _person(self, kind: CapKind, message: Message) -> CapPerson | None:
        """Returns for whom the message counts, or is about to."""
        if message.cap_person is None:
            return self.of_kind(kind).get((message.identity, message.address))
        # Room was reserved for this person, whatever became of the identity.
        return self.profiles.get(message.cap_person, message.cap_person)
