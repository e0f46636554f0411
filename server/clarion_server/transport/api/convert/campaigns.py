"""Converts campaigns, their versions and findings from and to protobuf."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from clarion.v1 import campaign_pb2 as pb
from clarion.v1 import campaign_version_pb2, sending_rate_pb2, targeting_pb2
from google.protobuf import struct_pb2

from clarion_server.application.campaigns.drafts import Draft
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion
from clarion_server.domain.campaigns.campaign_definition import (
    Action,
    ActionMode,
    CampaignDefinition,
    ContentVariant,
    InDoubtPolicy,
    Schedule,
    ThroughputMode,
    UnknownRecipientPolicy,
)
from clarion_server.domain.campaigns.campaign_rules import MAX_ACTIONS
from clarion_server.domain.campaigns.targeting import MAX_RULES, TargetingRule, WithoutRule
from clarion_server.domain.campaigns.variant_rules import MAX_VARIANTS
from clarion_server.domain.finding import Finding
from clarion_server.domain.languages.locale_rules import MAX_FALLBACKS, MAX_LOCALES
from clarion_server.domain.names import CAMPAIGNS, CHANNEL_CONFIGURATIONS, SENDING_POLICIES, TOPICS
from clarion_server.domain.sending_policies.sending_rate import SendingRate
from clarion_server.domain.violation import Violation
from clarion_server.transport.api.convert.access_labels import read_access_labels
from clarion_server.transport.api.convert.contents import from_content, to_content
from clarion_server.transport.api.convert.enums import (
    ACTION_MODE,
    APPROVAL_STATE,
    CAMPAIGN_STATE,
    CATEGORY,
    IN_DOUBT_POLICY,
    RATE_PERIOD,
    SEVERITY,
    THROUGHPUT_MODE,
    UNKNOWN_RECIPIENT_POLICY,
    WITHOUT_RULE,
)
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.structs import fill_struct
from clarion_server.transport.api.convert.times import to_duration, to_optional_timestamp, to_timestamp

#: One more than the limit is enough to report too many. A request could hold millions.
_ACTIONS_READ, _VARIANTS_READ, _RULES_READ, _FALLBACKS_READ = (
    limit + 1 for limit in (MAX_ACTIONS, MAX_VARIANTS, MAX_RULES, MAX_LOCALES)
)

_EMPTY = CampaignDefinition(display_name="", category=None, actions=())


def to_draft(campaign: pb.Campaign) -> Draft:
    """Reads the editable fields, with defaults for those that are not set. The draft carries the violations."""
    parser = RequestParser()
    definition = CampaignDefinition(
        display_name=campaign.display_name,
        description=campaign.description,
        category=parser.member(CATEGORY, campaign.category, "category"),
        default_locale=campaign.default_locale or _EMPTY.default_locale,
        identity_namespace=campaign.identity_namespace or _EMPTY.identity_namespace,
        actions=tuple(
            _from_action(parser, action, f"actions[{index}]")
            for index, action in enumerate(campaign.actions[:_ACTIONS_READ])
        ),
        context_schema=(
            parser.values(campaign.context_schema, "context_schema") if campaign.HasField("context_schema") else None
        ),
        schedule=_from_schedule(parser, campaign.schedule),
        in_doubt_policy=(
            parser.member(IN_DOUBT_POLICY, campaign.in_doubt_policy, "in_doubt_policy") or InDoubtPolicy.RESEND
        ),
        rapid=campaign.rapid,
        action_mode=parser.member(ACTION_MODE, campaign.action_mode, "action_mode") or ActionMode.ALL,
        topic=parser.optional_id(TOPICS, campaign.topic, "topic"),
        unknown_recipient_policy=(
            parser.member(UNKNOWN_RECIPIENT_POLICY, campaign.unknown_recipient_policy, "unknown_recipient_policy")
            or UnknownRecipientPolicy.ACCEPT
        ),
        throughput_mode=(
            parser.member(THROUGHPUT_MODE, campaign.throughput_mode, "throughput_mode") or ThroughputMode.STANDARD
        ),
        sending_policy=parser.optional_id(SENDING_POLICIES, campaign.sending_policy, "sending_policy"),
        locale_fallbacks=_from_fallbacks(parser, campaign.locale_fallbacks),
        translations=_from_translations(parser, campaign.translations),
        allow_untranslated=campaign.allow_untranslated,
        rate=_from_rate(parser, campaign.rate) if campaign.HasField("rate") else None,
    )
    return Draft(definition, parser.violations, tuple(campaign.tags), read_access_labels(campaign.access_labels))


def to_campaign(campaign: Campaign) -> pb.Campaign:
    message = to_snapshot(campaign.definition)
    message.MergeFrom(
        pb.Campaign(
            name=campaign.name,
            tags=campaign.tags,
            access_labels=campaign.access_labels.names,
            state=CAMPAIGN_STATE.number(campaign.state),
            live_version=campaign.live_version,
            draft_pending=campaign.draft_pending,
            etag=campaign.etag,
            create_time=to_timestamp(campaign.create_time),
            update_time=to_timestamp(campaign.update_time),
            activate_time=to_optional_timestamp(campaign.activate_time),
            creator=campaign.creator,
            updater=campaign.updater,
            activator=campaign.activator,
            approval_state=APPROVAL_STATE.number(campaign.approval_state),
        )
    )
    return message


def to_version(version: CampaignVersion, campaign_id: str) -> campaign_version_pb2.CampaignVersion:
    return campaign_version_pb2.CampaignVersion(
        campaign=CAMPAIGNS.format(campaign_id),
        version=version.number,
        snapshot=to_snapshot(version.definition),
        create_time=to_timestamp(version.create_time),
        creator=version.creator,
        approvers=version.approvers,
        bypass_reason=version.bypass_reason,
        fragments=sorted({_pinned(*pin) for pin in version.fragments.items()}),
    )


def to_finding(finding: Finding) -> pb.Finding:
    return pb.Finding(
        severity=SEVERITY.number(finding.severity),
        code=finding.code.value,
        field=finding.field,
        line=finding.line,
        message=finding.message,
        remedy=finding.remedy,
        way=finding.way,
    )


def _from_action(parser: RequestParser, action: pb.Action, field: str) -> Action:
    content = from_content(parser, action, field)
    channel_configuration = parser.id(
        CHANNEL_CONFIGURATIONS, action.channel_configuration, f"{field}.channel_configuration"
    )
    variants = tuple(
        ContentVariant(variant.locale, from_content(parser, variant, f"{field}.variants[{index}]"), variant.rule)
        for index, variant in enumerate(action.variants[:_VARIANTS_READ])
    )
    rules = tuple(TargetingRule(rule.id, rule.condition, rule.display_name) for rule in action.rules[:_RULES_READ])
    without_rule = parser.member(WITHOUT_RULE, action.without_rule, f"{field}.without_rule")
    return Action(
        action.id or content.channel.word,
        channel_configuration,
        content,
        variants,
        rules,
        without_rule or WithoutRule.SEND_DEFAULT,
        parser.span(action.fallback_after, f"{field}.fallback_after") if action.HasField("fallback_after") else None,
    )


def _from_fallbacks(parser: RequestParser, fallbacks: Sequence[pb.LocaleFallback]) -> dict[str, tuple[str, ...]]:
    read: dict[str, tuple[str, ...]] = {}
    for index, each in enumerate(fallbacks[:_FALLBACKS_READ]):
        if each.locale in read:
            parser.add(Violation(f"locale_fallbacks[{index}].locale", "DUPLICATE", "Must occur only once."))
        read[each.locale] = tuple(each.fallbacks[: MAX_FALLBACKS + 1])
    return read


def _from_translations(
    parser: RequestParser, translations: Mapping[str, struct_pb2.Struct]
) -> dict[str, dict[str, Any]]:
    some = islice(sorted(translations), MAX_LOCALES + 1)
    return {locale: parser.values(translations[locale], f"translations.{locale}") for locale in some}


def _from_schedule(parser: RequestParser, schedule: pb.Schedule) -> Schedule:
    return Schedule(
        parser.instant(schedule.start_time, "schedule.start_time") if schedule.HasField("start_time") else None,
        parser.instant(schedule.end_time, "schedule.end_time") if schedule.HasField("end_time") else None,
    )


def _from_rate(parser: RequestParser, rate: sending_rate_pb2.SendingRate) -> SendingRate:
    return SendingRate(rate.count, parser.member(RATE_PERIOD, rate.period, "rate.period"))


def to_snapshot(definition: CampaignDefinition) -> pb.Campaign:
    """Returns the editable fields alone."""
    message = pb.Campaign(
        display_name=definition.display_name,
        description=definition.description,
        category=CATEGORY.number(definition.category),
        default_locale=definition.default_locale,
        identity_namespace=definition.identity_namespace,
        actions=map(_to_action, definition.actions),
        schedule=_to_schedule(definition.schedule),
        in_doubt_policy=IN_DOUBT_POLICY.number(definition.in_doubt_policy),
        rapid=definition.rapid,
        action_mode=ACTION_MODE.number(definition.action_mode),
        topic="" if definition.topic is None else TOPICS.format(definition.topic),
        unknown_recipient_policy=UNKNOWN_RECIPIENT_POLICY.number(definition.unknown_recipient_policy),
        throughput_mode=THROUGHPUT_MODE.number(definition.throughput_mode),
        sending_policy="" if definition.sending_policy is None else SENDING_POLICIES.format(definition.sending_policy),
        locale_fallbacks=[
            pb.LocaleFallback(locale=locale, fallbacks=tags) for locale, tags in definition.locale_fallbacks.items()
        ],
        allow_untranslated=definition.allow_untranslated,
        rate=_to_rate(definition.rate),
    )
    if definition.context_schema is not None:
        fill_struct(message.context_schema, definition.context_schema)
    for locale, texts in definition.translations.items():
        fill_struct(message.translations[locale], texts)
    return message


def _to_rate(rate: SendingRate | None) -> sending_rate_pb2.SendingRate | None:
    return (
        None if rate is None else sending_rate_pb2.SendingRate(count=rate.count, period=RATE_PERIOD.number(rate.period))
    )


def _to_action(action: Action) -> pb.Action:
    return pb.Action(
        id=action.id,
        channel_configuration=CHANNEL_CONFIGURATIONS.format(action.channel_configuration),
        variants=[
            pb.ContentVariant(locale=each.locale, rule=each.rule, **to_content(each.content))
            for each in action.variants
        ],
        rules=[
            targeting_pb2.TargetingRule(id=each.id, display_name=each.display_name, condition=each.condition)
            for each in action.rules
        ],
        # Actions without rules look as they did before there were any.
        without_rule=WITHOUT_RULE.number(action.without_rule if action.rules else None),
        fallback_after=None if action.fallback_after is None else to_duration(action.fallback_after),
        **to_content(action.content),
    )


def _to_schedule(schedule: Schedule) -> pb.Schedule | None:
    if schedule == Schedule():
        return None
    return pb.Schedule(
        start_time=to_optional_timestamp(schedule.start_time), end_time=to_optional_timestamp(schedule.end_time)
    )


def _pinned(name: str, number: int) -> str:
    """Returns the name of the version of a fragment that a name means."""
    return f"{name.partition('@')[0]}@{number}"
