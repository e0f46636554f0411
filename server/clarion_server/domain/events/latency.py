"""A histogram of latencies that is stored as counters, which can be added up.

Each bucket is a tenth wider than the one before, so a percentile read from their middles is within 5 % of the true one,
whatever its size (as in HdrHistogram and DDSketch: Masson, Rim, Lee, "DDSketch", VLDB 2019).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from clarion_server.domain.instant import Span

_GROWTH = math.log(1.1)
#: Is the upper bound of the first bucket: 0.1 ms.
_SMALLEST: Span = 100


def bucket_of(latency: Span) -> int:
    return max(0, math.ceil(math.log(max(latency, 1) / _SMALLEST) / _GROWTH))


def middle_of(bucket: int) -> Span:
    """Returns the geometric middle of a bucket, which stands for all its members."""
    return round(_SMALLEST * math.exp(_GROWTH * (bucket - 0.5)))


def percentile(counts: Mapping[int, int], share: float) -> Span | None:
    """Returns the latency that `share` (0 to 1) of the counted ones do not exceed; None when none was counted."""
    total = sum(counts.values())
    rank = math.ceil(share * total)
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank > 0:
            return middle_of(bucket)
    return None
