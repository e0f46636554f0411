"""The rules that a suppression must satisfy to be stored."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.domain.addresses.address import is_address
from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant
from clarion_server.domain.suppressions.suppression import WILDCARD, Suppression, SuppressionReason
from clarion_server.domain.text_rules import line_violations
from clarion_server.domain.violation import Violation, malformed, out_of_range, required

MAX_OVERRIDE_REASON = 200

#: Is a local part that every domain can have.
_ANYBODY = "a@"


def suppression_violations(suppression: Suppression, field: str, now: Instant) -> Iterator[Violation]:
    """Checks a new suppression, whose target was given in the field `address` or `domain`."""
    yield from channel_violations(suppression.channel)
    yield from target_violations(suppression.target, field)
    if suppression.reason is SuppressionReason.ERASED:
        yield Violation("reason", "NOT_ALLOWED", "Must not be REASON_ERASED, which is for erased people alone.")
    if suppression.expire_time is not None and suppression.expire_time <= now:
        yield out_of_range("expire_time", "Must lie ahead.")


def channel_violations(channel: Channel) -> Iterator[Violation]:
    if channel is not Channel.EMAIL:
        yield Violation("channel", "NOT_ALLOWED", "Must be CHANNEL_EMAIL, whose addresses can be suppressed.")


def target_violations(target: str, field: str) -> Iterator[Violation]:
    """Checks a target that was given in the field `address` or `domain`."""
    is_domain = field == "domain"
    address = f"{_ANYBODY}{target.removeprefix(WILDCARD).removesuffix('.')}" if is_domain else target
    if not target:
        yield required(field)
    elif not is_address(address) or (is_domain and "@" in target):
        form = "'example.com' or '*.example.com'" if is_domain else "'jane@example.com'"
        yield malformed(field, f"Must be of the form {form}.")
    elif simulated_outcome(address) is not None:
        yield Violation(field, "NOT_ALLOWED", "Must not be of magic recipients, whose outcome is fixed.")


def override_violations(suppression: Suppression, override_reason: str) -> Iterator[Violation]:
    """Checks the reason for deleting a suppression."""
    if suppression.reason is SuppressionReason.COMPLAINT and not override_reason.strip():
        yield Violation("override_reason", "REQUIRED", "Must say why the suppression of a complaint is deleted.")
    yield from line_violations(override_reason, "override_reason", MAX_OVERRIDE_REASON)
