"""Tests what an accepted trigger becomes, decided from facts alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion_server.domain.campaigns.campaign_definition import ActionMode
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.languages.content_locale import ENGLISH
from clarion_server.domain.messages.exclusion import Exclusion, ExclusionPhase, ExclusionReason
from clarion_server.domain.messages.message import Fallback, Lane, Message, MessageState, VersionAction, message_id
from clarion_server.domain.suppressions.suppression import (
    Suppression,
    SuppressionIndex,
    SuppressionReason,
    SuppressionScope,
)
from clarion_server.domain.triggering.acceptance import Accepted, CampaignChanged, Facts, Replayed, decide, decide_all
from clarion_server.domain.triggering.exclusion_rules import ExclusionFacts
from clarion_server.domain.triggering.execution import IDEMPOTENCY_WINDOW, Execution, MessageResult, RecipientResult
from clarion_server.domain.triggering.follow_ups import follow_ups
from clarion_server.domain.triggering.targets import AcceptedRecipient, TargetAction
from clarion_server.domain.triggering.trigger import Trigger, TriggerKind
from clarion_server.domain.violation import required

CAMPAIGN = 7


def target(id_: str, channel: Channel, channel_key: int) -> TargetAction:
    return TargetAction(VersionAction("default", CAMPAIGN, 2, id_, channel, channel_key, Lane.RAPID))


def version_actions(of: Trigger) -> list[VersionAction]:
    return [each.action for each in of.kind.actions]


MAIL = target("mail", Channel.EMAIL, 1)
HOOK = target("hook", Channel.WEBHOOK, 2)
ALL, FIRST = ActionMode.ALL, ActionMode.FIRST_DELIVERABLE
ACCEPT = ExclusionPhase.ACCEPT
QUEUED, SENDING, EXCLUDED = MessageState.QUEUED, MessageState.SENDING, MessageState.EXCLUDED
FACTS = Facts({CAMPAIGN: 3}, {})
BLOCKED = Suppression(
    "0" * 32,
    "default",
    Channel.EMAIL,
    "a@example.com",
    SuppressionReason.MANUAL,
    SuppressionScope.ALL,
    create_time=1,
    creator="apiKeys/1",
)
EXECUTION = Execution(
    id="0" * 31 + "e",
    sandbox="default",
    campaign_key=CAMPAIGN,
    version=2,
    request_id="r-1",
    fingerprint=b"print",
    caller="apiKeys/1",
    accept_time=1_000,
    send_time=None,
    expire_time=9_000,
    recipient_count=2,
    actions=("mail",),
)


def recipient(index: int, *addresses: str) -> AcceptedRecipient:
    address = f"r{index}@example.com"
    labels = {"order": str(index)}
    return AcceptedRecipient(index, f"email:{address}", addresses, "en", b"{}", b"{}", labels, address)


def trigger(*recipients: AcceptedRecipient, actions: tuple[TargetAction, ...] = (MAIL,), **changes: Any) -> Trigger:
    execution = replace(EXECUTION, actions=tuple(each.action.id for each in actions))
    kind = TriggerKind("default", CAMPAIGN, 3, actions, Lane.RAPID, None, None)
    plain = Trigger(execution, kind, recipients, 1_000, (None,) * len(actions))
    return replace(plain, **changes)


def accepted(of: Trigger, facts: Facts = FACTS) -> Accepted:
    decision = decide(of, facts)
    assert isinstance(decision, Accepted)
    return decision


def summaries(messages: list[Message]) -> list[tuple[str, str, str]]:
    return [(message.action.id, message.address, message.state) for message in messages]


def test_a_recipient_becomes_a_message_that_carries_all_that_the_trigger_says() -> None:
    (message,) = accepted(trigger(recipient(1, "r1@example.com"))).messages
    assert message == Message(
        id=message_id(EXECUTION.id, 1, 0),
        action=MAIL.action,
        identity="email:r1@example.com",
        address="r1@example.com",
        locale="en",
        context=b"{}",
        profile=b"{}",
        state=QUEUED,
        accept_time=1_000,
        release_time=1_000,
        due_time=1_000,
        expire_time=9_000,
        labels={"order": "1"},
    )


def test_with_capacity_reserved_the_message_begins_claimed_by_its_owner() -> None:
    (message,) = accepted(trigger(recipient(0, "a@example.com"), owners=("first",))).messages
    assert (message.state, message.attempts.owner, message.attempts.count) == (SENDING, "first", 1)
    assert (message.attempts.last_time, message.attempts.first_time) == (1_000, 1_000)


def test_every_action_has_a_message_for_every_recipient() -> None:
    both = trigger(recipient(0, "a@example.com", ""), recipient(1, "b@example.com", ""), actions=(MAIL, HOOK))
    messages = list(accepted(both).messages)
    assert summaries(messages) == [
        ("mail", "a@example.com", QUEUED),
        ("hook", "", QUEUED),
        ("mail", "b@example.com", QUEUED),
        ("hook", "", QUEUED),
    ]
    assert len({message.id for message in messages}) == 4
    assert all(message.fallbacks == () for message in messages)


def test_a_suppressed_address_is_excluded_and_nobody_owns_its_message() -> None:
    facts = replace(FACTS, exclusions=ExclusionFacts(SuppressionIndex([BLOCKED])))
    two = trigger(recipient(0, "a@example.com"), recipient(1, "b@example.com"), owners=("first",))
    decision = accepted(two, facts)
    excluded, sending = decision.messages
    assert (excluded.state, excluded.end.exclusion) == (
        EXCLUDED,
        Exclusion(ExclusionReason.SUPPRESSED, ACCEPT, BLOCKED.name),
    )
    assert (excluded.attempts.owner, excluded.end.time, excluded.attempts.count) == (None, 1_000, 0)
    assert sending.state is SENDING
    assert decision.execution.exclusions == {(0, 0): ExclusionReason.SUPPRESSED}


def first_deliverable(*recipients: AcceptedRecipient, actions: tuple[TargetAction, ...] = (MAIL, HOOK)) -> Trigger:
    made = trigger(*recipients, actions=actions)
    return replace(made, execution=replace(made.execution, action_mode=FIRST))


def test_of_alternatives_only_the_first_deliverable_one_has_a_message() -> None:
    messages = list(accepted(first_deliverable(recipient(0, "a@example.com", ""))).messages)
    assert summaries(messages) == [("mail", "a@example.com", QUEUED)]
    assert messages[0].fallbacks == (Fallback("", ENGLISH),)


def test_of_alternatives_the_next_one_takes_the_place_of_an_excluded_one() -> None:
    facts = replace(FACTS, exclusions=ExclusionFacts(SuppressionIndex([BLOCKED])))
    decision = accepted(first_deliverable(recipient(0, "a@example.com", "")), facts)
    assert summaries(list(decision.messages)) == [("mail", "a@example.com", EXCLUDED), ("hook", "", QUEUED)]
    assert list(decision.execution.results()) == [
        RecipientResult(
            (
                MessageResult("mail", message_id(EXECUTION.id, 0, 0), ExclusionReason.SUPPRESSED),
                MessageResult("hook", message_id(EXECUTION.id, 0, 1)),
            )
        ),
        RecipientResult((MessageResult("mail", message_id(EXECUTION.id, 1, 0)),)),
    ]


def test_a_failed_message_is_followed_by_the_next_alternative() -> None:
    third = target("other", Channel.EMAIL, 3)
    of = first_deliverable(recipient(0, "a@example.com", "", "c@example.com"), actions=(MAIL, HOOK, third))
    (failed,) = accepted(of).messages
    (hook,) = follow_ups(failed, version_actions(of), 5_000)
    assert (hook.id, hook.action.id, hook.action.channel_key) == (message_id(EXECUTION.id, 0, 1), "hook", 2)
    assert (hook.state, hook.due_time, hook.accept_time, hook.labels) == (QUEUED, 5_000, 1_000, {"order": "0"})
    (other,) = follow_ups(hook, version_actions(of), 6_000)
    assert (other.action.id, other.address, other.fallbacks) == ("other", "c@example.com", ())
    assert follow_ups(other, version_actions(of), 7_000) == []


def test_a_follow_up_that_is_excluded_is_recorded_and_passed_over() -> None:
    other = target("other", Channel.EMAIL, 3)
    of = first_deliverable(recipient(0, "a@example.com", "suppressed@clarion.test", ""), actions=(MAIL, other, HOOK))
    (failed,) = accepted(of).messages
    assert summaries(follow_ups(failed, version_actions(of), 5_000)) == [
        ("other", "suppressed@clarion.test", EXCLUDED),
        ("hook", "", QUEUED),
    ]


def test_a_message_whose_every_action_is_sent_is_followed_by_none() -> None:
    of = trigger(recipient(0, "a@example.com", ""), actions=(MAIL, HOOK))
    failed, _ = accepted(of).messages
    assert follow_ups(failed, version_actions(of), 5_000) == []


def test_a_taken_request_id_is_answered_with_its_execution_whatever_has_become_of_the_campaign() -> None:
    earlier = replace(EXECUTION, id="0" * 32)
    facts = Facts({CAMPAIGN: 99}, {(CAMPAIGN, "r-1"): earlier})
    assert decide(trigger(recipient(0, "a@example.com")), facts) == Replayed(earlier)


@pytest.mark.parametrize(("age", "is_lapsed"), [(IDEMPOTENCY_WINDOW - 1, False), (IDEMPOTENCY_WINDOW, True)])
def test_a_request_id_may_be_used_again_when_its_window_has_passed(age: int, is_lapsed: bool) -> None:
    earlier = replace(EXECUTION, id="0" * 32, accept_time=EXECUTION.accept_time - age)
    decision = decide(trigger(recipient(0, "a@example.com")), replace(FACTS, earlier={(CAMPAIGN, "r-1"): earlier}))
    assert isinstance(decision, Accepted) is is_lapsed
    assert (decision.lapsed == earlier) if isinstance(decision, Accepted) else decision == Replayed(earlier)


def test_of_two_triggers_with_one_request_id_the_first_is_accepted() -> None:
    triggers = [trigger(recipient(0, address)) for address in ("a@example.com", "b@example.com")]
    first, second = decide_all(triggers, FACTS)
    assert isinstance(first, Accepted)
    assert second == Replayed(first.execution)


@pytest.mark.parametrize("revisions", [{}, {CAMPAIGN: 4}])
def test_a_campaign_that_has_changed_decides_nothing(revisions: dict[int, int]) -> None:
    assert decide(trigger(recipient(0, "a@example.com")), Facts(revisions, {})) == CampaignChanged()


def test_an_execution_tells_rejected_recipients_from_those_with_messages() -> None:
    rejected = replace(EXECUTION, recipient_count=3, rejections={1: (required("recipients[1].identity"),)})
    first, second, third = rejected.results()
    assert rejected.rejected_count == 1
    assert (second.messages, second.violations) == ((), (required("recipients[1].identity"),))
    assert [each.messages[0].message_id for each in (first, third)] == [
        message_id(EXECUTION.id, 0, 0),
        message_id(EXECUTION.id, 2, 0),
    ]
