"""Tests the contract's enums and their twins in the domain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from clarion.v1 import (
    api_key_pb2,
    attempt_pb2,
    campaign_life_cycle_pb2,
    campaign_pb2,
    campaign_preview_pb2,
    category_pb2,
    channel_pb2,
    event_pb2,
    explanation_pb2,
    identity_namespace_pb2,
    message_pb2,
    smtp_provider_pb2,
    webhook_content_pb2,
)
from clarion_server.transport.api.convert import enums
from clarion_server.transport.api.convert.enums import EnumPair

PAIRS: Mapping[str, tuple[EnumPair[Any, Any], Any]] = {
    "category": (enums.CATEGORY, category_pb2.Category),
    "campaign state": (enums.CAMPAIGN_STATE, campaign_pb2.Campaign.State),
    "in-doubt policy": (enums.IN_DOUBT_POLICY, campaign_pb2.InDoubtPolicy),
    "severity": (enums.SEVERITY, campaign_pb2.Finding.Severity),
    "queue disposal": (enums.QUEUE_DISPOSAL, campaign_life_cycle_pb2.StopCampaignRequest.QueueDisposal),
    "TLS mode": (enums.TLS_MODE, smtp_provider_pb2.SmtpProvider.TlsMode),
    "webhook method": (enums.WEBHOOK_METHOD, webhook_content_pb2.WebhookContent.Method),
    "channel": (enums.CHANNEL, channel_pb2.Channel),
    "action mode": (enums.ACTION_MODE, campaign_pb2.Campaign.ActionMode),
    "source": (enums.SOURCE, campaign_preview_pb2.PreviewCampaignResponse.Source),
    "source of a value": (enums.VALUE_SOURCE, explanation_pb2.SourcedValue.Source),
    "normalisation": (enums.NORMALISATION, identity_namespace_pb2.IdentityNamespace.Normalisation),
    "kind of change": (enums.CHANGE_KIND, event_pb2.SendingPolicyChange.Kind),
    "scope": (enums.SCOPE, api_key_pb2.ApiKey.Scope),
    "message state": (enums.MESSAGE_STATE, message_pb2.Message.State),
    "attempt result": (enums.ATTEMPT_RESULT, attempt_pb2.Attempt.Result),
    "event type": (enums.EVENT_TYPE, event_pb2.Event.Type),
    "exclusion reason": (enums.EXCLUSION_REASON, attempt_pb2.ExclusionReason),
    "failure reason": (enums.FAILURE_REASON, attempt_pb2.Failure.Reason),
}

each_pair = pytest.mark.parametrize(("pair", "wire"), PAIRS.values(), ids=PAIRS.keys())


@each_pair
def test_every_value_of_the_contract_has_its_member(pair: EnumPair[Any, Any], wire: Any) -> None:
    for name, number in wire.items():
        member = pair.member(number)
        if number == 0:
            assert member is None
        else:
            assert member is not None
            assert name.endswith(f"_{member.name}")
            assert pair.number(member) == number


@each_pair
def test_names_are_those_of_the_contract_without_the_zero_value(pair: EnumPair[Any, Any], wire: Any) -> None:
    assert sorted(pair.names) == sorted(name for name, number in wire.items() if number)


@each_pair
def test_nothing_is_the_zero_value(pair: EnumPair[Any, Any], wire: Any) -> None:
    assert pair.number(None) == 0


@each_pair
def test_a_number_of_a_later_contract_has_no_member(pair: EnumPair[Any, Any], wire: Any) -> None:
    assert pair.member(max(wire.values()) + 1) is None
    assert pair.member(-1) is None
