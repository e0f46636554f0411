"""Reads the sending policies of a batch of messages, whose clock counts, and what people have got so far."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.domain.cap_ledger import CapLedger, CapPeople, PolicyQuestion, Recipient, rows_of
from clarion_server.domain.cap_person import profile_person, stranger_person
from clarion_server.domain.cap_rules import Cappable, CapRules
from clarion_server.domain.consent_facts import address_identity, address_key
from clarion_server.domain.identity import IdentityKey
from clarion_server.domain.profile import ProfileClock
from clarion_server.domain.sending_hours import SendingHours
from clarion_server.domain.sending_policy import SendingPolicy, TimeZoneSource

#: What identities are compared by, by the sandbox and the form that is given.
_Keys = dict[tuple[str, str], IdentityKey]
_Profiles = Mapping[tuple[str, str], ProfileClock]


def read_policies(unit: UnitOfWork, questions: Sequence[PolicyQuestion]) -> tuple[SendingHours, CapLedger]:
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
    keys = _identities(asked, capped)
    profiles = _profiles(unit, keys)
    hours = SendingHours(policies, {given: found.time_zone for given, found in profiles.items() if found.time_zone})
    if not capped:
        return hours, CapLedger()
    return hours, _ledger(unit, capped, CapRules(hours, _tags(unit, policies.values(), capped)), keys, profiles)


def _identities(asked: Iterable[tuple[PolicyQuestion, SendingPolicy]], capped: Iterable[Cappable]) -> _Keys:
    """Returns the identities whose profiles are needed."""
    keys: _Keys = {}
    for question, policy in asked:
        if policy.caps or policy.time_zone_source is TimeZoneSource.PROFILE:
            keys |= {(question.sandbox, given): key for given, key in question.identities.items()}
    for message in capped:
        owner = address_identity(message.channel, message.address)
        if owner is not None and (message.sandbox, owner) not in keys:
            keys[message.sandbox, owner] = address_key(message.address)
    return keys


def _profiles(unit: UnitOfWork, keys: _Keys) -> _Profiles:
    wanted = {given: SandboxIdentity(given[0], *key) for given, key in keys.items()}
    stored = unit.profiles.clocks(set(wanted.values())) if wanted else {}
    return {given: stored[identity] for given, identity in wanted.items() if identity in stored}


def _tags(
    unit: UnitOfWork, policies: Iterable[SendingPolicy], capped: Iterable[Cappable]
) -> Mapping[int, Collection[str]]:
    if all(cap.tag is None for policy in policies for cap in policy.caps):
        return {}
    return unit.campaigns.folded_tags({message.campaign_key for message in capped})


def _ledger(
    unit: UnitOfWork, capped: Sequence[Cappable], rules: CapRules, keys: _Keys, profiles: _Profiles
) -> CapLedger:
    counted = [message for message in capped if rules.of(message)]
    people = _people(counted, keys, profiles)
    rows = dict(rows_of(counted, rules, people))
    return CapLedger(rules, people, unit.caps.lock(rows) if rows else {})


def _people(counted: Iterable[Cappable], keys: _Keys, profiles: _Profiles) -> CapPeople:
    recipients = {
        (message.sandbox, message.identity, message.channel, message.address): _recipient(message, keys, profiles)
        for message in counted
        if message.cap_person is None
    }
    return CapPeople(recipients)


def _recipient(message: Cappable, keys: _Keys, profiles: _Profiles) -> Recipient:
    """Returns the profile that has the identity, else the one that has the address, else whoever has the address."""
    own = message.sandbox, message.identity
    given = address_identity(message.channel, message.address)
    address = own if given is None else (message.sandbox, given)
    # What is no identity of its namespace is known by its text.
    key = keys.get(address) or IdentityKey(*message.identity.split(":", 1))
    stranger = stranger_person(message.sandbox, key)
    owner = profiles.get(address)
    profile = profiles.get(own) or owner
    if profile is None:
        return Recipient(stranger)
    # What the address has got before counts for the profile, unless somebody else has the address.
    is_shared = owner is not None and owner.key != profile.key
    return Recipient(profile_person(profile.key), None if is_shared else stranger)
