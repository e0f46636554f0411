"""Says what is known to keep a campaign in use from working."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.counter import FailedRule
from clarion_server.domain.instant import DAY, Instant, Span, to_rfc3339
from clarion_server.domain.messages.attempt import Failure

#: A message that was tried so often and still waits is a sign of trouble: one retry is what greylisting takes.
FAILING_ATTEMPTS = 3
#: Says how long before its end a certificate is a problem.
CERTIFICATE_NOTICE: Span = 14 * DAY
#: Says how long a failed evaluation of a rule is a problem.
RULE_NOTICE: Span = 7 * DAY


class HealthCode(StrEnum):
    CHANNEL_CONFIGURATION_DISABLED = "CHANNEL_CONFIGURATION_DISABLED"
    ATTEMPTS_FAILING = "ATTEMPTS_FAILING"
    CERTIFICATE_EXPIRING = "CERTIFICATE_EXPIRING"
    CHANNEL_CONFIGURATION_FAILING = "CHANNEL_CONFIGURATION_FAILING"
    RULE_FAILING = "RULE_FAILING"


@dataclass(frozen=True, slots=True)
class HealthProblem:
    code: HealthCode
    channel_configuration: str
    """Is its name; empty for a rule."""
    message: str
    action: str = ""
    """Is the id of the action whose rule it is about."""
    rule: str = ""


@dataclass(frozen=True, slots=True)
class FailingMessage:
    """Is a message that still waits after several attempts."""

    attempt_count: int
    due_time: Instant
    """Is when the next attempt is due."""
    failure: Failure | None = None
    """Is that of the last attempt. None when its event was purged."""


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """Is what is known about a channel configuration that a campaign uses."""

    failing: FailingMessage | None = None
    """Is a message of the campaign that waits for it."""
    failing_others: FailingMessage | None = None
    """Is a message that waits for it, whatever its campaign is."""
    client_certificate_end: Instant | None = None
    server_certificate_end: Instant | None = None


def problems_of(channel: ChannelConfiguration, facts: ChannelFacts, now: Instant) -> Iterator[HealthProblem]:
    """Yields what is wrong with a campaign as far as this channel configuration is concerned."""
    if channel.disabled:
        text = f"{channel.name} is disabled: messages wait until it is enabled."
        yield HealthProblem(HealthCode.CHANNEL_CONFIGURATION_DISABLED, channel.name, text)
    if facts.failing is not None:
        text = f"A message {_waits(facts.failing)}"
        yield HealthProblem(HealthCode.ATTEMPTS_FAILING, channel.name, text)
    elif facts.failing_others is not None:
        text = f"A message of another campaign on {channel.name} {_waits(facts.failing_others)}"
        yield HealthProblem(HealthCode.CHANNEL_CONFIGURATION_FAILING, channel.name, text)
    ends = {
        f"The client certificate of {channel.name}": facts.client_certificate_end,
        f"The certificate that the server of {channel.name} showed last": facts.server_certificate_end,
    }
    for certificate, end in ends.items():
        if end is not None and end - now <= CERTIFICATE_NOTICE:
            verb = "expires" if end > now else "expired"
            text = f"{certificate} {verb} at {to_rfc3339(end)}."
            yield HealthProblem(HealthCode.CERTIFICATE_EXPIRING, channel.name, text)


def _waits(failing: FailingMessage) -> str:
    due = to_rfc3339(failing.due_time)
    return f"waits after {failing.attempt_count} attempts. {_why(failing.failure)}The next one is due at {due}."


def _why(failure: Failure | None) -> str:
    """Returns why the last attempt failed, without the provider's own words, which may be about a person."""
    if failure is None:
        return ""
    code = f" ({failure.code})" if failure.code else ""
    return f"The last one failed with {failure.reason}{code}. "


def rule_problem(failed: FailedRule) -> HealthProblem:
    """Returns the problem of a rule that could not be evaluated."""
    times = "once" if failed.count == 1 else f"{failed.count:,} times"
    text = (
        f"The rule '{failed.rule}' of the action '{failed.action}' could not be evaluated {times} in the last"
        f" {RULE_NOTICE // DAY} days ({failed.cause}), and counted as false."
    )
    return HealthProblem(HealthCode.RULE_FAILING, "", text, failed.action, failed.rule)
