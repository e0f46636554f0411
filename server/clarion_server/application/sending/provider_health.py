"""Logs when a provider accepts no messages any more, and when it accepts them again."""

from __future__ import annotations

import structlog

from clarion_server.application.ports.clock import Clock
from clarion_server.domain.addresses.magic import simulated_outcome
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.events.delivery import AttemptOutcome
from clarion_server.domain.instant import MINUTE, SECOND, Instant, Span
from clarion_server.domain.messages.attempt import FailureReason
from clarion_server.domain.messages.message import MessageState

log = structlog.get_logger()

#: This many hand-offs in a row must fail, as one may meet a server that is being restarted.
FAILURES = 3
#: A provider that comes and goes is logged at most once in this span.
QUIET: Span = MINUTE

#: The reasons that say nothing about a single message.
_OF_PROVIDER = frozenset(
    {
        FailureReason.CONNECTION_FAILED,
        FailureReason.TIMED_OUT,
        FailureReason.TLS_FAILED,
        FailureReason.AUTHENTICATION_FAILED,
        FailureReason.PROVIDER_UNAVAILABLE,
        FailureReason.CONFIGURATION_INVALID,
    }
)


class ProviderHealth:
    """Says in the log when the provider of a channel configuration fails, and when it is back, by the hand-offs of this
    process.
    """

    __slots__ = ("_clock", "_failures", "_first_time", "_told", "_told_time")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        """Counts them in a row."""
        self._first_time: Instant = 0
        """Says when the first of them ended."""
        self._told = False
        self._told_time: Instant | None = None

    def count(self, outcome: AttemptOutcome, configuration: ChannelConfiguration) -> None:
        if outcome.state is MessageState.SENT:
            if self._failures and not _is_simulated(outcome):
                self._end(configuration)
            return
        attempt = outcome.attempt
        failure = None if attempt is None else attempt.failure
        if failure is None:
            return
        what = {"channel": configuration.name, "sandbox": configuration.sandbox, "reason": failure.reason.value}
        if failure.code:
            # A connection that fails has none.
            what["code"] = failure.code
        log.debug("attempt_failed", message=outcome.message.name, state=outcome.state.value, **what)
        if failure.reason not in _OF_PROVIDER or _is_simulated(outcome):
            return
        if not self._failures:
            self._first_time = outcome.time
        self._failures += 1
        if self._failures >= FAILURES and not self._told and self._may_tell():
            self._told, self._told_time = True, self._clock.now()
            # The provider's own words may be about a person.
            log.warning("provider_failing", failures=self._failures, **what)

    def _may_tell(self) -> bool:
        return self._told_time is None or not 0 <= self._clock.now() - self._told_time < QUIET

    def _end(self, configuration: ChannelConfiguration) -> None:
        if self._told:
            log.info(
                "provider_back",
                channel=configuration.name,
                sandbox=configuration.sandbox,
                failures=self._failures,
                seconds=round((self._clock.now() - self._first_time) / SECOND),
            )
        self._failures, self._told = 0, False


def _is_simulated(outcome: AttemptOutcome) -> bool:
    return simulated_outcome(outcome.message.address) is not None
