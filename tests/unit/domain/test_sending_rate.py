"""Sending rates."""

from __future__ import annotations

from clarion_server.domain.sending_policies.sending_rate import RatePeriod, SendingRate, rate_violations


def test_a_rate_without_a_period_is_refused_together_with_its_count() -> None:
    found = {violation.field: violation.reason for violation in rate_violations(SendingRate(0, None))}
    assert found == {"rate.period": "REQUIRED", "rate.count": "OUT_OF_RANGE"}


def test_a_rate_is_so_many_a_second() -> None:
    assert [SendingRate(3600, period).a_second for period in RatePeriod] == [3600, 60, 1]
    assert not list(rate_violations(SendingRate(100_000, RatePeriod.SECOND)))
