"""A trigger that passed the checks which need no store, and what must be read from the store to decide about it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.targeting import NO_DATA, RecipientData
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, category_of
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.sending_policies.cap_rules import CapGroup, kind_of
from clarion_server.domain.triggering.consent_facts import address_key
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.triggering.member_addresses import MemberAddresses
from clarion_server.domain.triggering.targets import AcceptedRecipient, TargetAction
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_MARKETING, _EMAIL = Lane.MARKETING, Channel.EMAIL

NO_ATTRIBUTES: Mapping[int, Mapping[str, Any]] = {}
NO_PROFILES: Mapping[int, bytes] = {}
NO_PROFILE_KEYS: Mapping[int, int] = {}
NO_FILES: Mapping[int, tuple[MessageFile, ...]] = {}
#: Reasons of exclusions, by the positions of recipient and action.
Reasons = Mapping[tuple[int, int], ExclusionReason]
NO_REASONS: Reasons = {}


@dataclass(frozen=True, slots=True, eq=False)
class TriggerKind:
    """Is what all triggers have in common that are checked against a live campaign.

    A live campaign in memory has one, which is equal to no other, so that a batch quickly finds by it what is the same
    for these triggers.
    """

    sandbox: str
    campaign_key: int
    campaign_revision: int
    """Is the campaign's revision that the triggers are checked against."""
    actions: Sequence[TargetAction]
    lane: Lane
    topic: str | None
    sending_policy: str | None
    """Is the id of the policy whose hours the messages keep and whose caps count them, if there is one that holds."""

    @property
    def category(self) -> Category:
        return category_of(self.lane)

    @property
    def asks_consent(self) -> bool:
        """Returns whether the choices of people decide about the messages."""
        return self.topic is not None or self.lane is _MARKETING


@value
class Trigger:
    """Is a trigger that passed every check that does not need the store."""

    execution: Execution
    """Is the execution without exclusions, which `decide` adds."""
    kind: TriggerKind
    recipients: Sequence[AcceptedRecipient]
    release_time: Instant
    owners: Sequence[str | None]
    """Names for each action the process that has capacity for its messages; None when they are queued."""
    refusal: tuple[Violation, ...] = ()
    """Says why the trigger is refused, as far as that depends on stored profiles."""
    attributes: Mapping[int, Mapping[str, Any]] = field(default_factory=lambda: NO_ATTRIBUTES)
    """Holds by position the attributes of the recipients for whom stored ones were added to those of the call, as far
    as the trigger uses them.
    """
    profiles: Mapping[int, bytes] = field(default_factory=lambda: NO_PROFILES)
    """Holds by position the attributes, as JSON, that replace those of the recipients: stored ones were added."""
    profile_keys: Mapping[int, int] = field(default_factory=lambda: NO_PROFILE_KEYS)
    """Holds the keys of the recipients' profiles, by position."""
    explains: bool = False
    """Says whether every exclusion of a message is wanted, and not the first alone."""
    reasons: Reasons = field(default_factory=lambda: NO_REASONS)
    """Says why messages of members of an audience are excluded, as far as that was found when they were completed."""
    extends: bool = False
    """Says whether it adds recipients to an execution that is stored, as each part of an audience does."""
    files: Mapping[int, tuple[MessageFile, ...]] = field(default_factory=lambda: NO_FILES)
    """Holds the files of the recipients who have any, by position."""
    data: Mapping[int, RecipientData] = field(default_factory=lambda: NO_DATA)
    """Is the data of the recipients by position, without stored attributes; empty where no action has rules."""
    addresses: MemberAddresses | None = None
    """Holds the addresses of the members of an audience, of which each has messages to one of them."""

    def data_of(self, index: int) -> RecipientData | None:
        """Returns the data of the recipient at a position, with stored attributes; None where no action has rules."""
        given, attributes = self.data.get(index), self.attributes.get(index)
        return given if given is None or attributes is None else RecipientData(given.context, attributes)

    @property
    def uses_attributes(self) -> bool:
        """Returns whether attributes of recipients are used before their messages are read from the store."""
        return bool(self.data) or self.explains or any(self.owners)

    def completed(
        self,
        recipients: Sequence[AcceptedRecipient],
        attributes: Mapping[int, Mapping[str, Any]],
        profiles: Mapping[int, bytes],
        profile_keys: Mapping[int, int],
    ) -> Trigger:
        """Returns the trigger with what is stored about its recipients."""
        # Positional arguments: `replace` takes ten times as long.
        return Trigger(
            self.execution,
            self.kind,
            recipients,
            self.release_time,
            self.owners,
            self.refusal,
            attributes,
            profiles,
            profile_keys,
            self.explains,
            self.reasons,
            self.extends,
            self.files,
            self.data,
            self.addresses,
        )


def identities_of(recipients: Iterable[AcceptedRecipient]) -> dict[str, IdentityKey]:
    """Returns what the recipients' identities are compared by, by the form that is given."""
    return {each.identity: IdentityKey(each.identity.partition(":")[0], each.normal_value) for each in recipients}


def identities_of_others(kind: TriggerKind, recipients: Sequence[AcceptedRecipient]) -> dict[str, IdentityKey]:
    """Returns the same of whoever has the addresses of the recipients that may be somebody else's."""
    # Actions of one channel have the same address.
    index = next((index for index, target in enumerate(kind.actions) if target.action.channel is _EMAIL), None)
    if index is None:
        return {}
    # Nearly every address is its recipient's identity. This is `address_identity` without a call.
    return {
        f"email:{address}": address_key(address)
        for each in recipients
        if (address := each.addresses[index]) and each.identity != f"email:{address}"
    }


def cap_groups(kind: TriggerKind, recipients: Sequence[AcceptedRecipient]) -> Iterator[CapGroup]:
    """Yields the messages of each action to the recipients, about which caps are asked."""
    for index, target in enumerate(kind.actions):
        to = [(each.identity, each.addresses[index]) for each in recipients]
        yield CapGroup(kind_of(target.action, kind.sending_policy), to, [])
