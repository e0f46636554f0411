"""Defines counters of the outcomes of messages, which reports add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple

from clarion_server.domain.audiences.condition import FailureCause
from clarion_server.domain.campaigns.targeting import RuleFailures
from clarion_server.domain.instant import DAY
from clarion_server.domain.messages.message import Message, MessageState
from clarion_server.domain.triggering.execution import Execution
from clarion_server.domain.value import value


class Metric(StrEnum):
    """Is a counted fact. Each message counts once in TARGETED, and once in the metric of its outcome if it has one."""

    TARGETED = "TARGETED"
    RETRIES = "RETRIES"
    SENT = "SENT"
    EXCLUDED = "EXCLUDED"
    EXCLUDED_AT_HAND_OFF = "EXCLUDED_AT_HAND_OFF"
    """Is the part of EXCLUDED that was accepted before."""
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    """Counts messages whose recipients unsubscribed by their links."""
    RULE_FAILED = "RULE_FAILED"
    """Evaluations of a rule that failed, of which there may be several for one message, and none of the rule's own."""


METRIC_OF_OUTCOME = {
    MessageState.SENT: Metric.SENT,
    MessageState.EXCLUDED: Metric.EXCLUDED,
    MessageState.CANCELLED: Metric.CANCELLED,
    MessageState.EXPIRED: Metric.EXPIRED,
    MessageState.FAILED: Metric.FAILED,
    MessageState.IN_DOUBT: Metric.IN_DOUBT,
}


class CounterKey(NamedTuple):
    """One counter."""

    campaign_key: int
    version: int
    action: str
    treatment: str
    """Is empty when there is no experiment."""
    rule: str
    """Is the id of the targeting rule that decided; empty when none did. Of RULE_FAILED the one that failed."""
    locale: str
    """Is the locale of the content, and empty for RULE_FAILED."""
    day: int
    """Is the day of acceptance (UTC), counted from 1970-01-01: a message counts on one day in all its metrics."""
    metric: Metric
    reason: str = ""
    """Is an `ExclusionReason` for EXCLUDED and EXCLUDED_AT_HAND_OFF, a `FailureReason` for FAILED, a `FailureCause` for
    RULE_FAILED, else empty.
    """


@value
class FailedRule:
    """Says how often a rule of a campaign could not be evaluated, for one cause."""

    campaign_key: int
    action: str
    rule: str
    cause: FailureCause
    count: int


class LatencyKey(NamedTuple):
    """One counter of the time from release to hand-off. It has fewer dimensions because it has many buckets."""

    campaign_key: int
    version: int
    action: str
    bucket: int
    """Is a bucket number of `domain.events.latency`."""


def count_messages(messages: Iterable[Message], metric: Metric, reason: str = "") -> Counter[CounterKey]:
    """Counts messages in a metric: new ones in TARGETED, for example."""
    counts: Counter[CounterKey] = Counter()
    # Nearly all messages of a commit are alike, and a key is made once for all of them.
    for (campaign_key, version, action, rule, locale, day), alike in groupby(messages, _dimensions):
        key = CounterKey(campaign_key, version, action, "", rule, locale, day, metric, reason)
        counts[key] += len([*alike])
    return counts


def _dimensions(message: Message) -> tuple[int, int, str, str, str, int]:
    locale, day = message.content_locale.locale, message.accept_time // DAY
    return message.action.campaign_key, message.action.version, message.action.id, message.rule, locale, day


def count_failed_rules(execution: Execution, failures: RuleFailures) -> Counter[CounterKey]:
    """Counts failed evaluations of rules in RULE_FAILED."""
    campaign, day = (execution.campaign_key, execution.version), execution.accept_time // DAY
    return Counter(
        {
            CounterKey(*campaign, action, "", rule, "", day, Metric.RULE_FAILED, cause.value): count
            for (action, rule, cause), count in failures.items()
        }
    )


def counter_key(message: Message, metric: Metric, reason: str = "") -> CounterKey:
    """Returns the counter of a metric in which a message counts."""
    day = message.accept_time // DAY
    locale = message.content_locale.locale
    key = (
        message.action.campaign_key,
        message.action.version,
        message.action.id,
        "",
        message.rule,
        locale,
        day,
        metric,
        reason,
    )
    # The class's own constructor takes three times as long, and this runs for every message.
    return tuple.__new__(CounterKey, key)
