"""A trigger that passed the checks which need no store, and what must be read from the store to decide about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any

from clarion_server.domain.attachments.message_file import MessageFile
from clarion_server.domain.campaigns.targeting import NO_DATA, RecipientData
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import Lane, category_of
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.sending_policies.cap_ledger import PolicyQuestion
from clarion_server.domain.sending_policies.cap_rules import CapGroup, kind_of
from clarion_server.domain.triggering.consent_facts import ConsentQuestion, identities_of_others
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.triggering.targets import AcceptedRecipient, TargetAction
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation

#: Python 3.11 takes as long to find a member in its class as to create a small object.
_MARKETING = Lane.MARKETING

NO_ATTRIBUTES: Mapping[int, Mapping[str, Any]] = {}
NO_PROFILE_KEYS: Mapping[int, int] = {}
NO_FILES: Mapping[int, tuple[MessageFile, ...]] = {}
#: Reasons of exclusions, by the positions of recipient and action.
Reasons = Mapping[tuple[int, int], ExclusionReason]
NO_REASONS: Reasons = {}


@value
class Trigger:
    """Is a trigger that passed every check that does not need the store."""

    execution: Execution
    """Is the execution without exclusions, which `decide` adds."""
    campaign_revision: int
    """Is the campaign's revision that the trigger was checked against."""
    actions: Sequence[TargetAction]
    lane: Lane
    topic: str | None
    sending_policy: str | None
    """Is the id of the policy whose hours its messages keep and whose caps count them, if there is one that holds."""
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

    def data_of(self, index: int) -> RecipientData | None:
        """Returns the data of the recipient at a position, with stored attributes; None where no action has rules."""
        given, attributes = self.data.get(index), self.attributes.get(index)
        return given if given is None or attributes is None else RecipientData(given.context, attributes)

    @property
    def asks_consent(self) -> bool:
        """Returns whether the choices of people decide about its messages."""
        return self.topic is not None or self.lane is _MARKETING

    @property
    def uses_attributes(self) -> bool:
        """Returns whether attributes of recipients are used before their messages are read from the store."""
        return bool(self.data) or self.explains or any(self.owners)

    def completed(
        self,
        recipients: Sequence[AcceptedRecipient],
        attributes: Mapping[int, Mapping[str, Any]],
        profile_keys: Mapping[int, int],
    ) -> Trigger:
        """Returns the trigger with what is stored about its recipients."""
        # Positional arguments: `replace` takes ten times as long.
        return Trigger(
            self.execution,
            self.campaign_revision,
            self.actions,
            self.lane,
            self.topic,
            self.sending_policy,
            recipients,
            self.release_time,
            self.owners,
            self.refusal,
            attributes,
            profile_keys,
            self.explains,
            self.reasons,
            self.extends,
            self.files,
            self.data,
        )


def consent_question(trigger: Trigger, *, are_known: bool = False) -> ConsentQuestion | None:
    """Returns what must be known about the consent of a trigger's recipients; None when nobody is asked.

    `are_known`: their profiles have been looked up, and those of whoever has their addresses are wanted alone.
    """
    if not trigger.asks_consent:
        return None
    identities = {} if are_known else _identities(trigger)
    channels = {target.action.channel: index for index, target in enumerate(trigger.actions)}
    # Actions of one channel have the same address.
    for channel, index in channels.items():
        pairs = [(each.identity, each.addresses[index]) for each in trigger.recipients]
        identities = {**identities_of_others(channel, pairs), **identities}
    return ConsentQuestion(trigger.execution.sandbox, trigger.topic, identities)


def policy_question(trigger: Trigger, *, are_known: bool = False) -> PolicyQuestion | None:
    """Returns what must be known about the policy of a trigger's messages; None when none can hold for them.

    `are_known`: the profiles of the recipients have been looked up.
    """
    if trigger.sending_policy is None:
        return None
    identities = {} if are_known else _identities(trigger)
    category = category_of(trigger.lane)
    return PolicyQuestion(trigger.execution.sandbox, trigger.sending_policy, category, identities, _cap_groups(trigger))


def _identities(trigger: Trigger) -> dict[str, IdentityKey]:
    return {
        each.identity: IdentityKey(each.identity.partition(":")[0], each.normal_value) for each in trigger.recipients
    }


def _cap_groups(trigger: Trigger) -> Iterator[CapGroup]:
    for index, target in enumerate(trigger.actions):
        recipients = [(each.identity, each.addresses[index], None) for each in trigger.recipients]
        yield CapGroup(kind_of(target.action, trigger.sending_policy), recipients)
