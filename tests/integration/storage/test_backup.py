"""The copy of a SQLite file that the page about operations makes."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from clarion_server.adapters.storage.sqlite import open_sqlite_store

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def documented_statement() -> str:
    found = re.search(r"""^sqlite3 clarion\.db "([^"]+)" .*while the service runs""", PAGE.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


@contextmanager
def written_all_the_time(file: Path) -> Iterator[None]:
    """Another connection commits changes without a pause."""
    has_begun, ends = threading.Event(), threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as connection:
            while not ends.is_set():
                connection.execute("UPDATE alembic_version SET version_num = version_num")
                has_begun.set()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert has_begun.wait(60)
        yield
    finally:
        ends.set()
        writer.join()


def test_a_store_that_is_written_all_the_time_is_copied_by_the_documented_command(tmp_path: Path) -> None:
    file, copy = tmp_path / "clarion.db", tmp_path / "copy.db"
    store = open_sqlite_store(file)
    with written_all_the_time(file), closing(sqlite3.connect(file, isolation_level=None, timeout=60)) as connection:
        connection.execute(documented_statement().replace("copy.db", str(copy)))
    store.close()
    with closing(sqlite3.connect(copy)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    open_sqlite_store(copy).close()
