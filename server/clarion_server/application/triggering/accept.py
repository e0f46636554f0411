"""Accepts triggers, many in one commit, in three phases: read the facts, decide, write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from clarion_server.application.group_commit import BulkOperation
from clarion_server.application.people import People
from clarion_server.application.ports.clock import Ids
from clarion_server.application.ports.content import Personalisation
from clarion_server.application.ports.metrics import Metrics
from clarion_server.application.ports.queries import LockedCampaign
from clarion_server.application.ports.queue import Queue
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.sending.dispatch import ClaimedMessage, Reservation
from clarion_server.application.sending.dispatch_accepted import DispatchAccepted, Reserved
from clarion_server.application.sending.exclusions import ExclusionReader
from clarion_server.application.sending.outcomes import record_accepted
from clarion_server.application.sending.policy_facts import store_caps
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.application.triggering.memberships import MembershipReader
from clarion_server.application.triggering.stored_profiles import ProfileUse, StoredProfiles
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.events.counter import count_failed_rules
from clarion_server.domain.messages.message import Message, MessageState, message_id
from clarion_server.domain.people.identity import IdentityKey
from clarion_server.domain.sending_policies.cap_ledger import PolicyQuestion
from clarion_server.domain.triggering.acceptance import Accepted, Decision, Facts, decide_all
from clarion_server.domain.triggering.consent_facts import ConsentQuestion
from clarion_server.domain.triggering.trigger import (
    NO_ATTRIBUTES,
    Trigger,
    TriggerKind,
    cap_groups,
    identities_of,
    identities_of_others,
)
from clarion_server.domain.value import value


@value
class AcceptItem:
    """Is a trigger that is checked and ready to be decided."""

    trigger: Trigger
    inputs: Sequence[RecipientInput]
    """Holds the recipients as the caller gave them; none for a part of an audience, whose messages are all queued."""
    reservations: Sequence[Reservation | None]
    """Is the capacity that is reserved for the messages of each action."""
    profile_use: ProfileUse | None = None
    """Is None when no stored profile is used."""


class AcceptTriggers(BulkOperation[AcceptItem, Decision]):
    """Accepts a batch of triggers. Each is written whole or not at all, whatever becomes of the others."""

    def __init__(
        self,
        queue: Queue,
        direct: DispatchAccepted,
        metrics: Metrics,
        ids: Ids,
        exclusions: ExclusionReader,
        memberships: MembershipReader,
    ) -> None:
        self._queue = queue
        self._direct = direct
        self._metrics = metrics
        self._ids = ids
        self._exclusions = exclusions
        self._memberships = memberships

    def apply(self, unit: UnitOfWork, items: Sequence[AcceptItem], /) -> Sequence[Decision]:
        triggers, facts = read_facts(unit, items, self._exclusions, self._memberships, self._ids.new_id)
        decisions = decide_all(triggers, facts)
        _write(unit, [decision for decision in decisions if isinstance(decision, Accepted)])
        store_caps(unit, facts.exclusions.caps, min(item.trigger.execution.accept_time for item in items))
        return decisions

    def committed(self, items: Sequence[AcceptItem], decisions: Sequence[Decision], /) -> None:
        """Dispatches messages with reserved capacity, and tells the queue of the others, as soon as they are durable: a
        caller that went away takes nothing back.
        """
        message_count = 0
        reserved: list[Reserved] = []
        for item, decision in zip(items, decisions, strict=True):
            messages: Sequence[Message] = ()
            if isinstance(decision, Accepted):
                message_count += len(decision.messages)
                messages = self._queue_deferred(decision) if decision.deferred else decision.messages
            for index, reservation in enumerate(item.reservations):
                own = messages if len(item.reservations) == 1 else _of_action(messages, index)
                if reservation is None:
                    self._queue_action(item, index, own)
                    continue
                claimed = _claimed(item, own, decision)
                if claimed:
                    reserved.append((reservation, claimed))
                if unused := len(item.trigger.recipients) - len(claimed):
                    reservation.release(unused)
        self._direct.dispatch(reserved)
        self._metrics.count_accepted(message_count)

    def failed(self, item: AcceptItem, _error: Exception, /) -> None:
        trigger = item.trigger
        for index, reservation in enumerate(item.reservations):
            if reservation is None:
                # Whatever was written is found by the claim that this makes.
                self._queue_action(item, index, ())
            else:
                ids = [message_id(trigger.execution.id, each.index, index) for each in trigger.recipients]
                reservation.requeue(ids, trigger.execution.accept_time)

    def _queue_deferred(self, decision: Accepted) -> Sequence[Message]:
        """Tells the queue when the deferred messages are due. Returns the other messages."""
        for message in decision.deferred:
            self._queue.queued(message.action.channel_key, message.action.lane, [message], message.due_time)
        waiting = {message.id for message in decision.deferred}
        return [message for message in decision.messages if message.id not in waiting]

    def _queue_action(self, item: AcceptItem, index: int, messages: Sequence[Message]) -> None:
        """Tells the queue of the messages of an action without reserved capacity, also when none were written: newer
        messages wait behind those that were to be queued.
        """
        trigger = item.trigger
        # Nothing was to be queued for the later actions of FIRST_DELIVERABLE.
        if messages or not index or trigger.execution.action_mode is ActionMode.ALL:
            channel_key = trigger.kind.actions[index].action.channel_key
            self._queue.queued(channel_key, trigger.kind.lane, messages, trigger.release_time)


def _claimed(item: AcceptItem, messages: Sequence[Message], decision: Decision) -> list[ClaimedMessage]:
    """Returns the messages of an action that has capacity reserved which were written as claimed."""
    attributes = decision.attributes if isinstance(decision, Accepted) else NO_ATTRIBUTES
    return [
        ClaimedMessage(message, personalisation(message, item.inputs, attributes))
        for message in messages
        if message.state is MessageState.SENDING
    ]


def read_facts(
    unit: UnitOfWork,
    items: Sequence[AcceptItem],
    exclusions: ExclusionReader,
    memberships: MembershipReader,
    new_id: Callable[[], str] | None = None,
) -> tuple[list[Trigger], Facts]:
    """Reads what decides about a batch of triggers, and adds what is stored about their recipients to the triggers.

    That takes a constant number of statements. With `new_id`, which makes ids, the profiles of unknown recipients are
    made for campaigns that want it.
    """
    campaigns = unit.campaigns.lock({item.trigger.execution.campaign_key for item in items})
    asking = {item.trigger.execution.sandbox for item in items if item.trigger.kind.asks_consent}
    if asking:
        # Before profiles are made, as whoever stores choices makes them under this lock too.
        unit.consents.lock_shared(asking)
    keys = {key for item in items if (key := item.trigger.execution.request_key) is not None}
    facts = Facts(
        revisions={key: campaign.revision for key, campaign in campaigns.items()},
        earlier=unit.executions.by_request_ids(keys) if keys else {},
        with_profiles={key for key, campaign in campaigns.items() if campaign.has_profiles},
    )
    uses = [(item.trigger, item.profile_use) for item in items]
    people = People(unit, with_choices=bool(asking))
    profiles = StoredProfiles(unit, people, new_id)
    completed = profiles.complete(uses, facts)
    found = exclusions.read(unit, *_asked(completed, campaigns), people)
    belonging = memberships.read(unit, profiles.asking, profiles.made) if profiles.asking else {}
    return [trigger for trigger, _ in completed], replace(facts, exclusions=found, memberships=belonging)


_Asked = tuple[dict[str, bool], dict[str, set[str]], list[ConsentQuestion], list[PolicyQuestion]]


def _asked(completed: Sequence[tuple[Trigger, bool]], campaigns: Mapping[int, LockedCampaign]) -> _Asked:
    """Returns what `ExclusionReader.read` is asked about triggers, each with whether its recipients were looked up."""
    sandboxes: dict[str, bool] = {}
    addresses: dict[str, set[str]] = {}
    consents: list[ConsentQuestion] = []
    policies: list[PolicyQuestion] = []
    for kind, triggers in _by_kind(completed).items():
        recipients = [each for trigger, _ in triggers for each in trigger.recipients]
        campaign = campaigns.get(kind.campaign_key)
        policy = kind.sending_policy if campaign is not None and campaign.has_sending_policies else None
        identities: dict[str, IdentityKey] = {}
        if kind.asks_consent or policy is not None:
            unknown = [each for trigger, are_known in triggers if not are_known for each in trigger.recipients]
            identities = {**identities_of_others(kind, recipients), **identities_of(unknown)}
        if kind.asks_consent:
            consents.append(ConsentQuestion(kind.sandbox, kind.topic, identities))
        if campaign is None:
            continue
        sandboxes[kind.sandbox] = campaign.has_allow_list
        if campaign.has_suppressions:
            addresses.setdefault(kind.sandbox, set()).update(*[each.addresses for each in recipients])
        if policy is not None:
            groups = cap_groups(kind, recipients)
            policies.append(PolicyQuestion(kind.sandbox, policy, kind.category, identities, groups))
    return sandboxes, addresses, consents, policies


def _by_kind(completed: Iterable[tuple[Trigger, bool]]) -> dict[TriggerKind, list[tuple[Trigger, bool]]]:
    found: dict[TriggerKind, list[tuple[Trigger, bool]]] = {}
    for each in completed:
        found.setdefault(each[0].kind, []).append(each)
    return found


def _write(unit: UnitOfWork, accepted: Sequence[Accepted]) -> None:
    if not accepted:
        return
    messages = [message for each in accepted for message in each.messages]
    lapsed = [each.lapsed.id for each in accepted if each.lapsed is not None]
    if lapsed:
        unit.executions.release_request_ids(lapsed)
    unit.executions.add_all([each.execution for each in accepted if not each.extends])
    unit.messages.add_all(messages)
    with_files = [each for each in accepted if each.files]
    if with_files:
        unit.attachments.add_references(_references(with_files))
    record_accepted(unit, messages)
    if any(each.rule_failures for each in accepted):
        unit.counters.add(sum((count_failed_rules(each.execution, each.rule_failures) for each in accepted), Counter()))


def _references(accepted: Iterable[Accepted]) -> Iterator[tuple[int, str]]:
    """Yields the blobs that executions need, by key, with the ids of these executions."""
    for each in accepted:
        for files in each.files.values():
            yield from ((file.blob_key, each.execution.id) for file in files)


def _of_action(messages: Sequence[Message], index: int) -> list[Message]:
    return [message for message in messages if message.action_index == index]


def personalisation(
    message: Message, inputs: Sequence[RecipientInput], attributes: Mapping[int, Mapping[str, Any]]
) -> Personalisation:
    """Returns the data that the message is rendered with, before it was encoded for the store.

    `inputs` are the recipients of the call, and `attributes` replaces theirs where stored ones were added.
    """
    index = message.recipient_index
    given = inputs[index]
    profile = attributes.get(index, given.profile) if attributes else given.profile
    return Personalisation(given.context, profile, message.identity, message.address, message.locale)
