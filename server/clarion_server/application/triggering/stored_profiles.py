"""Completes the recipients of triggers with what is stored about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.people import People
from clarion_server.application.ports.profiles import SandboxIdentity, SandboxNamespace
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.triggering.addresses import choose_addresses, is_magic
from clarion_server.application.triggering.admission import RecipientInput, to_json
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.consent.choice import choose_locale
from clarion_server.domain.languages.language_tags import read_locale
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.people.identity import Identity, IdentityKey
from clarion_server.domain.people.profile import NOBODY, KnownProfile, Profile, without_nulls
from clarion_server.domain.triggering.acceptance import Facts, known_decision
from clarion_server.domain.triggering.targets import AcceptedRecipient
from clarion_server.domain.triggering.trigger import Trigger
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

_NO_ATTRIBUTES = "{}"
_UNKNOWN = Violation(
    "identity", "PROFILE_UNKNOWN", "No profile has it, and the campaign rejects recipients without one."
)


@value
class MemberUse:
    """Says how profiles are used when the recipients are members of an audience: none of them is rejected, and whoever
    cannot be written to is excluded.
    """

    stored: AbstractSet[int]
    """Holds the positions of those whose identity is their profile's. Without that profile there is no message to them.
    """
    with_addresses: Callable[[UnitOfWork, Trigger], Trigger]
    """Returns the trigger with the addresses that are taken. It is called in the transaction that writes the messages.
    """


@value
class ProfileUse:
    """Says how a trigger uses the stored profiles of its recipients."""

    live: LiveCampaign
    inputs: Sequence[RecipientInput] | Mapping[int, RecipientInput]
    """Holds the recipients as the caller gave them, by position."""
    allow_partial: bool
    lacks_address: bool
    """Says whether a recipient lacks an address that its profile may have."""
    members: MemberUse | None = None
    """Is None when the recipients are those of a call."""

    @property
    def policy(self) -> UnknownRecipientPolicy:
        return self.live.version.definition.unknown_recipient_policy


class StoredProfiles:
    """Reads the profiles of the recipients of a batch of triggers, and completes the recipients."""

    def __init__(self, unit: UnitOfWork, people: People, new_id: Callable[[], str] | None) -> None:
        """`new_id` makes the ids of profiles of unknown recipients. None makes no profiles."""
        self._unit = unit
        self._people = people
        self._new_id = new_id
        self.made: frozenset[int] = frozenset()
        """Holds the keys of the profiles that were made."""
        self.asking: list[tuple[Trigger, frozenset[str]]] = []
        """Holds the completed triggers with rules that ask about audiences, and the ids of these."""

    def complete(self, uses: Sequence[tuple[Trigger, ProfileUse | None]], facts: Facts) -> list[tuple[Trigger, bool]]:
        """Returns the triggers with completed recipients, in their order, each with whether its recipients were looked
        up.

        The profiles are read in one statement, and the new ones written in a constant number of them.
        """
        needing = [
            (trigger, use)
            for trigger, use in uses
            if use is not None and _needs_profiles(trigger, use, facts) and known_decision(trigger, facts) is None
        ]
        if not needing:
            return [(trigger, False) for trigger, _ in uses]
        self._look_up(needing)
        completed = {id(trigger): self._completed(trigger, use) for trigger, use in needing}
        asking = ((trigger, use.live.version.audience_ids) for trigger, use in needing)
        self.asking = [(completed[id(trigger)], audiences) for trigger, audiences in asking if audiences]
        return [(completed.get(id(trigger), trigger), id(trigger) in completed) for trigger, _ in uses]

    def _completed(self, trigger: Trigger, use: ProfileUse) -> Trigger:
        completed = _complete(trigger, use, self._people)
        return completed if use.members is None else use.members.with_addresses(self._unit, completed)

    def _look_up(self, needing: Sequence[tuple[Trigger, ProfileUse]]) -> None:
        wanted: dict[SandboxNamespace, dict[str, str]] = {}
        for trigger, use in needing:
            of_namespace = wanted.setdefault((trigger.execution.sandbox, use.live.namespace.id), {})
            for recipient in trigger.recipients:
                of_namespace[recipient.identity] = recipient.normal_value
        versions = [use.live.version for _, use in needing]
        with_attributes = any(version.reads_profile or version.address_members for version in versions)
        self._people.look_up(wanted, with_attributes=with_attributes)
        if self._new_id is not None:
            self._make_strangers(needing, self._new_id)

    def _make_strangers(self, needing: Sequence[tuple[Trigger, ProfileUse]], new_id: Callable[[], str]) -> None:
        strangers, refused = self._strangers(needing, new_id)
        if not strangers:
            return
        made = self._unit.profiles.add_missing(strangers)
        self.made |= {profile.key for profile in made.values()}
        self._people.add(made)
        if refused:
            # They may name somebody who has a profile now, and be accepted.
            self._make_strangers(refused, new_id)

    def _strangers(
        self, needing: Sequence[tuple[Trigger, ProfileUse]], new_id: Callable[[], str]
    ) -> tuple[list[Profile], list[tuple[Trigger, ProfileUse]]]:
        """Returns the profiles to make, and the triggers that name strangers and are refused. The first trigger that
        names somebody decides what is stored.
        """
        refused = []
        made: dict[SandboxIdentity, Profile] = {}
        by_request: dict[tuple[int, str], tuple[Trigger, ProfileUse]] = {}
        for trigger, use in needing:
            key = trigger.execution.request_key
            if use.policy is not UnknownRecipientPolicy.CREATE:
                continue
            # Of several triggers with one request id in a batch, only the first is accepted that is not refused.
            earlier = None if key is None else by_request.get(key)
            if earlier is not None and not _complete(*earlier, self._people).refusal:
                continue
            strangers = self._strangers_of(trigger, use)
            may_reject = use.lacks_address or len(strangers) < len(trigger.recipients)
            if strangers and may_reject and use.members is None:
                # Nothing is stored about anybody whom a call names in vain.
                completed = _complete(trigger, use, self._people)
                if completed.refusal:
                    refused.append((trigger, use))
                    continue
                rejected = completed.execution.rejections
                strangers = [each for each in strangers if each[1].index not in rejected]
            for wanted, recipient in strangers:
                if wanted not in made:
                    given = use.inputs[recipient.index]
                    made[wanted] = _new_profile(trigger, recipient, given, wanted, new_id())
            if key is not None:
                by_request[key] = trigger, use
        return list(made.values()), refused

    def _strangers_of(self, trigger: Trigger, use: ProfileUse) -> list[tuple[SandboxIdentity, AcceptedRecipient]]:
        """Returns the recipients without a profile who are real people."""
        known = self._people.known.get(trigger.execution.sandbox, NOBODY)
        return [
            (wanted, recipient)
            for wanted, recipient in _keys(trigger, use)
            if recipient.identity not in known and not _is_magic(use.inputs[recipient.index])
        ]


def _needs_profiles(trigger: Trigger, use: ProfileUse, facts: Facts) -> bool:
    return (
        trigger.execution.campaign_key in facts.with_profiles
        or use.lacks_address
        or use.policy is not UnknownRecipientPolicy.ACCEPT
        or use.members is not None
    )


def _keys(trigger: Trigger, use: ProfileUse) -> Iterator[tuple[SandboxIdentity, AcceptedRecipient]]:
    sandbox, namespace = trigger.execution.sandbox, use.live.namespace.id
    for recipient in trigger.recipients:
        yield SandboxIdentity(sandbox, namespace, recipient.normal_value), recipient


def _is_magic(given: RecipientInput) -> bool:
    return is_magic(given.address, given.profile, given.identity)


def _new_profile(
    trigger: Trigger, recipient: AcceptedRecipient, given: RecipientInput, key: SandboxIdentity, profile_id: str
) -> Profile:
    execution = trigger.execution
    identity = Identity(IdentityKey(key.namespace, key.normal_value), recipient.identity.partition(":")[2])
    return Profile(
        execution.sandbox,
        profile_id,
        (identity,),
        execution.accept_time,
        execution.accept_time,
        without_nulls(given.profile),
        read_locale(given.locale) or "",
    )


def _complete(trigger: Trigger, use: ProfileUse, people: People) -> Trigger:
    recipients: list[AcceptedRecipient] = []
    profile_keys: dict[int, int] = {}
    rejections: dict[int, tuple[Violation, ...]] = {}
    reasons: dict[tuple[int, int], ExclusionReason] = {}
    known, completion = people.known.get(trigger.execution.sandbox, NOBODY), _Completion(trigger, use)
    for recipient in trigger.recipients:
        index, profile = recipient.index, known.get(recipient.identity)
        if profile is None and use.members is not None and index in use.members.stored:
            continue
        if profile is None:
            result = _check_unknown(recipient, use)
        else:
            profile_keys[index] = profile.key
            result = completion.complete(recipient, profile)
        if isinstance(result, AcceptedRecipient):
            recipients.append(result)
        elif use.members is not None:
            recipients.append(replace(recipient, addresses=("",) * len(trigger.kind.actions)))
            reason = ExclusionReason.PROFILE_UNKNOWN if _UNKNOWN in result else ExclusionReason.NO_ADDRESS
            reasons.update({(index, action): reason for action in range(len(trigger.kind.actions))})
        else:
            rejections[index] = tuple(violation.under(f"recipients[{index}]") for violation in result)
    if rejections and not (use.allow_partial and recipients):
        return replace(trigger, refusal=tuple(each for found in rejections.values() for each in found))
    if rejections:
        execution = replace(trigger.execution, rejections={**trigger.execution.rejections, **rejections})
        trigger = replace(trigger, execution=execution)
    if reasons:
        trigger = replace(trigger, reasons=reasons)
    return trigger.completed(recipients, completion.attributes, completion.profiles, profile_keys)


#: Is a recipient, or what is wrong.
_Result = AcceptedRecipient | list[Violation]


def _check_unknown(recipient: AcceptedRecipient, use: ProfileUse) -> _Result:
    given, definition = use.inputs[recipient.index], use.live.version.definition
    if use.policy is UnknownRecipientPolicy.REJECT and not _is_magic(given):
        return [_UNKNOWN]
    _, violations = choose_addresses(given.address, given.profile, given.identity, definition)
    return violations or recipient


class _Completion:
    """Completes the recipients of a trigger from their profiles."""

    def __init__(self, trigger: Trigger, use: ProfileUse) -> None:
        version = use.live.version
        self._inputs = use.inputs
        self._definition = version.definition
        self._reads_profile = version.reads_profile
        self._address_members = version.address_members
        self._lacks_address = use.lacks_address
        self._uses_attributes = trigger.uses_attributes
        self.attributes: dict[int, Mapping[str, Any]] = {}
        """Holds the attributes of the call over the stored ones by position, where they are used now."""
        self.profiles: dict[int, bytes] = {}
        """Holds them as JSON by position, where a content may read them."""

    def complete(self, recipient: AcceptedRecipient, profile: KnownProfile) -> _Result:
        index, text = recipient.index, profile.attributes
        given, addresses, locale = self._inputs[index], recipient.addresses, recipient.locale
        if profile.locale and not given.locale and not (given.profile and choose_locale("", given.profile, "").value):
            locale = profile.locale
        reads_stored = self._reads_profile and text != _NO_ATTRIBUTES
        chooses_address = self._lacks_address
        for member in self._address_members:
            chooses_address = chooses_address or member in text
        merged: Mapping[str, Any] | None = None
        # Parsing takes longer than all else here, and a message is stored with the attributes as JSON.
        if chooses_address or (reads_stored and (given.profile or self._uses_attributes)):
            merged = {**orjson.loads(text or _NO_ATTRIBUTES), **given.profile}
        if chooses_address:
            addresses, violations = choose_addresses(given.address, merged or {}, given.identity, self._definition)
            if violations:
                return violations
        if reads_stored:
            self.profiles[index] = to_json(merged or {}) if given.profile else text.encode()
            if merged is not None:
                self.attributes[index] = merged
        if addresses is recipient.addresses and locale == recipient.locale:
            return recipient
        return recipient.completed(addresses, locale)
