"""Reads the sending policies of a batch of messages, whose clock counts, and what people have got so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clarion_server.application.people import People
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.cap_ledger import CapLedger, CapRow, Counted, PolicyQuestion, counted_rows
from clarion_server.domain.cap_person import CapPerson, profile_person, stranger_person
from clarion_server.domain.cap_rules import CapGroup, CapKind, CapRecipient, CapRules
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent_facts import address_identity, address_key
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.magic import simulated_outcome
from clarion_server.domain.sending_hours import SendingHours
from clarion_server.domain.sending_policy import SendingPolicy, TimeZoneSource


def read_policies(
    unit: UnitOfWork, questions: Sequence[PolicyQuestion], people: People
) -> tuple[SendingHours, CapLedger]:
    """Reads in a constant number of statements. Those about caps come only where a policy has some, and lock what
    they read until the transaction ends.
    """
    policies = unit.sending_policies.named({(question.sandbox, question.policy) for question in questions})
    asked = [
        (question, policy)
        for question in questions
        if (policy := policies.get((question.sandbox, question.policy))) is not None
        and policy.holds_for(question.category)
    ]
    capped = [group for question, policy in asked if policy.caps for group in question.groups]
    people.look_up(_identities(asked, capped))
    hours = SendingHours(policies, people.known)
    if not capped:
        return hours, CapLedger()
    return hours, _ledger(unit, capped, CapRules(hours, _tags(unit, policies.values(), capped)), people)


def _identities(
    asked: Iterable[tuple[PolicyQuestion, SendingPolicy]], capped: Iterable[CapGroup]
) -> dict[tuple[str, str], SandboxIdentity]:
    """Returns the identities whose profiles are needed."""
    wanted = {}
    for question, policy in asked:
        if policy.caps or policy.time_zone_source is TimeZoneSource.PROFILE:
            for given, key in question.identities.items():
                wanted[question.sandbox, given] = SandboxIdentity(question.sandbox, *key)
    for kind, recipients in capped:
        for address in _addresses_of_others(kind, recipients):
            wanted[kind.sandbox, f"email:{address}"] = SandboxIdentity(kind.sandbox, *address_key(address))
    return wanted


def _addresses_of_others(kind: CapKind, recipients: Sequence[CapRecipient]) -> list[str]:
    """Returns the addresses that may belong to somebody else than the recipient."""
    if kind.channel is not Channel.EMAIL:
        return []
    return [address for identity, address, _ in recipients if address and identity != f"email:{address}"]


def _tags(
    unit: UnitOfWork, policies: Iterable[SendingPolicy], capped: Iterable[CapGroup]
) -> Mapping[int, Collection[str]]:
    if all(cap.tag is None for policy in policies for cap in policy.caps):
        return {}
    return unit.campaigns.folded_tags({group.kind.campaign_key for group in capped})


def _ledger(unit: UnitOfWork, groups: Iterable[CapGroup], rules: CapRules, people: People) -> CapLedger:
    counted = [(group, counting) for group in groups if (counting := rules.of(group.kind))]
    _hold_strangers(unit, (group for group, _ in counted), people)
    whom = _Whom(unit, people)
    rows: dict[CapRow, bool] = {}
    formers: dict[CapRow, bool] = {}
    found: dict[CapKind, dict[tuple[str, str], Counted]] = {}
    for (kind, recipients), counting in counted:
        of_kind = found.setdefault(kind, {})
        for identity, address, counted_for in recipients:
            if counted_for is not None:
                rows.update((row, True) for _, row in counted_rows(counting, counted_for))
            # Magic recipients use up nothing.
            elif (identity, address) not in of_kind and simulated_outcome(address) is None:
                person, former = whom.find(kind, identity, address)
                own = counted_rows(counting, person)
                of_kind[identity, address] = Counted(person, own)
                for _, row in own:
                    rows[row] = True
                if former is not None:
                    formers.update((row._replace(person=former), False) for _, row in own)
    return CapLedger(rules, found, whom.formers, unit.caps.lock({**formers, **rows}) if rows else {})


def _hold_strangers(unit: UnitOfWork, groups: Iterable[CapGroup], people: People) -> None:
    """Lets nobody make a profile of a recipient without one until what is counted for the recipient is stored.

    Otherwise another transaction could make one meanwhile, and would find nothing counted for it.
    """
    strangers: set[SandboxIdentity] = set()
    known = people.known
    for kind, recipients in groups:
        sandbox = kind.sandbox
        for identity, address, person in [each for each in recipients if (sandbox, each[0]) not in known]:
            owner = address_identity(kind.channel, address)
            is_owned = owner is not None and (sandbox, owner) in known
            if person is None and not is_owned and simulated_outcome(address) is None:
                asked = (people.identity(sandbox, each) for each in (identity, owner) if each is not None)
                strangers.update(each for each in asked if each is not None)
    if strangers and (met := unit.caps.hold_strangers(strangers)):
        people.renew(met)


class _Whom:
    """Finds out for whom messages count."""

    def __init__(self, unit: UnitOfWork, people: People) -> None:
        self._unit = unit
        self._people = people
        self._count_strangers: bool | None = None
        self.formers: dict[CapPerson, CapPerson] = {}
        """Those who were found with a profile, by whom caps took them for before."""

    def find(self, kind: CapKind, identity: str, address: str) -> tuple[CapPerson, CapPerson | None]:
        """Returns the profile that has the identity, else the one that has the address, else whoever has the
        address; and whom caps took a profile for before.
        """
        known, sandbox = self._people.known, kind.sandbox
        own, given = known.get((sandbox, identity)), address_identity(kind.channel, address)
        owner = own if given is None or given == identity else known.get((sandbox, given))
        profile = own or owner
        if profile is None:
            return self._stranger(sandbox, identity, address, given), None
        person = profile_person(profile.key)
        # What the address has got before counts for the profile, unless somebody else has the address.
        is_shared = owner is not None and owner is not own and owner.key != profile.key
        counts_strangers = self._may_be_counted if self._count_strangers is None else self._count_strangers
        if is_shared or not counts_strangers:
            return person, None
        former = self._stranger(sandbox, identity, address, given)
        self.formers[former] = person
        return person, former

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
