"""What every test of a use case begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.unit.application.world import World


@pytest.fixture
def world() -> Iterator[World]:
    with closing(World()) as made:
        yield made
