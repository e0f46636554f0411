from __future__ import annotations

import datetime as dt
import math

import grpc
import pytest
from clarion_client import ClarionError, ErrorDetails, Retry
from clarion_client._errors import TYPES
from clarion_client._retry import Deadline

Code = grpc.StatusCode
RETRY = Retry(initial_delay=0.1, max_delay=5.0)


def failure(code: grpc.StatusCode, retry_after: float | None = None) -> ClarionError:
    asked = None if retry_after is None else dt.timedelta(seconds=retry_after)
    return TYPES.get(code, ClarionError)(code, "Failed.", ErrorDetails(retry_after=asked))


@pytest.mark.parametrize(
    ("code", "retry_after", "repeatable", "attempt", "remaining", "jitter", "delay"),
    [
        # Passing failures of calls that are safe to repeat: doubling, bounded, never past the deadline.
        (Code.UNAVAILABLE, None, True, 1, 10, 0.0, 0.1),
        (Code.UNAVAILABLE, None, True, 2, 10, 0.0, 0.2),
        (Code.UNAVAILABLE, None, True, 4, 10, 0.0, 0.8),
        (Code.UNAVAILABLE, None, True, 10, 10, 0.0, 5.0),
        (Code.UNAVAILABLE, None, True, 10**6, 10, 0.0, 5.0),
        (Code.UNAVAILABLE, None, True, 10, 5, 0.0, None),
        (Code.UNAVAILABLE, None, True, 1, 0, 0.0, None),
        # Jitter takes up to half of the delay.
        (Code.UNAVAILABLE, None, True, 2, 10, 0.5, 0.15),
        (Code.UNAVAILABLE, None, True, 2, 10, 1.0, 0.1),
        # What the service asks for is kept when it is longer, and ends the tries when there is no time for it.
        (Code.UNAVAILABLE, 2.0, True, 1, 10, 0.0, 2.0),
        (Code.UNAVAILABLE, 0.01, True, 2, 10, 0.0, 0.2),
        (Code.UNAVAILABLE, 2.0, True, 1, 1, 0.0, None),
        # A write may have been done: it is not repeated.
        (Code.UNAVAILABLE, None, False, 1, 10, 0.0, None),
        # Overload means that nothing was done, but only when it comes with a delay.
        (Code.RESOURCE_EXHAUSTED, 0.5, True, 1, 10, 0.0, 0.5),
        (Code.RESOURCE_EXHAUSTED, 0.5, False, 1, 10, 0.0, 0.5),
        (Code.RESOURCE_EXHAUSTED, None, True, 1, 10, 0.0, None),
    ],
)
def test_the_decision_to_try_again_is_data(
    code: grpc.StatusCode,
    retry_after: float | None,
    repeatable: bool,
    attempt: int,
    remaining: float,
    jitter: float,
    delay: float | None,
) -> None:
    decision = RETRY.delay(
        failure(code, retry_after), attempt=attempt, remaining=remaining, repeatable=repeatable, jitter=jitter
    )

    assert decision == (None if delay is None else pytest.approx(delay))


@pytest.mark.parametrize("code", [code for code in Code if code not in {Code.UNAVAILABLE, Code.RESOURCE_EXHAUSTED}])
def test_no_other_failure_is_tried_again(code: grpc.StatusCode) -> None:
    assert RETRY.delay(failure(code, 0.1), attempt=1, remaining=10, repeatable=True, jitter=0) is None


@pytest.mark.parametrize("seconds", [math.inf, 1e30])
def test_a_call_that_may_take_for_ever_has_a_deadline_that_grpc_knows(seconds: float) -> None:
    # gRPC ends a call at once whose deadline is beyond what its clock has.
    assert 360 * 86_400 < Deadline(seconds).remaining() <= 365 * 86_400
