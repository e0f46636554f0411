from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache

import pytest
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.adapters.storage.store import SqlStore

from tests.postgresql import empty, made_database

OpenStore = Callable[[], SqlStore]


@cache
def _migrated() -> str:
    made = made_database("clarion_integration")
    open_postgresql_store(made).close()
    return made


@pytest.fixture
def url() -> str:
    """Returns the URL of a database with Clarion's tables, all empty."""
    empty(_migrated())
    return _migrated()


@pytest.fixture
def open_store(url: str) -> Iterator[OpenStore]:
    """Opens the store as a further process does. All are closed at the end."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(open_postgresql_store(url)))
