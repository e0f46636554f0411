"""Finds what is the same for all triggers of one kind in a batch."""

from __future__ import annotations

from collections.abc import Sequence

from clarion_server.domain.triggering.consent_facts import ConsentDecider
from clarion_server.domain.triggering.exclusion_rules import ExclusionFacts
from clarion_server.domain.triggering.held_messages import HeldMessages
from clarion_server.domain.triggering.trigger import TriggerKind
from clarion_server.domain.value import value


@value
class KindFacts:
    """Holds what the facts of a batch say about all triggers of one kind."""

    consents: Sequence[ConsentDecider]
    """Decides about the messages of each action; empty where nobody's consent is asked."""
    held: HeldMessages | None
    """Is None if no sending policy holds for the messages."""


def kind_facts(kind: TriggerKind, facts: ExclusionFacts) -> KindFacts:
    consents = [facts.consents.decider(each.action) for each in kind.actions] if kind.asks_consent else []
    policy = facts.hours.named(kind.sandbox, kind.sending_policy)
    if policy is None or not policy.holds_for(kind.category):
        return KindFacts(consents, None)
    return KindFacts(consents, HeldMessages(kind, policy, facts.hours, facts.caps))
