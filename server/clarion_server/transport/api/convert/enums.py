"""Pairs the enums of the contract with those of the domain, by name."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Generic, TypeVar

from clarion.v1 import (
    api_key_pb2,
    approval_pb2,
    approval_policy_pb2,
    attempt_pb2,
    audience_run_pb2,
    campaign_difference_pb2,
    campaign_health_pb2,
    campaign_life_cycle_pb2,
    campaign_pb2,
    campaign_preview_pb2,
    category_pb2,
    channel_pb2,
    consent_pb2,
    email_content_pb2,
    event_pb2,
    explanation_pb2,
    failed_evaluations_pb2,
    fragment_pb2,
    fragment_repin_pb2,
    identity_namespace_pb2,
    locale_reason_pb2,
    message_pb2,
    profile_service_pb2,
    sending_policy_pb2,
    sending_rate_pb2,
    silence_pb2,
    smtp_provider_pb2,
    suppression_pb2,
    suppression_service_pb2,
    targeting_pb2,
    test_cell_difference_pb2,
    test_run_pb2,
    topic_pb2,
    webhook_content_pb2,
)

from clarion_server.domain.access.access import Scope
from clarion_server.domain.approvable import DraftKind
from clarion_server.domain.approvals.approval import ApprovalAction
from clarion_server.domain.audiences.audience_run import EndReason, RunState
from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaign_states import ApprovalState, CampaignState
from clarion_server.domain.campaigns.accepted_rendering import Comparison
from clarion_server.domain.campaigns.campaign import QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import (
    ActionMode,
    InDoubtPolicy,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.fragment_repin import RepinOutcome
from clarion_server.domain.campaigns.schema_difference import SchemaEffect
from clarion_server.domain.campaigns.targeting import RuleResult, WithoutRule
from clarion_server.domain.campaigns.test_cell_difference import CellChange
from clarion_server.domain.campaigns.test_cells import LocaleOrigin
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.choice import Source
from clarion_server.domain.consent.consent import ConsentChoice, Silence
from clarion_server.domain.consent.consent_change import ConsentSource
from clarion_server.domain.consent.topic import OneClick, TopicVisibility
from clarion_server.domain.content.email import TlsMode
from clarion_server.domain.content.transform import Transform
from clarion_server.domain.content.translation_difference import TranslationChange
from clarion_server.domain.content.webhook import Method
from clarion_server.domain.events.campaign_health import HealthCode
from clarion_server.domain.events.event import ChangeKind, EventType, FragmentChangeKind
from clarion_server.domain.finding import Severity
from clarion_server.domain.fragments.fragment import FragmentKind
from clarion_server.domain.languages.content_locale import LocaleReason
from clarion_server.domain.messages.attempt import AttemptResult, FailureReason
from clarion_server.domain.messages.exclusion import ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.people.identity import Normalisation
from clarion_server.domain.people.import_result import ImportOutcome
from clarion_server.domain.sending_policies.frequency_cap import CalendarPeriod
from clarion_server.domain.sending_policies.quiet_hours import Weekday
from clarion_server.domain.sending_policies.sending_policy import TimeZoneSource, WhenClosed
from clarion_server.domain.sending_policies.sending_rate import RatePeriod
from clarion_server.domain.sourced_value import ValueSource
from clarion_server.domain.suppressions.suppression import SuppressionReason, SuppressionScope

M = TypeVar("M", bound=Enum)
N = TypeVar("N", bound=int)


class EnumPair(Generic[M, N]):
    """Pairs the members of a domain enum with their numbers in the contract.

    A member without a number raises ValueError when the module is imported.
    """

    def __init__(self, members: type[M], number_of: Callable[[str], N], prefix: str) -> None:
        self._unspecified = number_of(f"{prefix}_UNSPECIFIED")
        self.names = [f"{prefix}_{member.name}" for member in members]
        """The names of the values in the contract, without the zero value."""
        self._numbers = dict(zip(members, map(number_of, self.names), strict=True))
        self._members = {int(number): member for member, number in self._numbers.items()}

    def number(self, member: M | None) -> N:
        """Returns the number of a member, or the zero value for None."""
        return self._unspecified if member is None else self._numbers[member]

    def member(self, number: int) -> M | None:
        """Returns the member with that number, or None for the zero value and for unknown numbers."""
        return self._members.get(number)


APPLIES_TO = EnumPair(DraftKind, approval_policy_pb2.ApprovalPolicy.AppliesTo.Value, "APPLIES_TO")
APPROVAL_ACTION = EnumPair(ApprovalAction, approval_pb2.ApprovalStep.Action.Value, "ACTION")
APPROVAL_STATE = EnumPair(ApprovalState, approval_pb2.Approval.State.Value, "STATE")
CATEGORY = EnumPair(Category, category_pb2.Category.Value, "CATEGORY")
CAMPAIGN_STATE = EnumPair(CampaignState, campaign_pb2.Campaign.State.Value, "STATE")
RATE_PERIOD = EnumPair(RatePeriod, sending_rate_pb2.SendingRate.Period.Value, "PERIOD")
IN_DOUBT_POLICY = EnumPair(InDoubtPolicy, campaign_pb2.InDoubtPolicy.Value, "IN_DOUBT_POLICY")
UNKNOWN_RECIPIENT_POLICY = EnumPair(
    UnknownRecipientPolicy, campaign_pb2.UnknownRecipientPolicy.Value, "UNKNOWN_RECIPIENT_POLICY"
)
THROUGHPUT_MODE = EnumPair(ThroughputMode, campaign_pb2.ThroughputMode.Value, "THROUGHPUT_MODE")
WITHOUT_RULE = EnumPair(WithoutRule, targeting_pb2.WithoutRule.Value, "WITHOUT_RULE")
RULE_RESULT = EnumPair(RuleResult, targeting_pb2.RuleEvaluation.Result.Value, "RESULT")
SEVERITY = EnumPair(Severity, campaign_pb2.Finding.Severity.Value, "SEVERITY")
QUEUE_DISPOSAL = EnumPair(
    QueueDisposal, campaign_life_cycle_pb2.StopCampaignRequest.QueueDisposal.Value, "QUEUE_DISPOSAL"
)
HEALTH_CODE = EnumPair(HealthCode, campaign_health_pb2.HealthProblem.Code.Value, "CODE")
SCHEMA_EFFECT = EnumPair(SchemaEffect, campaign_difference_pb2.SchemaDifference.Effect.Value, "EFFECT")
TRANSLATION_CHANGE = EnumPair(TranslationChange, campaign_difference_pb2.TranslationDifference.Change.Value, "CHANGE")
CELL_CHANGE = EnumPair(CellChange, test_cell_difference_pb2.TestCellDifference.Change.Value, "CHANGE")
TLS_MODE = EnumPair(TlsMode, smtp_provider_pb2.SmtpProvider.TlsMode.Value, "TLS_MODE")
TRANSFORM = EnumPair(Transform, email_content_pb2.EmailContent.Transform.Value, "TRANSFORM")
WEBHOOK_METHOD = EnumPair(Method, webhook_content_pb2.WebhookContent.Method.Value, "METHOD")
CHANNEL = EnumPair(Channel, channel_pb2.Channel.Value, "CHANNEL")
ACTION_MODE = EnumPair(ActionMode, campaign_pb2.Campaign.ActionMode.Value, "ACTION_MODE")
SOURCE = EnumPair(Source, campaign_preview_pb2.PreviewCampaignResponse.Source.Value, "SOURCE")
LOCALE_ORIGIN = EnumPair(LocaleOrigin, test_run_pb2.TestCell.LocaleOrigin.Value, "LOCALE_ORIGIN")
COMPARISON = EnumPair(Comparison, test_run_pb2.TestCell.Comparison.Value, "COMPARISON")
LOCALE_REASON = EnumPair(LocaleReason, locale_reason_pb2.LocaleReason.Value, "LOCALE_REASON")
VALUE_SOURCE = EnumPair(ValueSource, explanation_pb2.SourcedValue.Source.Value, "SOURCE")
NORMALISATION = EnumPair(Normalisation, identity_namespace_pb2.IdentityNamespace.Normalisation.Value, "NORMALISATION")
CHANGE_KIND = EnumPair(ChangeKind, event_pb2.SendingPolicyChange.Kind.Value, "KIND")
FRAGMENT_CHANGE_KIND = EnumPair(FragmentChangeKind, event_pb2.FragmentChange.Kind.Value, "KIND")
FRAGMENT_KIND = EnumPair(FragmentKind, fragment_pb2.Fragment.Kind.Value, "KIND")
REPIN_OUTCOME = EnumPair(RepinOutcome, fragment_repin_pb2.FragmentRepin.Outcome.Value, "OUTCOME")
SCOPE = EnumPair(Scope, api_key_pb2.ApiKey.Scope.Value, "SCOPE")
MESSAGE_STATE = EnumPair(MessageState, message_pb2.Message.State.Value, "STATE")
ATTEMPT_RESULT = EnumPair(AttemptResult, attempt_pb2.Attempt.Result.Value, "RESULT")
RUN_STATE = EnumPair(RunState, audience_run_pb2.AudienceRun.State.Value, "STATE")
RUN_END_REASON = EnumPair(EndReason, audience_run_pb2.AudienceRun.EndReason.Value, "END_REASON")
FAILURE_CAUSE = EnumPair(FailureCause, failed_evaluations_pb2.FailedEvaluations.Cause.Value, "CAUSE")
EVENT_TYPE = EnumPair(EventType, event_pb2.Event.Type.Value, "TYPE")
EXCLUSION_REASON = EnumPair(ExclusionReason, attempt_pb2.ExclusionReason.Value, "EXCLUSION_REASON")
CONSENT_CHOICE = EnumPair(ConsentChoice, consent_pb2.Consent.Choice.Value, "CHOICE")
CONSENT_SOURCE = EnumPair(ConsentSource, consent_pb2.ConsentChange.Source.Value, "SOURCE")
SILENCE = EnumPair(Silence, silence_pb2.Silence.Value, "SILENCE")
ONE_CLICK = EnumPair(OneClick, topic_pb2.Topic.OneClick.Value, "ONE_CLICK")
TOPIC_VISIBILITY = EnumPair(TopicVisibility, topic_pb2.Topic.Visibility.Value, "VISIBILITY")
WEEKDAY = EnumPair(Weekday, sending_policy_pb2.WallClockInterval.Day.Value, "DAY")
TIME_ZONE_SOURCE = EnumPair(TimeZoneSource, sending_policy_pb2.SendingPolicy.TimeZoneSource.Value, "TIME_ZONE_SOURCE")
CALENDAR_PERIOD = EnumPair(CalendarPeriod, sending_policy_pb2.FrequencyCap.CalendarPeriod.Value, "CALENDAR_PERIOD")
WHEN_CLOSED = EnumPair(WhenClosed, sending_policy_pb2.SendingPolicy.WhenClosed.Value, "WHEN_CLOSED")
FAILURE_REASON = EnumPair(FailureReason, attempt_pb2.Failure.Reason.Value, "REASON")
EXCLUSION_PHASE = EnumPair(ExclusionPhase, event_pb2.Exclusion.Phase.Value, "PHASE")
SUPPRESSION_REASON = EnumPair(SuppressionReason, suppression_pb2.Suppression.Reason.Value, "REASON")
SUPPRESSION_SCOPE = EnumPair(SuppressionScope, suppression_pb2.Suppression.Scope.Value, "SCOPE")
PROFILE_IMPORT_OUTCOME = EnumPair(ImportOutcome, profile_service_pb2.ImportedProfile.Outcome.Value, "OUTCOME")
IMPORT_OUTCOME = EnumPair(ImportOutcome, suppression_service_pb2.ImportedSuppression.Outcome.Value, "OUTCOME")
