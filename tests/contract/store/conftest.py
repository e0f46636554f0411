"""Every test of this folder runs on every store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from clarion_server.application.ports.store import Store, UnitOfWork

from tests.contract.store.kinds import KINDS, PATIENCE, StoreKind

OpenStore = Callable[[], Store]


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def kind(request: pytest.FixtureRequest) -> StoreKind:
    chosen: StoreKind = request.param
    return chosen


@pytest.fixture
def store(kind: StoreKind) -> Store:
    return kind.empty()


@pytest.fixture
def work(store: Store) -> Iterator[UnitOfWork]:
    """Opens a unit of work that is never committed, for tests that need no more than one."""
    with store.begin() as begun:
        yield begun


@pytest.fixture(params=KINDS, ids=lambda kind: kind.name)
def open_durable(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenStore]:
    """Opens the same store as often as it is called. All are closed at the end."""
    durable: StoreKind = request.param
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(durable.open(tmp_path, PATIENCE)))
