"""Bounds the work of one review, counted in steps, so that no template and no schema keeps a thread busy for long."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, TypeVar

from clarion_server.application.background import check_cancelled

Result = TypeVar("Result")

#: Limits the steps to about half a second. A template of the largest size with an ordinary schema takes a tenth of
#: them.
_MOST_STEPS = 500_000
_STEPS_BETWEEN_CHECKS = 10_000


class ReviewTooLong(Exception):
    """The review takes too many steps."""


class _Effort:
    __slots__ = ("known", "steps", "unchecked")

    def __init__(self) -> None:
        self.steps = _MOST_STEPS
        self.unchecked = 0
        self.known: dict[tuple[str, int], tuple[Any, Any]] = {}
        """Results by the name of a function and the identity of a schema, which is kept so that it stays its own."""


_EFFORT: ContextVar[_Effort | None] = ContextVar("effort", default=None)


@contextmanager
def limited_effort() -> Iterator[None]:
    """Counts the steps of what runs inside."""
    token = _EFFORT.set(_Effort())
    try:
        yield
    finally:
        _EFFORT.reset(token)


def spend(steps: int) -> None:
    """Counts steps. Raises ReviewTooLong, and WorkCancelled when nobody waits for the review any more."""
    effort = _EFFORT.get()
    if effort is None:
        return
    effort.steps -= steps
    effort.unchecked += steps
    if effort.steps < 0:
        raise ReviewTooLong
    if effort.unchecked > _STEPS_BETWEEN_CHECKS:
        effort.unchecked = 0
        check_cancelled()


def once_per_schema(function: Callable[[Any], Result]) -> Callable[[Any], Result]:
    """Lets a function of one schema run once for each schema of a review, however often the template uses it."""

    @wraps(function)
    def remembered(schema: Any) -> Result:
        effort = _EFFORT.get()
        if effort is None:
            return function(schema)
        key = (function.__qualname__, id(schema))
        if key not in effort.known:
            effort.known[key] = (schema, function(schema))
        result: Result = effort.known[key][1]
        return result

    return remembered
