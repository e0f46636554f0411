"""Converts explanations of triggers to protobuf."""

from __future__ import annotations

from clarion.v1 import explanation_pb2 as pb

from clarion_server.domain.consent.consent_change import change_name
from clarion_server.domain.names import AUDIENCES, SENDING_POLICIES
from clarion_server.domain.triggering.explanation import MessageExplanation, RecipientExplanation
from clarion_server.transport.api.convert.enums import LOCALE_REASON, VALUE_SOURCE
from clarion_server.transport.api.convert.exclusions import to_exclusion
from clarion_server.transport.api.convert.sourced_values import to_sourced_value
from clarion_server.transport.api.convert.targeting import to_rule_evaluation
from clarion_server.transport.api.convert.times import to_optional_timestamp


def to_recipient_explanation(explanation: RecipientExplanation) -> pb.RecipientExplanation:
    sources = explanation.attributes.items()
    return pb.RecipientExplanation(
        profile=explanation.profile,
        locale=to_sourced_value(explanation.locale),
        attributes=[pb.AttributeSource(name=name, source=VALUE_SOURCE.number(source)) for name, source in sources],
        audiences=map(AUDIENCES.format, explanation.audiences),
    )


def to_message_explanation(explanation: MessageExplanation) -> pb.MessageExplanation:
    policy, change = explanation.sending_policy, explanation.consent_change
    return pb.MessageExplanation(
        exclusions=map(to_exclusion, explanation.exclusions),
        content_locale=explanation.content_locale.locale,
        locale_reason=LOCALE_REASON.number(explanation.content_locale.reason),
        address=to_sourced_value(explanation.address),
        time_zone=to_sourced_value(explanation.time_zone),
        due_time=to_optional_timestamp(explanation.due_time),
        sending_policy="" if policy is None else SENDING_POLICIES.format(policy),
        consent_change="" if change is None else change_name(change),
        rule=explanation.rule,
        rule_evaluations=map(to_rule_evaluation, explanation.rule_evaluations),
        opening_time=to_optional_timestamp(explanation.opening_time),
    )
