"""Measures what password resets feel of long work, in windows alone and beside it by turns, in one service.

A machine is busier in one minute than in the next, so that two windows prove nothing about the work.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median

from bench.bench import Sizes
from bench.driver import Driver
from bench.figures import Samples
from bench.load import Timed, together

RESETS_PER_S = 50.0
WINDOW_SECONDS = 4.0
#: Says how many windows there are of each kind.
WINDOWS, QUICK_WINDOWS = 8, 3
_PERCENTS = (50, 90, 99)

#: Is entered when the work is to go on, and left when it is to pause.
Going = Callable[[], AbstractContextManager[None]]


def resets_beside(name: str, driver: Driver, going: Going, sizes: Sizes) -> Samples:
    """Returns the figures of the acceptance of resets, whose names begin with `name`.

    A delay is the difference of a percentile of all resets beside the work from that of all resets alone. In a second
    one a percentile is the median of those of the windows.
    """
    driver.rated_calls(RESETS_PER_S, 1.0)
    alone: list[Timed] = []
    beside: list[Timed] = []
    for _ in range(QUICK_WINDOWS if sizes.is_quick else WINDOWS):
        alone.append(driver.rated_calls(RESETS_PER_S, WINDOW_SECONDS))
        with going():
            beside.append(driver.rated_calls(RESETS_PER_S, WINDOW_SECONDS))
    samples: Samples = {}
    all_alone, all_beside = together(alone), together(beside)
    for percent in _PERCENTS:
        without, with_work = all_alone.percentile_ms(percent), all_beside.percentile_ms(percent)
        samples[f"{name}_reset_p{percent}_ms_alone"] = without
        samples[f"{name}_reset_p{percent}_ms_beside"] = with_work
        samples[f"{name}_reset_delay_p{percent}_ms"] = with_work - without
    samples[f"{name}_reset_delay_of_windows_p99_ms"] = _median(beside, 99) - _median(alone, 99)
    return samples


def _median(windows: list[Timed], percent: float) -> float:
    return median(window.percentile_ms(percent) for window in windows)
