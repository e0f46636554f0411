"""What keeps a process from starting, told to whoever starts it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from clarion_server.domain.errors import Unavailable


class CannotStart(Exception):
    """Something in the configuration or on the machine is in the way. The text says what, and what to do."""


@contextmanager
def failures_of_starting() -> Iterator[None]:
    """Of a store that could be opened."""
    try:
        yield
    except Unavailable as error:
        raise CannotStart(f"Cannot use the store: {error.__cause__ or error}") from error
