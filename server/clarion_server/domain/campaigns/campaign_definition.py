"""Defines what an author writes of a campaign: its actions and their contents, and how they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from clarion_server.domain.audiences.audience_reference import audiences_in
from clarion_server.domain.campaigns.targeting import TargetingRule, WithoutRule
from clarion_server.domain.category import Category
from clarion_server.domain.content import Content
from clarion_server.domain.fragments.fragment_reference import FragmentReference, references_in
from clarion_server.domain.instant import Instant, Span
from clarion_server.domain.messages.message import Lane, lane_of
from clarion_server.domain.sending_policies.sending_rate import SendingRate


class InDoubtPolicy(StrEnum):
    """Says whether a message is sent again when it is unknown whether the provider accepted it."""

    RESEND = "RESEND"
    PARK = "PARK"


class ActionMode(StrEnum):
    """Says which of a campaign's actions are sent to a recipient."""

    ALL = "ALL"
    FIRST_DELIVERABLE = "FIRST_DELIVERABLE"
    """The first action is sent, and each next one only when the message of the previous one is excluded, fails or takes
    too long.
    """


class UnknownRecipientPolicy(StrEnum):
    """Is what happens to a recipient whom no stored profile has."""

    ACCEPT = "ACCEPT"
    CREATE = "CREATE"
    REJECT = "REJECT"


class ThroughputMode(StrEnum):
    """Says whether triggers look up the profiles of their recipients."""

    STANDARD = "STANDARD"
    HIGH = "HIGH"
    """Triggers look up no profiles."""


@dataclass(frozen=True, slots=True)
class ContentVariant:
    """Is the content of an action in another language than the campaign's default one, or for the people of a rule."""

    locale: str
    """May be empty only in a variant for a rule, which is then in the campaign's default locale."""
    content: Content
    """Fields that are empty come from less specific contents: see `content_cells`."""
    rule: str = ""
    """Is the id of the rule whose people it is for; empty when it belongs to none."""


@dataclass(frozen=True, slots=True)
class Action:
    """Says what to send on one channel, and through which configuration."""

    id: str
    """Identifies the action within the campaign, in results, messages, events and reports."""
    channel_configuration: str
    """Is the last segment of the configuration's name."""
    content: Content
    """Is the default content, which speaks the campaign's default locale."""
    variants: tuple[ContentVariant, ...] = ()
    rules: tuple[TargetingRule, ...] = ()
    """The first one that is true of a recipient decides which content it gets."""
    without_rule: WithoutRule = WithoutRule.SEND_DEFAULT
    fallback_after: Span | None = None
    """Says how long its channel may take to accept a message before the next action takes its place."""

    @property
    def contents(self) -> list[Content]:
        """Returns the contents as their author wrote them, the default one first."""
        return [self.content, *(variant.content for variant in self.variants)]

    @property
    def audience_ids(self) -> frozenset[str]:
        """Returns the ids of the audiences that its rules ask about."""
        return frozenset(name for rule in self.rules for name, _ in audiences_in(rule.condition))


@dataclass(frozen=True, slots=True)
class Schedule:
    start_time: Instant | None = None
    end_time: Instant | None = None


NO_SCHEDULE = Schedule()


@dataclass(frozen=True, slots=True)
class CampaignDefinition:
    """Is what an author writes. A draft has one, and each version has one that never changes."""

    display_name: str
    category: Category | None
    actions: tuple[Action, ...]
    description: str = ""
    default_locale: str = "en"
    identity_namespace: str = "email"
    context_schema: Mapping[str, Any] | None = None
    """JSON Schema (2020-12); None when the context must be empty."""
    schedule: Schedule = NO_SCHEDULE
    in_doubt_policy: InDoubtPolicy = InDoubtPolicy.RESEND
    rapid: bool = False
    """Says whether a person is waiting for the message."""
    action_mode: ActionMode = ActionMode.ALL
    topic: str | None = None
    """Is the id of the topic of its messages. People's choices about the topic decide whether they get them."""
    unknown_recipient_policy: UnknownRecipientPolicy = UnknownRecipientPolicy.ACCEPT
    throughput_mode: ThroughputMode = ThroughputMode.STANDARD
    sending_policy: str | None = None
    """Is the id of the policy whose hours its messages keep. None: the default one's, if there is one."""
    locale_fallbacks: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Holds, by locale, the locales to choose for people who want one that no content has."""
    translations: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Holds, by locale, the texts that templates write by `t`: see `translations`."""
    allow_untranslated: bool = False
    """Says whether a text may be in the default locale where its translation is missing."""
    rate: SendingRate | None = None
    """Limits how fast its messages are sent, over all processes. The rate of the live version holds for every queued
    message.
    """

    @property
    def lane(self) -> Lane:
        """Returns the lane of its messages. Without a category it takes no triggers, and counts as marketing."""
        return lane_of(self.category or Category.MARKETING, rapid=self.rapid)

    @property
    def offers_unsubscribing(self) -> bool:
        """Returns whether its mails carry the header fields by which mail clients unsubscribe."""
        # People leave a topic, whatever is sent about it.
        return self.category is Category.MARKETING or self.topic is not None

    @property
    def attachment_ids(self) -> frozenset[str]:
        """Returns the ids of the attachments that its contents name."""
        contents = [content for action in self.actions for content in action.contents]
        return frozenset(each.attachment for content in contents for each in content.attachments)

    @property
    def audience_ids(self) -> frozenset[str]:
        """Returns the ids of the audiences that its rules ask about."""
        return frozenset(name for action in self.actions for name in action.audience_ids)

    @property
    def fragment_references(self) -> frozenset[FragmentReference]:
        """Returns the fragments that its contents name."""
        contents = [content for action in self.actions for content in action.contents]
        return frozenset(each for content in contents for source in content.sources() for each in references_in(source))
