"""The rules that a channel configuration must satisfy to be stored."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.instant import DAY, HOUR, MILLISECOND
from clarion_server.domain.text_rules import display_name_violations, repetition_violations
from clarion_server.domain.violation import Violation, out_of_range

MAX_CONCURRENCY = 1_000
MIN_RATE, MAX_RATE = 0.01, 100_000.0
MIN_MESSAGE, MAX_MESSAGE = 64 * 2**10, 100 * 2**20
MAX_WINDOW = 7 * DAY
MIN_INITIAL_DELAY, MAX_INITIAL_DELAY = 100 * MILLISECOND, HOUR
MAX_MAX_DELAY = DAY


def channel_violations(configuration: ChannelConfiguration) -> list[Violation]:
    """Returns all violations, with the field paths of the contract's `ChannelConfiguration`."""
    return [
        *display_name_violations(configuration.display_name),
        *repetition_violations(configuration.categories, "categories"),
        *(violation.under(configuration.provider.field) for violation in configuration.provider.violations()),
        *(violation.under("retry_policy") for violation in _retry_policy(configuration.retry_policy)),
        *_limits(configuration),
    ]


def _retry_policy(policy: RetryPolicy) -> Iterator[Violation]:
    if not 0 <= policy.window <= MAX_WINDOW:
        yield out_of_range("window", "Must be 0 seconds to 7 days.")
    if not MIN_INITIAL_DELAY <= policy.initial_delay <= MAX_INITIAL_DELAY:
        yield out_of_range("initial_delay", "Must be 0.1 seconds to 1 hour.")
    if not policy.initial_delay <= policy.max_delay <= MAX_MAX_DELAY:
        yield out_of_range("max_delay", "Must be at least 'initial_delay' and at most 24 hours.")


def _limits(configuration: ChannelConfiguration) -> Iterator[Violation]:
    if not 1 <= configuration.max_concurrency <= MAX_CONCURRENCY:
        yield out_of_range("max_concurrency", f"Must be 1 to {MAX_CONCURRENCY:,}.")
    rate = configuration.max_rate
    # Written this way, the comparison also refuses NaN.
    if rate != 0 and not MIN_RATE <= rate <= MAX_RATE:
        yield out_of_range("max_rate", "Must be 0.01 to 100,000 a second, or 0 for no limit.")
    if not MIN_MESSAGE <= configuration.max_message_bytes <= MAX_MESSAGE:
        yield out_of_range("max_message_bytes", f"Must be {MIN_MESSAGE:,} to {MAX_MESSAGE:,}.")
