"""Explains the decision about a trigger that is only validated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from clarion_server.domain.campaigns.targeting import RuleEvaluation
from clarion_server.domain.instant import Instant
from clarion_server.domain.languages.content_locale import LocaleChoice
from clarion_server.domain.messages.exclusion import Exclusion
from clarion_server.domain.sourced_value import SourcedValue, ValueSource
from clarion_server.domain.value import value


@value
class RecipientExplanation:
    profile: str
    """Is the name of the stored profile; empty when there is none, or none is looked up."""
    locale: SourcedValue
    attributes: Mapping[str, ValueSource]
    """Says the source of each attribute of the call and of the stored profile, by name."""
    audiences: Sequence[str] = ()
    """Holds the ids of the audiences that rules ask about and that the profile belongs to."""


@value
class MessageExplanation:
    exclusions: Sequence[Exclusion]
    """Every reason for which it would be excluded, in the order in which they decide."""
    content_locale: LocaleChoice
    address: SourcedValue | None
    time_zone: SourcedValue | None
    """Is the one whose clock counts for its sending policy; None when none holds for it."""
    due_time: Instant | None
    """Says when it would leave at the earliest; None when it would be excluded."""
    sending_policy: str | None
    """Is the id of the policy."""
    consent_change: int | None
    """Is the key of the person's choice that allows or excludes it."""
    rule: str = ""
    """Is the id of the rule that is true; empty when none is."""
    rule_evaluations: Sequence[RuleEvaluation] = ()
    """Up to the rule that is true."""
    opening_time: Instant | None = None
    """Says when its sending policy opens next; None when it is open at the time that was asked for."""


@value
class Explanation:
    recipients: Mapping[int, RecipientExplanation]
    """Holds explanations by the position in the call."""
    messages: Mapping[tuple[int, int], MessageExplanation]
    """Holds explanations by the positions of recipient and action."""
