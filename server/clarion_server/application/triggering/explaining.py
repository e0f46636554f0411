"""Explains what would decide about the messages of a trigger that is only validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from clarion_server.application.campaign_cache import LiveCampaign
from clarion_server.application.ports.store import UnitOfWork
from clarion_server.application.triggering.admission import RecipientInput
from clarion_server.domain.campaigns.campaign_definition import ThroughputMode
from clarion_server.domain.campaigns.targeting import NO_AUDIENCES, ContentChoice, RuleEvaluation, evaluations
from clarion_server.domain.consent.choice import Choice, Source, choose_locale
from clarion_server.domain.instant import Instant
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.people.profile import KnownProfile
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sourced_value import SourcedValue, ValueSource
from clarion_server.domain.triggering.acceptance import Accepted, Facts
from clarion_server.domain.triggering.explanation import (
    Explanation,
    MessageExplanation,
    RecipientExplanation,
)
from clarion_server.domain.triggering.targets import AcceptedRecipient
from clarion_server.domain.triggering.trigger import Trigger

#: An attribute in the call is a part of the call, and one that is chosen otherwise is a stored one.
_OF_CALL = (Source.RECIPIENT, Source.PROFILE)


class Explainer:
    """Explains a trigger. It reads the profiles of the recipients once more, with all of their attributes."""

    def __init__(self, live: LiveCampaign, inputs: Sequence[RecipientInput]) -> None:
        self._live = live
        self._inputs = inputs

    def explain(self, unit: UnitOfWork, trigger: Trigger, accepted: Accepted, facts: Facts) -> Explanation:
        """Returns the explanation. `trigger` has the recipients that `accepted` is about, and `facts` decided about
        their messages.
        """
        known, hours = self._known(unit, trigger), facts.exclusions.hours
        stored = {index: _attributes(profile) for index, profile in known.items()}
        memberships = facts.memberships_of(trigger)
        return Explanation(
            {
                each.index: self._recipient(
                    each, known.get(each.index), stored, memberships.get(each.index, NO_AUDIENCES)
                )
                for each in trigger.recipients
            },
            {
                (message.recipient_index, message.action_index): self._message(
                    message, accepted, stored, hours, trigger.release_time
                )
                for message in accepted.messages
            },
        )

    def _known(self, unit: UnitOfWork, trigger: Trigger) -> dict[int, KnownProfile]:
        """Returns the stored profiles by the positions of the recipients."""
        if self._live.version.definition.throughput_mode is ThroughputMode.HIGH:
            return {}
        sandbox, namespace = trigger.execution.sandbox, self._live.namespace.id
        values = {each.index: each.normal_value for each in trigger.recipients}
        wanted = {(sandbox, namespace): values.values()}
        found = unit.profiles.known(wanted, with_attributes=True, with_choices=False, with_ids=True)
        of_namespace = found.get((sandbox, namespace), {})
        return {index: of_namespace[value] for index, value in values.items() if value in of_namespace}

    def _recipient(
        self,
        recipient: AcceptedRecipient,
        profile: KnownProfile | None,
        stored: Mapping[int, Mapping[str, Any]],
        audiences: frozenset[str],
    ) -> RecipientExplanation:
        given = self._inputs[recipient.index]
        attributes = {**stored.get(recipient.index, {}), **given.profile}
        sources = {
            name: ValueSource.CALL if name in given.profile else ValueSource.PROFILE
            for name, value in sorted(attributes.items())
            if value is not None
        }
        name = "" if profile is None else profile.name
        return RecipientExplanation(name, _locale(recipient.locale, given, profile), sources, sorted(audiences))

    def _message(
        self,
        message: Message,
        accepted: Accepted,
        stored: Mapping[int, Mapping[str, Any]],
        hours: SendingHours,
        asked_time: Instant,
    ) -> MessageExplanation:
        """Explains one message. `asked_time` is when it would leave if nothing held it back."""
        index, action = message.recipient_index, message.action_index
        leaves, opening = message.state is not MessageState.EXCLUDED, hours.opening(message, asked_time)
        return MessageExplanation(
            accepted.exclusions.get((index, action), ()),
            message.content_locale,
            self._address(message, stored.get(index, {})),
            _time_zone(message, hours),
            message.due_time if leaves else None,
            None if message.sending_policy is None else message.sending_policy.id,
            message.consent_change,
            message.rule,
            self._rule_evaluations(action, accepted.choices.get((index, action))),
            opening if opening > asked_time else None,
        )

    def _rule_evaluations(self, action_index: int, choice: ContentChoice | None) -> tuple[RuleEvaluation, ...]:
        rules = self._live.version.actions[action_index].rules
        return () if rules is None or choice is None else evaluations(rules.ids, choice.rule or "", choice.failures)

    def _address(self, message: Message, stored: Mapping[str, Any]) -> SourcedValue | None:
        given = self._inputs[message.recipient_index]
        content = self._live.version.definition.actions[message.action_index].content
        choice = content.address(given.address, given.profile, given.identity)
        if choice is not None and choice.source in _OF_CALL:
            return SourcedValue(choice.value, ValueSource.CALL)
        choice = content.address(given.address, {**stored, **given.profile}, given.identity)
        return None if choice is None else SourcedValue(choice.value, _stored_source(choice))


def _stored_source(choice: Choice) -> ValueSource:
    return ValueSource.IDENTITY if choice.source is Source.IDENTITY else ValueSource.PROFILE


def _attributes(profile: KnownProfile) -> dict[str, Any]:
    attributes: dict[str, Any] = orjson.loads(profile.attributes)
    return attributes


def _locale(locale: str, given: RecipientInput, profile: KnownProfile | None) -> SourcedValue:
    if choose_locale(given.locale, given.profile, "").value:
        return SourcedValue(locale, ValueSource.CALL)
    is_stored = profile is not None and bool(profile.locale)
    return SourcedValue(locale, ValueSource.PROFILE if is_stored else ValueSource.CAMPAIGN)


def _time_zone(message: Message, hours: SendingHours) -> SourcedValue | None:
    """Returns the zone whose clock counts, also where another reason excludes the message before anybody asks."""
    kept = message.sending_policy
    policy = None if kept is None else hours.named(message.action.sandbox, kept.id)
    return None if policy is None else hours.zone_of(message.action.sandbox, message.identity, policy)
