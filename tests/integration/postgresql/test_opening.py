"""Opening a PostgreSQL database, or saying in one sentence why it cannot be used."""

from __future__ import annotations

import sys
from contextlib import closing

import pytest
from clarion_server.adapters.storage import postgresql
from clarion_server.adapters.storage.migrate import SchemaUnknown
from clarion_server.adapters.storage.postgresql import open_postgresql_store
from clarion_server.application.ports.store import StoreUnavailable
from clarion_server.bootstrap import CannotStart, open_store

from tests.contract.store.given import a_sender, committing
from tests.integration.storage.writing import taken_at_once
from tests.ports import free_port
from tests.postgresql import ask, made_database, url_of


def refusal(url: str) -> str:
    with pytest.raises(CannotStart) as refused:
        open_store(url)
    text = str(refused.value)
    assert "\n" not in text
    return text


def test_a_missing_database_is_refusal() -> None:
    assert 'database "nowhere" does not exist' in refusal(url_of("nowhere"))


def test_a_server_that_is_not_there_is_refusal() -> None:
    assert "Connection refused" in refusal(f"postgresql://clarion@127.0.0.1:{free_port()}/clarion")


def test_a_url_that_is_none_is_reported_without_its_password() -> None:
    text = refusal("postgresql://clarion:se@cret@127.0.0.1:port/clarion?what=this")
    assert "postgresql://user:password@host:5432/database" in text
    assert "cret" not in text


def test_a_store_of_another_kind_is_reported_without_its_password() -> None:
    text = refusal("mysql://clarion:secret@127.0.0.1/clarion")
    assert "postgresql://" in text
    assert "secret" not in text


def test_a_user_without_the_right_to_make_tables_is_refused() -> None:
    url = made_database("clarion_forbidden")
    ask(url, "DROP ROLE IF EXISTS nobody_much")
    ask(url, "CREATE ROLE nobody_much LOGIN PASSWORD 'secret'")
    text = refusal(url.replace("clarion@", "nobody_much:secret@", 1))
    assert "permission denied for schema public" in text
    assert "secret" not in text


def test_a_database_that_is_not_utf8_is_refusal() -> None:
    url = made_database("clarion_latin", "ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
    assert "LATIN1" in refusal(url)


def test_a_server_that_is_too_old_is_refusal(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgresql, "_OLDEST_POSTGRESQL", 99)
    assert "Clarion needs 99 or newer" in refusal(url)


def test_a_missing_driver_is_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "clarion_server.adapters.storage.postgresql")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert "pip install 'clarion[server,postgres]'" in refusal("postgresql://clarion@127.0.0.1/clarion")


def test_a_database_of_a_newer_clarion_is_refused_and_left_alone() -> None:
    url = made_database("clarion_newer")
    open_postgresql_store(url).close()
    ask(url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaUnknown, match=r"'9999'.*newer Clarion"):
        open_postgresql_store(url)
    assert ask(url, "SELECT version_num FROM alembic_version") == [("9999",)]


def test_processes_that_start_at_once_agree_on_who_makes_the_tables() -> None:
    assert taken_at_once(4, made_database("clarion_together")) == [0] * 4


def test_a_commit_is_on_the_disk_before_it_returns_whatever_the_servers_default(url: str) -> None:
    relaxed = f"{url}{'&' if '?' in url else '?'}options=-csynchronous_commit%3Doff"
    with closing(open_postgresql_store(relaxed)) as store, store._writer.connect() as connection:
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"


def test_no_query_uses_parallel_workers_of_the_server(url: str) -> None:
    eager = "-cparallel_setup_cost%3D0%20-cparallel_tuple_cost%3D0%20-cmin_parallel_table_scan_size%3D0"
    with closing(open_postgresql_store(f"{url}{'&' if '?' in url else '?'}options={eager}")) as store:
        with committing(store) as work:
            a_sender(work).messages(work, 1000)
        ask(url, "ANALYZE messages")
        for engine in (store._writer, store._readers):
            with engine.connect() as connection:
                lines = connection.exec_driver_sql("EXPLAIN SELECT count(*) FROM messages WHERE locale <> 'en'")
                assert "Gather" not in " ".join(line for (line,) in lines)


def test_a_snapshot_refuses_to_write(url: str) -> None:
    with closing(open_postgresql_store(url)) as store, pytest.raises(StoreUnavailable), store.snapshot() as work:
        work.processes.renew("process-1", 1)
