"""Reads the sending policies of a batch of messages, whose clock counts, and what people have got so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clarion_server.application.people import People
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.cap_ledger import CapLedger, CapPeople, CapRow, PolicyQuestion, Recipient
from clarion_server.domain.cap_person import profile_person, stranger_person
from clarion_server.domain.cap_rules import Cappable, CapRules
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent_facts import address_identity, address_key
from clarion_server.domain.identity import IdentityKey
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
    capped = [message for question, policy in asked if policy.caps for message in question.messages]
    people.look_up(_identities(asked, capped))
    hours = SendingHours(policies, people.known)
    if not capped:
        return hours, CapLedger()
    return hours, _ledger(unit, capped, CapRules(hours, _tags(unit, policies.values(), capped)), people)


def _identities(
    asked: Iterable[tuple[PolicyQuestion, SendingPolicy]], capped: Iterable[Cappable]
) -> dict[tuple[str, str], SandboxIdentity]:
    """Returns the identities whose profiles are needed."""
    wanted = {}
    for question, policy in asked:
        if policy.caps or policy.time_zone_source is TimeZoneSource.PROFILE:
            for given, key in question.identities.items():
                wanted[question.sandbox, given] = SandboxIdentity(question.sandbox, *key)
    for message in capped:
        owner = address_identity(message.channel, message.address)
        if owner is not None and owner != message.identity:
            wanted[message.sandbox, owner] = SandboxIdentity(message.sandbox, *address_key(message.address))
    return wanted


def _tags(
    unit: UnitOfWork, policies: Iterable[SendingPolicy], capped: Iterable[Cappable]
) -> Mapping[int, Collection[str]]:
    if all(cap.tag is None for policy in policies for cap in policy.caps):
        return {}
    return unit.campaigns.folded_tags({message.campaign_key for message in capped})


def _ledger(unit: UnitOfWork, capped: Iterable[Cappable], rules: CapRules, people: People) -> CapLedger:
    recipients: dict[tuple[str, str, Channel, str], Recipient] = {}
    rows: dict[CapRow, bool] = {}
    counted = [(message, counting) for message in capped if (counting := rules.of(message))]
    _hold_strangers(unit, (message for message, _ in counted if message.cap_person is None), people)
    whom = _Whom(unit, people)
    for message, counting in counted:
        person, former = message.cap_person, None
        if person is None:
            key = (message.sandbox, message.identity, message.channel, message.address)
            recipient = recipients.get(key)
            if recipient is None:
                recipient = recipients[key] = whom.find(message)
            person, former = recipient
        for rule in counting:
            rows[CapRow(person, rule.policy.key, rule.scope)] = True
            if former is not None:
                rows.setdefault(CapRow(former, rule.policy.key, rule.scope), False)
    return CapLedger(rules, CapPeople(recipients), unit.caps.lock(rows) if rows else {})


def _hold_strangers(unit: UnitOfWork, recipients: Iterable[Cappable], people: People) -> None:
    """Lets nobody make a profile of a recipient without one until what is counted for the recipient is stored.

    Otherwise another transaction could make one meanwhile, and would find nothing counted for it.
    """
    strangers: set[SandboxIdentity] = set()
    for message in recipients:
        own, address = message.identity, address_identity(message.channel, message.address)
        known = [(message.sandbox, each) for each in (own, address) if each is not None]
        if not any(given in people.known for given in known):
            strangers.update(identity for given in known if (identity := people.identity(*given)) is not None)
    if strangers and (met := unit.caps.hold_strangers(strangers)):
        people.renew(met)


class _Whom:
    """Finds out for whom messages count."""

    def __init__(self, unit: UnitOfWork, people: People) -> None:
        self._unit = unit
        self._people = people
        self._count_strangers: bool | None = None

    def find(self, message: Cappable) -> Recipient:
        """Returns the profile that has the identity, else the one that has the address, else whoever has the
        address.
        """
        known, own = self._people.known, (message.sandbox, message.identity)
        given = address_identity(message.channel, message.address)
        owner = known.get(own if given is None else (message.sandbox, given))
        profile = known.get(own) or owner
        if profile is None:
            return Recipient(self._stranger(message, given))
        # What the address has got before counts for the profile, unless somebody else has the address.
        is_shared = owner is not None and owner.key != profile.key
        former = self._stranger(message, given) if not is_shared and self._may_be_counted else None
        return Recipient(profile_person(profile.key), former)

    @property
    def _may_be_counted(self) -> bool:
        """Whether anything is counted for somebody without a profile. It is asked once, and only about profiles."""
        if self._count_strangers is None:
            self._count_strangers = self._unit.caps.count_strangers()
        return self._count_strangers

    def _stranger(self, message: Cappable, given: str | None) -> str:
        if given is not None:
            return stranger_person(message.sandbox, address_key(message.address))
        identity = self._people.identity(message.sandbox, message.identity)
        # What is no identity of its namespace is known by its text.
        key = IdentityKey(*message.identity.split(":", 1)) if identity is None else IdentityKey(*identity[1:])
        return stranger_person(message.sandbox, key)
