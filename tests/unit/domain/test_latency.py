"""Latencies as counters: percentiles that are near enough, whatever the size."""

from __future__ import annotations

import math
from collections import Counter

import pytest
from clarion_server.domain.events.latency import bucket_of, middle_of, percentile
from clarion_server.domain.instant import DAY, MILLISECOND, SECOND
from hypothesis import given
from hypothesis import strategies as st

#: From a tenth of a millisecond, below which everything is one bucket, to a week.
latencies = st.integers(100, 7 * DAY)
shares = st.sampled_from([0.5, 0.9, 0.95, 0.99, 1.0])


def true_percentile(values: list[int], share: float) -> int:
    """Returns it by the nearest rank, as `percentile` has it."""
    return sorted(values)[math.ceil(share * len(values)) - 1]


@given(latencies)
def test_a_latency_is_estimated_within_five_percent(latency: int) -> None:
    assert middle_of(bucket_of(latency)) == pytest.approx(latency, rel=0.05, abs=1)


@given(st.lists(latencies, min_size=1, max_size=200), shares)
def test_a_percentile_is_estimated_within_ten_percent(values: list[int], share: float) -> None:
    result = percentile(Counter(map(bucket_of, values)), share)
    assert result == pytest.approx(true_percentile(values, share), rel=0.10)


@given(st.lists(latencies, min_size=1), st.lists(latencies, min_size=1), shares)
def test_counts_of_two_processes_add_up(some: list[int], others: list[int], share: float) -> None:
    added = Counter(map(bucket_of, some)) + Counter(map(bucket_of, others))
    assert percentile(added, share) == percentile(Counter(map(bucket_of, some + others)), share)


@given(latencies, latencies)
def test_a_longer_latency_is_never_in_a_lower_bucket(one: int, other: int) -> None:
    assert (bucket_of(one) <= bucket_of(other)) or one > other


@given(st.lists(latencies, min_size=1, max_size=50))
def test_percentiles_never_fall_as_the_share_grows(values: list[int]) -> None:
    counts = Counter(map(bucket_of, values))
    result = [percentile(counts, share) or 0 for share in (0.01, 0.25, 0.5, 0.75, 0.99, 1.0)]
    assert result == sorted(result)


@pytest.mark.parametrize("latency", [-5, 0, 1, 99, 100])
def test_whatever_is_too_short_to_tell_is_in_the_first_bucket(latency: int) -> None:
    assert bucket_of(latency) == 0


def test_there_is_no_percentile_of_nothing() -> None:
    assert percentile({}, 0.5) is None
    assert percentile({7: 0}, 0.99) is None


def test_a_few_slow_ones_show_in_the_highest_percentile_alone() -> None:
    counts = Counter({bucket_of(10 * MILLISECOND): 98, bucket_of(5 * SECOND): 2})
    assert percentile(counts, 0.95) == pytest.approx(10 * MILLISECOND, rel=0.05)
    assert percentile(counts, 0.99) == pytest.approx(5 * SECOND, rel=0.05)


def test_a_week_needs_few_counters() -> None:
    # Each is a row of the report's figures.
    assert bucket_of(7 * DAY) < 250
