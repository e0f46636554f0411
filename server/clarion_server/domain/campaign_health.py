"""What is known to keep a campaign in use from working."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from clarion_server.domain.channel import ChannelConfiguration
from clarion_server.domain.instant import DAY, Instant, Span, to_rfc3339

#: A message that was tried so often and still waits is a sign of trouble: one retry is what greylisting takes.
FAILING_ATTEMPTS = 3
#: How long before its end a certificate is a problem.
CERTIFICATE_NOTICE: Span = 14 * DAY


class HealthCode(StrEnum):
    CHANNEL_CONFIGURATION_DISABLED = "CHANNEL_CONFIGURATION_DISABLED"
    ATTEMPTS_FAILING = "ATTEMPTS_FAILING"
    CERTIFICATE_EXPIRING = "CERTIFICATE_EXPIRING"


@dataclass(frozen=True, slots=True)
class HealthProblem:
    code: HealthCode
    channel_configuration: str
    """Its name."""
    message: str


@dataclass(frozen=True, slots=True)
class FailingMessage:
    """A message that still waits after several attempts."""

    attempt_count: int
    due_time: Instant
    """Of the next attempt."""


def problems_of(
    channel: ChannelConfiguration, failing: FailingMessage | None, certificate_end: Instant | None, now: Instant
) -> Iterator[HealthProblem]:
    """`failing` is a message of the campaign that waits for the channel configuration."""
    if channel.disabled:
        text = f"{channel.name} is disabled: messages wait until it is enabled."
        yield HealthProblem(HealthCode.CHANNEL_CONFIGURATION_DISABLED, channel.name, text)
    if failing is not None:
        due = to_rfc3339(failing.due_time)
        text = f"A message waits after {failing.attempt_count} attempts. The next one is due at {due}."
        yield HealthProblem(HealthCode.ATTEMPTS_FAILING, channel.name, text)
    if certificate_end is not None and certificate_end - now <= CERTIFICATE_NOTICE:
        verb = "expires" if certificate_end > now else "expired"
        text = f"The client certificate of {channel.name} {verb} at {to_rfc3339(certificate_end)}."
        yield HealthProblem(HealthCode.CERTIFICATE_EXPIRING, channel.name, text)
