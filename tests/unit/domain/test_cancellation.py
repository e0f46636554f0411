"""Tests the result of cancelling an execution."""

from __future__ import annotations

import pytest
from clarion_server.domain.messages.message import MessageState
from clarion_server.domain.triggering.execution import CancelOutcome, cancellation
from hypothesis import given
from hypothesis import strategies as st

SENDING, SENT, EXCLUDED = MessageState.SENDING, MessageState.SENT, MessageState.EXCLUDED
CANCELLED, EXPIRED, FAILED = MessageState.CANCELLED, MessageState.EXPIRED, MessageState.FAILED
IN_DOUBT = MessageState.IN_DOUBT


@pytest.mark.parametrize(
    ("counts", "outcome", "cancelled", "too_late"),
    [
        # In time for every one of them.
        ({CANCELLED: 3}, CancelOutcome.CANCELLED, 3, 0),
        # An excluded one was never going to be sent.
        ({CANCELLED: 2, EXCLUDED: 1}, CancelOutcome.CANCELLED, 2, 0),
        ({EXCLUDED: 4}, CancelOutcome.CANCELLED, 0, 0),
        # Every recipient was rejected: nothing was or will be sent.
        ({}, CancelOutcome.CANCELLED, 0, 0),
        # For some it was too late, for some not.
        ({CANCELLED: 1, SENT: 1}, CancelOutcome.PARTIAL, 1, 1),
        ({CANCELLED: 5, SENDING: 1, SENT: 2, FAILED: 3, EXPIRED: 4, IN_DOUBT: 5}, CancelOutcome.PARTIAL, 5, 15),
        # For all that could have been sent.
        ({SENT: 2}, CancelOutcome.TOO_LATE, 0, 2),
        ({SENDING: 1}, CancelOutcome.TOO_LATE, 0, 1),
        ({SENDING: 1, EXCLUDED: 9}, CancelOutcome.TOO_LATE, 0, 1),
        ({EXPIRED: 1}, CancelOutcome.TOO_LATE, 0, 1),
    ],
)
def test_a_cancellation_tells_how_far_it_was_in_time(
    counts: dict[MessageState, int], outcome: CancelOutcome, cancelled: int, too_late: int
) -> None:
    result = cancellation(counts)
    assert (result.outcome, result.cancelled_count, result.too_late_count) == (outcome, cancelled, too_late)


@given(st.dictionaries(st.sampled_from(MessageState), st.integers(0, 1_000)))
def test_every_message_is_cancelled_too_late_or_excluded(counts: dict[MessageState, int]) -> None:
    result = cancellation(counts)
    assert result.cancelled_count + result.too_late_count + counts.get(EXCLUDED, 0) == sum(counts.values())
