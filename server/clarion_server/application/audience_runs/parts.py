"""Makes triggers of the members of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from orjson import loads

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.audience_runs import RunMember
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.triggering.accept import AcceptItem
from clarion_server.application.triggering.addresses import choose_addresses
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.application.triggering.stored_profiles import MemberUse, ProfileUse
from clarion_server.domain.addresses.address_key import email_key
from clarion_server.domain.audiences.audience_run import AudienceRun, PartResult
from clarion_server.domain.audiences.taken_addresses import TakenAddresses, address_hash, holds_hash
from clarion_server.domain.campaigns.campaign_definition import UnknownRecipientPolicy
from clarion_server.domain.campaigns.targeting import NO_DATA, RecipientData
from clarion_server.domain.consent.choice import choose_locale
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.exclusion import ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.triggering.acceptance import Accepted
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.triggering.member_addresses import MemberAddresses, address_of_member
from clarion_server.domain.triggering.targets import AcceptedRecipient
from clarion_server.domain.triggering.trigger import Trigger

_NO_PROFILE = b"{}"


@dataclass(slots=True)
class Part:
    """Holds the next members of a run, and a trigger for those of them who can have messages."""

    run: AudienceRun
    live: LiveCampaign
    members: Sequence[RunMember]
    taken: TakenAddresses
    """Holds the addresses that messages to earlier members have."""
    addresses: MemberAddresses = field(init=False)
    """Says which of the members have messages, as soon as the trigger is decided."""
    hashes: Mapping[str, bytes] = field(init=False)
    """Holds the hashes of their addresses."""

    def item(self, execution: Execution, now: Instant) -> AcceptItem:
        """Returns what is to be accepted. The messages are accepted, and may leave, at `now`."""
        live, version = self.live, self.live.version
        recipients, lacks_address = self._recipients()
        inputs = {each.index: RecipientInput(each.identity, locale=self.run.locale) for each in recipients}
        trigger = Trigger(
            # The request id stays with the execution, which is stored already.
            replace(execution, request_id=None, accept_time=now),
            live.kind,
            recipients,
            now,
            (None,) * len(version.actions),
            extends=True,
            data=dict.fromkeys(inputs, RecipientData(loads(self.run.context), {})) if version.has_rules else NO_DATA,
        )
        stored = {member.ordinal for member in self.members if not member.is_listed}
        members = MemberUse(stored, self._with_addresses)
        use = ProfileUse(live, inputs, allow_partial=True, lacks_address=lacks_address, members=members)
        return AcceptItem(trigger, (), (None,) * len(version.actions), use)

    def _recipients(self) -> tuple[list[AcceptedRecipient], bool]:
        """Returns the members who have an identity, and whether one of them may lack an address."""
        definition = self.live.version.definition
        recipients: list[AcceptedRecipient] = []
        lacks_address = False
        locale = choose_locale(self.run.locale, {}, definition.default_locale).value
        for member in self.members:
            if member.identity is None:
                continue
            identity, normal_value = str(member.identity), member.identity.key.value
            addresses, missing = choose_addresses("", {}, identity, definition)
            lacks_address |= bool(missing)
            recipients.append(
                AcceptedRecipient(
                    member.ordinal,
                    identity,
                    addresses,
                    locale,
                    self.run.context,
                    _NO_PROFILE,
                    self.run.labels,
                    normal_value,
                )
            )
        return recipients, lacks_address

    def result(self, accepted: Accepted) -> PartResult:
        reached = {
            message.recipient_index for message in accepted.messages if message.state is not MessageState.EXCLUDED
        }
        # The first of a member's actions counts.
        excluded = {index: reason for (index, _), reason in reversed(list(accepted.execution.exclusions.items()))}
        reasons = [
            excluded.get(member.ordinal) or self._reason_without_message(member)
            for member in self.members
            if member.ordinal not in reached
        ]
        exclusions = Counter(reason for reason in reasons if reason is not None)
        return PartResult(len(self.members), len(reached), exclusions, reasons.count(None))

    def _with_addresses(self, unit: UnitOfWork, trigger: Trigger) -> Trigger:
        """Returns the trigger with the addresses of its recipients, and those that messages of the run have."""
        wanted = {}
        for recipient in trigger.recipients:
            for index, target in enumerate(trigger.kind.actions):
                given, channel = recipient.addresses[index], target.action.channel
                address = address_of_member(channel, email_key(given), recipient.normal_value)
                if address is not None:
                    wanted[recipient.index, index] = address
        self.hashes = {address: address_hash(self.run, address) for address in wanted.values()}
        self.addresses = MemberAddresses(wanted, _stored_of(self.run, self.taken, unit, self.hashes))
        return replace(trigger, addresses=self.addresses)

    def take_addresses(self, unit: UnitOfWork) -> None:
        """Stores the addresses of the messages that were just accepted, so that no later member has one."""
        if hashes := [self.hashes[address] for address in self.addresses.of_members()]:
            unit.audience_runs.add_addresses(self.run, b"".join(hashes))
            # If this is rolled back, they are looked for in the store and not found.
            self.taken.add(hashes, self.run.decided_count)

    def _reason_without_message(self, member: RunMember) -> ExclusionReason | None:
        """Returns why there is no message to a member; None when the profile was deleted, perhaps a moment ago."""
        if member.is_deleted or member.identity is not None:
            return None
        policy = self.live.version.definition.unknown_recipient_policy
        if member.is_unknown and policy is UnknownRecipientPolicy.REJECT:
            return ExclusionReason.PROFILE_UNKNOWN
        return ExclusionReason.NO_IDENTITY


def _stored_of(run: AudienceRun, taken: TakenAddresses, unit: UnitOfWork, hashes: Mapping[str, bytes]) -> list[str]:
    """Returns those of the addresses that earlier members of the run have taken."""
    # What is found under the next ordinal is of an attempt at this part that was rolled back.
    found = {
        address: earlier
        for address, each in hashes.items()
        if (earlier := [ordinal for ordinal in taken.find(each) if ordinal < run.decided_count])
    }
    if not found:
        return []
    stored = unit.audience_runs.addresses(run, {ordinal for ordinals in found.values() for ordinal in ordinals})
    return [
        address
        for address, ordinals in found.items()
        if any(holds_hash(stored.get(ordinal, b""), hashes[address]) for ordinal in ordinals)
    ]
