"""The error of a process that cannot start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.domain.errors import Unavailable


class CannotStart(Exception):
    """The configuration or the machine is at fault. The text names the fault and what to do about it."""


@contextmanager
def failures_of_starting() -> Iterator[None]:
    """Turns the errors of a store that could be opened, and of a queue, into CannotStart."""
    try:
        yield
    except Unavailable as error:
        raise CannotStart(f"Cannot use the store: {error.__cause__ or error}") from error
    except QueueUnavailable as error:
        raise CannotStart(f"Cannot use the queue: {error}") from error
