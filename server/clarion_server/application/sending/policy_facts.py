"""Reads the sending policies of a batch of messages, whose clock counts, and what people have got so far, which it also
stores.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clarion_server.application.people import People
from clarion_server.application.ports.profiles import SandboxIdentity, SandboxNamespace
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.cap_person import STRANGER_MARK, CapPerson, profile_person, stranger_person
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.people.profile import NOBODY, KnownProfile
from clarion_server.domain.sending_policies.cap_ledger import CapLedger, PolicyQuestion
from clarion_server.domain.sending_policies.cap_rules import (
    CapGroup,
    CapKind,
    CapRecipient,
    CapRule,
    CapRules,
    CapScope,
)
from clarion_server.domain.sending_policies.frequency_cap import MAX_COUNT
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sending_policies.sending_policy import SendingPolicy, TimeZoneSource
from clarion_server.domain.triggering.consent_facts import address_identity, address_key


def read_policies(
    unit: UnitOfWork, questions: Sequence[PolicyQuestion], people: People
) -> tuple[SendingHours, CapLedger]:
    """Reads the policies asked about, in a constant number of statements. Those about caps come only where a policy has
    some, and lock what they read until the transaction ends.
    """
    policies = unit.sending_policies.named({(question.sandbox, question.policy) for question in questions})
    asked = [
        (question, policy)
        for question in questions
        if (policy := policies.get((question.sandbox, question.policy))) is not None
        and policy.holds_for(question.category)
    ]
    if not asked:
        return SendingHours(), CapLedger()
    groups = _by_kind(group for question, policy in asked if policy.caps for group in question.groups)
    people.look_up(_identities(asked))
    hours = SendingHours(policies, people.known)
    if not groups:
        return hours, CapLedger()
    return hours, _ledger(unit, groups, CapRules(hours, _tags(unit, policies.values(), groups)), people)


def _by_kind(groups: Iterable[CapGroup]) -> Collection[CapGroup]:
    """Returns one group for each kind: the messages of a claim are groups of one."""
    found: dict[CapKind, CapGroup] = {}
    for group in groups:
        of_kind = found.get(group.kind)
        if of_kind is None:
            found[group.kind] = CapGroup(group.kind, [*group.recipients], [*group.counted_for])
        else:
            of_kind.recipients.extend(group.recipients)
            of_kind.counted_for.extend(group.counted_for)
    return found.values()


def _identities(asked: Iterable[tuple[PolicyQuestion, SendingPolicy]]) -> dict[SandboxNamespace, dict[str, str]]:
    """Returns the identities whose profiles are needed."""
    wanted: dict[SandboxNamespace, dict[str, str]] = {}
    for question, policy in asked:
        if policy.caps or policy.time_zone_source is TimeZoneSource.PROFILE:
            for given, key in question.identities.items():
                wanted.setdefault((question.sandbox, key.namespace), {})[given] = key.value
    return wanted


def _tags(
    unit: UnitOfWork, policies: Iterable[SendingPolicy], groups: Iterable[CapGroup]
) -> Mapping[int, Collection[str]]:
    if all(cap.tag is None for policy in policies for cap in policy.caps):
        return {}
    return unit.campaigns.folded_tags({group.kind.campaign_key for group in groups})


def _ledger(unit: UnitOfWork, groups: Iterable[CapGroup], rules: CapRules, people: People) -> CapLedger:
    counted = [group for group in groups if rules.of(group.kind)]
    found = _Counting(unit, people, rules, counted)
    if found.strangers and (met := unit.caps.hold_strangers(found.strangers)):
        # Others made profiles of them meanwhile.
        people.renew(met)
        found = _Counting(unit, people, rules, counted)
    entries = unit.caps.lock(found.wanted, found.unread_below) if found.wanted else {}
    return CapLedger(rules, found.people, found.formers, entries)


class _Counting:
    """Finds out for whom messages count."""

    def __init__(self, unit: UnitOfWork, people: People, rules: CapRules, counted: Iterable[CapGroup]) -> None:
        self._unit = unit
        self._people = people
        self._count_strangers: bool | None = None
        self._messages = 0
        self._least = MAX_COUNT
        self._may_be_stored = False
        self.people: dict[CapKind, dict[CapRecipient, CapPerson]] = {}
        """Says whom new messages count for, by their kind and recipient."""
        self.wanted: dict[CapScope, dict[CapPerson, bool]] = {}
        """Says whose entries are needed, and whether they are needed even if there are none yet."""
        self.formers: dict[CapPerson, CapPerson] = {}
        """Holds those who were found with a profile, by whom caps took them for before."""
        self.strangers: set[SandboxIdentity] = set()
        """Holds the identities of those without a profile. Nobody must make one until what is counted for them is
        stored, as another transaction would find nothing counted for it.
        """
        for group in counted:
            self._add(group, rules.of(group.kind))
        if self.formers:
            for of_scope in self.wanted.values():
                self._add_formers(of_scope)

    @property
    def unread_below(self) -> int:
        """Returns the number of entries below which every cap has room for all messages of the batch to one person."""
        if self.formers or self._may_be_stored:
            # Entries that move are read.
            return 0
        most = self._messages - min(map(len, self.wanted.values())) + 1
        return self._least - most + 1

    def _add(self, group: CapGroup, rules: Sequence[CapRule]) -> None:
        kind = group.kind
        of_kind = self.people.setdefault(kind, {})
        known, has_owners = self._people.known.get(kind.sandbox, NOBODY), kind.channel is Channel.EMAIL
        persons: dict[CapPerson, bool] = {}
        for stored, (identity, address) in group.counted_for:
            persons[stored] = self._may_be_stored = True
            if stored.startswith(STRANGER_MARK):
                self._find_profile(kind, stored, identity, address)
        for recipient in group.recipients:
            identity, address = recipient
            # Magic recipients use up nothing.
            if recipient not in of_kind and simulated_outcome(address) is None:
                profile = known.get(identity)
                # Nearly every recipient has a profile and its own address, which this does as `_find` without a call.
                if profile and self._count_strangers is False and not (has_owners and identity != f"email:{address}"):
                    person = str(profile.key)
                else:
                    person = self._find(kind, identity, address)
                of_kind[recipient] = person
                persons[person] = True
        self._messages += len(group.recipients) + len(group.counted_for)
        self._least = min(self._least, *(rule.cap.count for rule in rules))
        for rule in rules:
            of_scope = self.wanted.setdefault(rule.scope, {})
            of_scope.update(persons)

    def _add_formers(self, of_scope: dict[CapPerson, bool]) -> None:
        """Adds either person of those who are the same: the entries of both become one, in every scope."""
        for former, person in self.formers.items():
            if person in of_scope:
                of_scope.setdefault(former, False)
            elif former in of_scope:
                of_scope[person] = False

    def _find(self, kind: CapKind, identity: str, address: str) -> CapPerson:
        """Returns the profile that has the identity, else the one that has the address, else whoever has the
        address.
        """
        sandbox, given = kind.sandbox, address_identity(kind.channel, address)
        profile, is_shared = self._owner(kind, identity, address)
        if profile is None:
            asked = (self._people.identity(sandbox, each) for each in (identity, given) if each is not None)
            self.strangers.update(each for each in asked if each is not None)
            return self._stranger(sandbox, identity, address, given)
        person = profile_person(profile.key)
        # What the address has got before counts for the profile, unless somebody else has the address.
        counts_strangers = self._may_be_counted if self._count_strangers is None else self._count_strangers
        if counts_strangers and not is_shared:
            self.formers[self._stranger(sandbox, identity, address, given)] = person
        return person

    def _find_profile(self, kind: CapKind, stranger: CapPerson, identity: str, address: str) -> None:
        """Lets a message that was accepted for somebody without a profile count for the profile there is now."""
        profile, is_shared = self._owner(kind, identity, address)
        if profile is not None and not is_shared:
            self.formers[stranger] = profile_person(profile.key)

    def _owner(self, kind: CapKind, identity: str, address: str) -> tuple[KnownProfile | None, bool]:
        """Returns the profile that has the identity, else the one that has the address, and whether the address is that
        of another profile.
        """
        known, given = self._people.known.get(kind.sandbox, NOBODY), address_identity(kind.channel, address)
        own = known.get(identity)
        owner = own if given is None or given == identity else known.get(given)
        profile = own or owner
        return profile, profile is not None and owner is not None and owner.key != profile.key

    @property
    def _may_be_counted(self) -> bool:
        """Returns whether anything is counted for somebody without a profile. It is asked once, and only about
        profiles.
        """
        if self._count_strangers is None:
            self._count_strangers = self._unit.caps.count_strangers()
        return self._count_strangers

    def _stranger(self, sandbox: str, identity: str, address: str, given: str | None) -> CapPerson:
        if given is not None:
            return stranger_person(sandbox, address_key(address))
        named = self._people.identity(sandbox, identity)
        # What is no identity of its namespace is known by its text.
        key = IdentityKey(*identity.split(":", 1)) if named is None else IdentityKey(*named[1:])
        return stranger_person(sandbox, key)


def store_caps(unit: UnitOfWork, caps: CapLedger, now: Instant) -> None:
    """Stores what the decision about a batch of messages has changed. `now` is the time of the earliest decision."""
    if changed := caps.changed:
        unit.caps.save(changed)
    if caps.added:
        unit.caps.add(caps.added, now)
    if caps.moved:
        unit.messages.set_cap_persons(caps.moved)
