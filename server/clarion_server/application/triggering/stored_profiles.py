"""Completes the recipients of triggers with what is stored about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.profiles import SandboxIdentity
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.triggering.addresses import choose_addresses, is_magic
from clarion_server.application.triggering.admission import RecipientInput, to_json
from clarion_server.domain.acceptance import Facts, Trigger, known_decision
from clarion_server.domain.campaign import UnknownRecipientPolicy
from clarion_server.domain.choice import choose_locale
from clarion_server.domain.exclusion import ExclusionReason
from clarion_server.domain.identity import Identity, IdentityKey
from clarion_server.domain.language_tags import read_locale
from clarion_server.domain.profile import KnownProfile, Profile, without_nulls
from clarion_server.domain.targets import AcceptedRecipient
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

Known = Mapping[SandboxIdentity, KnownProfile]

_UNKNOWN = Violation(
    "identity", "PROFILE_UNKNOWN", "No profile has it, and the campaign rejects recipients without one."
)


@value
class MemberUse:
    """What differs when the recipients are members of an audience: none of them is rejected. Whoever cannot be written
    to is excluded.
    """

    stored: AbstractSet[int]
    """The positions of those whose identity is their profile's. Without that profile there is no message to them."""
    check_repeated: Callable[[UnitOfWork, Trigger], Trigger]
    """Excludes those whose address an earlier member had. It is called in the transaction that writes the messages."""


@value
class ProfileUse:
    """How a trigger uses the stored profiles of its recipients."""

    live: LiveCampaign
    inputs: Sequence[RecipientInput] | Mapping[int, RecipientInput]
    """The recipients as the caller gave them, by position."""
    allow_partial: bool
    lacks_address: bool
    """Whether a recipient lacks an address that its profile may have."""
    members: MemberUse | None = None
    """None: the recipients are those of a call."""

    @property
    def policy(self) -> UnknownRecipientPolicy:
        return self.live.version.definition.unknown_recipient_policy

    @property
    def reads_attributes(self) -> bool:
        """Whether a content or an address may come from stored attributes."""
        return self.live.version.reads_profile or bool(self.address_members)

    @property
    def address_members(self) -> set[str]:
        """The beginnings of the JSON members that may hold an address."""
        contents = (action.content for action in self.live.version.definition.actions)
        return {f'"{content.address_attribute}"' for content in contents if content.address_attribute}


class StoredProfiles:
    """Reads the profiles of the recipients of a batch of triggers, and completes the recipients."""

    def __init__(self, unit: UnitOfWork, new_id: Callable[[], str] | None) -> None:
        """`new_id` makes the ids of profiles of unknown recipients. None makes no profiles."""
        self._unit = unit
        self._new_id = new_id

    def complete(self, uses: Sequence[tuple[Trigger, ProfileUse | None]], facts: Facts) -> list[Trigger]:
        """Returns the triggers with completed recipients, in their order.

        The profiles are read in one statement, and the new ones written in a constant number of them.
        """
        needing = [
            (trigger, use)
            for trigger, use in uses
            if use is not None and _needs_profiles(trigger, use, facts) and known_decision(trigger, facts) is None
        ]
        if not needing:
            return [trigger for trigger, _ in uses]
        known = self._read(needing)
        completed = {id(trigger): self._completed(trigger, use, known) for trigger, use in needing}
        return [completed.get(id(trigger), trigger) for trigger, _ in uses]

    def _completed(self, trigger: Trigger, use: ProfileUse, known: Known) -> Trigger:
        completed = _complete(trigger, use, known)
        return completed if use.members is None else use.members.check_repeated(self._unit, completed)

    def _read(self, needing: Sequence[tuple[Trigger, ProfileUse]]) -> Known:
        wanted = {key for trigger, use in needing for key, _ in _keys(trigger, use)}
        with_attributes = any(use.reads_attributes for _, use in needing)
        known = self._unit.profiles.known(wanted, with_attributes=with_attributes)
        if self._new_id is not None and (strangers := self._strangers(needing, known, self._new_id)):
            return {**known, **self._unit.profiles.add_missing(strangers)}
        return known

    def _strangers(
        self, needing: Sequence[tuple[Trigger, ProfileUse]], known: Known, new_id: Callable[[], str]
    ) -> list[Profile]:
        """Returns the profiles to make. The first trigger that names somebody decides what is stored."""
        made: dict[SandboxIdentity, Profile] = {}
        request_keys = set()
        for trigger, use in needing:
            key = trigger.execution.request_key
            # Of several triggers with one request id in a batch, only the first is accepted.
            if use.policy is UnknownRecipientPolicy.CREATE and (key is None or key not in request_keys):
                for wanted, recipient in _keys(trigger, use):
                    given = use.inputs[recipient.index]
                    if wanted not in known and wanted not in made and not _is_magic(given):
                        made[wanted] = _new_profile(trigger, recipient, given, wanted, new_id())
            request_keys.add(key)
        return list(made.values())


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


def _complete(trigger: Trigger, use: ProfileUse, known: Known) -> Trigger:
    recipients: list[AcceptedRecipient] = []
    attributes: dict[int, Mapping[str, Any]] = {}
    profile_keys: dict[int, int] = {}
    rejections: dict[int, tuple[Violation, ...]] = {}
    reasons: dict[tuple[int, int], ExclusionReason] = {}
    members = use.address_members
    for key, recipient in _keys(trigger, use):
        index, profile = recipient.index, known.get(key)
        if profile is None and use.members is not None and index in use.members.stored:
            continue
        if profile is None:
            result = _check_unknown(recipient, use)
        else:
            profile_keys[index] = profile.key
            result = _complete_recipient(recipient, profile, use, members)
        if isinstance(result, _Completed):
            recipients.append(result.recipient)
            if result.attributes is not None:
                attributes[index] = result.attributes
        elif use.members is not None:
            recipients.append(replace(recipient, addresses=("",) * len(trigger.actions)))
            reason = ExclusionReason.PROFILE_UNKNOWN if _UNKNOWN in result else ExclusionReason.NO_ADDRESS
            reasons.update({(index, action): reason for action in range(len(trigger.actions))})
        else:
            rejections[index] = tuple(violation.under(f"recipients[{index}]") for violation in result)
    if rejections and not (use.allow_partial and recipients):
        return replace(trigger, refusal=tuple(each for found in rejections.values() for each in found))
    if rejections:
        execution = replace(trigger.execution, rejections={**trigger.execution.rejections, **rejections})
        trigger = replace(trigger, execution=execution)
    if reasons:
        trigger = replace(trigger, reasons=reasons)
    return replace(trigger, recipients=recipients, attributes=attributes, profile_keys=profile_keys)


@value
class _Completed:
    recipient: AcceptedRecipient
    attributes: Mapping[str, Any] | None = None
    """Those of the call over the stored ones, for a content that reads them. None: those of the call alone."""


def _check_unknown(recipient: AcceptedRecipient, use: ProfileUse) -> _Completed | list[Violation]:
    given, definition = use.inputs[recipient.index], use.live.version.definition
    if use.policy is UnknownRecipientPolicy.REJECT and not _is_magic(given):
        return [_UNKNOWN]
    _, violations = choose_addresses(given.address, given.profile, given.identity, definition)
    return violations or _Completed(recipient)


def _complete_recipient(
    recipient: AcceptedRecipient, profile: KnownProfile, use: ProfileUse, members: Iterable[str]
) -> _Completed | list[Violation]:
    given, version = use.inputs[recipient.index], use.live.version
    stored = _stored_attributes(profile, use, members)
    is_given = choose_locale(given.locale, given.profile, "").value
    locale = recipient.locale if is_given else profile.locale or recipient.locale
    if not stored and not use.lacks_address:
        return _Completed(recipient if locale == recipient.locale else replace(recipient, locale=locale))
    merged = {**stored, **given.profile} if given.profile else stored
    addresses = recipient.addresses
    if use.lacks_address or any(member in profile.attributes for member in members):
        addresses, violations = choose_addresses(given.address, merged, given.identity, version.definition)
        if violations:
            return violations
    reads_stored = bool(stored) and version.reads_profile
    completed = AcceptedRecipient(
        recipient.index,
        recipient.identity,
        addresses,
        locale,
        recipient.context,
        _json_of(merged, profile, given) if reads_stored else recipient.profile,
        recipient.labels,
        recipient.normal_value,
    )
    return _Completed(completed, merged if reads_stored else None)


def _json_of(merged: Mapping[str, Any], profile: KnownProfile, given: RecipientInput) -> bytes:
    return to_json(merged) if given.profile else profile.attributes.encode()


def _stored_attributes(profile: KnownProfile, use: ProfileUse, address_members: Iterable[str]) -> Mapping[str, Any]:
    """Returns the stored attributes, unless nothing is read of them: parsing them takes longer than all else."""
    text = profile.attributes
    if use.live.version.reads_profile or any(member in text for member in address_members):
        attributes: Mapping[str, Any] = orjson.loads(text)
        return attributes
    return {}
