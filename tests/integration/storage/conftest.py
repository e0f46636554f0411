from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore

from tests.contract.store.kinds import empty_sqlite_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "clarion.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqlStore]:
    path.write_bytes(empty_sqlite_file())
    with closing(open_sqlite_store(path)) as opened:
        yield opened
