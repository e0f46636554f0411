"""All reasons for which a message must not be sent, in the order in which they decide."""

from __future__ import annotations

from dataclasses import replace

import pytest
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.consent.consent import NOT_ASKED, ConsentDecision, Silence, SilenceSetting
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.kept_policy import KeptPolicy
from clarion_server.domain.messages.message import Lane, Message
from clarion_server.domain.sending_policies.sending_hours import SendingHours
from clarion_server.domain.sending_policies.sending_policy import WhenClosed
from clarion_server.domain.suppressions.allow_list import enabled_list
from clarion_server.domain.suppressions.suppression import SuppressionIndex, SuppressionReason, SuppressionScope
from clarion_server.domain.triggering.consent_facts import ConsentFacts
from clarion_server.domain.triggering.exclusion_rules import NO_EXCLUSION_FACTS, ExclusionFacts, find_exclusions

from tests.contract.store import samples

ACCEPT = ExclusionPhase.ACCEPT
REFUSED = ConsentDecision(allowed=False)
MESSAGE = samples.message(1, 1, lane=Lane.MARKETING, topic="news", sending_policy=KeptPolicy("nights"))
BOUNCED = samples.suppression("jane@example.com", scope=SuppressionScope.ALL, expire_time=None)
DOMAIN = samples.suppression("example.com", reason=SuppressionReason.MANUAL, expire_time=None)
NEVER = SendingHours({("default", "nights"): samples.sending_policy(when_closed=WhenClosed.EXCLUDE)})
FACTS = ExclusionFacts(
    SuppressionIndex([DOMAIN, BOUNCED]),
    ConsentFacts({("default", "news"): SilenceSetting(Silence.SEND_ONLY_IF_GRANTED, "topics/news")}),
    {"default": (enabled_list([]),)},
    NEVER,
)
#: At midnight in Berlin, when the policy is closed.
MIDNIGHT = 1_790_028_000 * 1_000_000


def found(message: Message = MESSAGE, *, every: bool = True, facts: ExclusionFacts = FACTS) -> list[tuple[str, str]]:
    exclusions = find_exclusions(message, MIDNIGHT, ACCEPT, facts, REFUSED, every=every)
    return [(each.reason.value, each.cause) for each in exclusions]


def test_every_reason_is_told_with_what_decided_in_the_order_of_decision() -> None:
    assert found() == [
        ("NOT_ALLOWED", "allowList"),
        *sorted([("SUPPRESSED", BOUNCED.name), ("SUPPRESSED", DOMAIN.name)]),
        ("NO_CONSENT", "topics/news"),
        ("QUIET_HOURS", "sendingPolicies/nights"),
    ]


def test_the_first_rule_alone_decides_when_not_every_reason_is_wanted() -> None:
    assert found(every=False) == [("NOT_ALLOWED", "allowList")]


def test_a_message_without_an_address_is_excluded_for_that_and_for_what_needs_no_address() -> None:
    assert [reason for reason, _ in found(replace(MESSAGE, address=""))] == ["NO_ADDRESS", "NO_CONSENT", "QUIET_HOURS"]
    assert found(replace(MESSAGE, address=""), facts=NO_EXCLUSION_FACTS, every=False) == [("NO_ADDRESS", "")]


def test_a_channel_without_addresses_lacks_none() -> None:
    hook = samples.changed(MESSAGE, address="", channel=Channel.WEBHOOK)
    assert find_exclusions(hook, MIDNIGHT, ACCEPT, NO_EXCLUSION_FACTS, NOT_ASKED, every=True) == ()


@pytest.mark.parametrize("every", [True, False])
def test_a_magic_recipient_has_the_one_outcome_of_the_address(every: bool) -> None:
    magic = replace(MESSAGE, address="quiet@clarion.test")
    assert found(magic, every=every) == [("QUIET_HOURS", "")]
    sent = replace(MESSAGE, address="sent@clarion.test")
    assert find_exclusions(sent, MIDNIGHT, ACCEPT, FACTS, REFUSED, every=every) == ()


def test_the_phase_is_that_of_the_check() -> None:
    at_hand_off = find_exclusions(MESSAGE, MIDNIGHT, ExclusionPhase.HAND_OFF, FACTS, REFUSED)
    assert list(at_hand_off) == [Exclusion(ExclusionReason.NOT_ALLOWED, ExclusionPhase.HAND_OFF, "allowList")]
