"""Opening a SQLite file, or refusing what is in its place."""

from __future__ import annotations

import errno
import itertools
import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from clarion_server.adapters.storage.connections import open_file
from clarion_server.adapters.storage.connections.open_file import OpenFile
from clarion_server.adapters.storage.migrate import SchemaUnknown
from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.application.ports.store import StoreUnavailable

from tests.integration.storage.writing import taken_at_once


def test_the_file_and_its_log_are_for_their_owner_alone(path: Path) -> None:
    with closing(open_sqlite_store(path)) as store:
        with store.begin() as work:
            work.processes.renew("process-1", 1)
            work.commit()
        modes = {file.stat().st_mode & 0o777 for file in path.parent.glob("clarion.db*")}
    assert modes == {0o600}


def test_a_file_of_a_newer_clarion_is_refused_and_left_alone(path: Path) -> None:
    open_sqlite_store(path).close()
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaUnknown, match=r"'9999'.*newer Clarion"):
        open_sqlite_store(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT version_num FROM alembic_version").fetchall() == [("9999",)]


@pytest.mark.parametrize(("size", "cache"), [(1 << 24, 2_048), (1 << 30, 8_192), (1 << 36, 65_536)])
def test_the_writer_keeps_more_of_a_larger_file_at_hand(path: Path, size: int, cache: int) -> None:
    open_sqlite_store(path).close()
    # A hole takes no room on the disk, and SQLite leaves alone what its header does not count.
    os.truncate(path, size)
    with closing(open_sqlite_store(path)) as store, store._writer.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA cache_size").scalar() == -cache


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    content = b"Dear diary, today I wrote no SQL." * 100
    path.write_bytes(content)
    with pytest.raises(StoreUnavailable, match="is no SQLite database"):
        open_sqlite_store(path)
    assert path.read_bytes() == content


def test_a_file_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE messages (text)")
    with pytest.raises(StoreUnavailable, match="belongs to another program"):
        open_sqlite_store(path)
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT name FROM sqlite_schema").fetchall() == [("messages",)]


def test_a_damaged_file_is_refused_as_such(path: Path) -> None:
    open_sqlite_store(path).close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 40_000)
    with pytest.raises(StoreUnavailable, match=r"is damaged: put a backup .* move the files with -wal"):
        open_sqlite_store(path)


def test_a_file_with_tables_of_another_program_is_refused_with_what_is_in_the_way(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE campaigns (name)")
    with pytest.raises(StoreUnavailable, match="table campaigns already exists"):
        open_sqlite_store(path)


def test_a_folder_in_the_place_of_the_file_is_refused(path: Path) -> None:
    path.mkdir()
    with pytest.raises(StoreUnavailable, match="is a folder: name a file in it"):
        open_sqlite_store(path)


def test_a_file_that_the_user_may_not_open_is_refused_with_what_to_do(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests may run as root, whom no mode of a file stops.
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "touch", refused)
    with pytest.raises(StoreUnavailable, match=r"Permission denied\. Let the service's user read and write it"):
        open_sqlite_store(path)


def test_a_file_that_another_program_has_locked_is_refused(path: Path) -> None:
    open_sqlite_store(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreUnavailable, match="is locked by another program"):
            open_sqlite_store(path, timeout=0.1)


def test_a_file_with_signs_of_urls_in_its_name_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "50%25?mode=memory#ü.db"
    open_sqlite_store(path).close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT * FROM processes").fetchall() == []


@pytest.mark.parametrize("put", [None, "a copy", "a folder"])
def test_nothing_is_written_to_a_file_that_is_not_in_its_place(path: Path, put: str | None) -> None:
    seconds = itertools.count()
    clock = partial(next, seconds)
    open_sqlite_store(path).close()
    file = OpenFile(path, clock)
    file.check()
    elsewhere = path.with_name("elsewhere.db")
    path.rename(elsewhere)
    if put == "a copy":
        shutil.copy(elsewhere, path)
    elif put == "a folder":
        path.mkdir()
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match=r"clarion\.db was moved, deleted or replaced\. Put it back"):
            file.check()
    if put == "a folder":
        path.rmdir()
    elsewhere.replace(path)
    file.check()


def test_a_store_refuses_to_write_when_its_folder_was_removed(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_file, "_BETWEEN_LOOKS", 0)
    with closing(open_sqlite_store(path)) as store:
        with store.begin() as work:
            work.processes.renew("process-1", 1)
            work.commit()
        shutil.rmtree(path.parent)
        with pytest.raises(StoreUnavailable, match="was moved, deleted or replaced"), store.begin():
            pass


def test_reading_leaves_the_log_of_a_file_that_was_moved_alone(path: Path) -> None:
    """SQLite deletes the log beside an empty file, and would make one where a new connection finds none."""
    elsewhere = path.with_name("elsewhere.db")
    with closing(open_sqlite_store(path)) as store:
        with store.begin() as work:
            work.processes.renew("process-1", 1)
            work.commit()
        path.rename(elsewhere)
        with pytest.raises(StoreUnavailable, match="cannot be opened"), store.snapshot(), store.snapshot():
            pass
        assert not path.exists()
        elsewhere.replace(path)
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT id FROM processes").fetchall() == [("process-1",)]


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="cannot be opened") as refused:
        open_sqlite_store(tmp_path / "missing" / "clarion.db")
    assert isinstance(refused.value.__cause__, FileNotFoundError)


def test_opening_a_new_file_waits_for_another_writer_of_it(path: Path) -> None:
    """SQLite refuses to switch to the write-ahead log at once, whatever its busy timeout, while another one writes."""
    path.touch()
    with closing(sqlite3.connect(path, isolation_level=None)) as other, ThreadPoolExecutor(1) as threads:
        other.execute("BEGIN IMMEDIATE")
        opening = threads.submit(open_sqlite_store, path)
        with pytest.raises(TimeoutError):
            opening.result(0.5)
        other.execute("ROLLBACK")
        opening.result(60).close()
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA journal_mode").fetchall() == [("wal",)]


def test_processes_that_start_at_once_agree_on_who_makes_the_tables(path: Path) -> None:
    assert taken_at_once(4, str(path)) == [0] * 4
