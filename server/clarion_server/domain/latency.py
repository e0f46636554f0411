"""A histogram of latencies that can be kept as counters and added up.

Buckets grow by a tenth each, so a percentile read from their middles is within 5 % of the true one, whatever its size
(the idea of HdrHistogram and DDSketch: Masson, Rim, Lee, "DDSketch", VLDB 2019).
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from clarion_server.domain.instant import Span

_GROWTH = math.log(1.1)
#: Everything below a tenth of a millisecond is one bucket.
_SMALLEST: Span = 100


def bucket_of(latency: Span) -> int:
    return max(0, math.ceil(math.log(max(latency, 1) / _SMALLEST) / _GROWTH))


def middle_of(bucket: int) -> Span:
    """The geometric middle of a bucket: what its members are taken to be."""
    return round(_SMALLEST * math.exp(_GROWTH * (bucket - 0.5)))


def percentile(counts: Mapping[int, int], share: float) -> Span | None:
    """The latency that `share` (0 to 1) of the counted ones do not exceed; None without any."""
    total = sum(counts.values())
    rank = math.ceil(share * total)
    seen = 0
    for bucket in sorted(counts):
        seen += counts[bucket]
        if seen >= rank > 0:
            return middle_of(bucket)
    return None
