"""Runs the steps of verifying a channel configuration and measures them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable

from clarion_server.application.ports.channels import VerificationStep

_NANOSECONDS = 1_000

#: Is a step: its name and its function, which returns a detail or raises StepFailed.
Step = tuple[str, Callable[[], Awaitable[str]]]


class StepFailed(Exception):
    """Is raised when a step failed. The text says why and what to do about it, without any credential."""


async def run_steps(steps: Iterable[Step]) -> list[VerificationStep]:
    """Runs the steps up to the first that fails, and returns their results."""
    done: list[VerificationStep] = []
    for name, run in steps:
        done.append(await _run_step(name, run))
        if not done[-1].passed:
            break
    return done


async def _run_step(name: str, run: Callable[[], Awaitable[str]]) -> VerificationStep:
    began = time.perf_counter_ns()
    try:
        detail, passed = await run(), True
    except StepFailed as error:
        detail, passed = str(error), False
    return VerificationStep(name, passed, detail, (time.perf_counter_ns() - began) // _NANOSECONDS)
