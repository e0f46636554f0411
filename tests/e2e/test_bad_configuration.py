"""What is wrong with the configuration is told in one sentence at the start, with the exit code that says so."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.bootstrap import open_store, prepare
from clarion_server.config import Settings
from clarion_server.programs.serving import misspelt_variables
from clarion_server.transport.cli.app import run

from tests.fork_server import fork_server
from tests.ports import free_port
from tests.postgresql import PostgresqlServer, ask

REFUSED = 2


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CLARION_HTTP_LISTEN", "")
    monkeypatch.setenv("CLARION_PROCESSES", "2")


def printed(capsys: pytest.CaptureFixture[str], *options: str) -> str:
    """Returns what the command prints before several processes would start, which is where most mistakes show."""
    status = run(["serve", *options], serve="clarion_server.programs.serving:serve")
    said = capsys.readouterr()
    assert (status, said.out) == (REFUSED, "")
    return said.err


def printed_by_a_process(folder: Path, **settings: str) -> str:
    """Returns what a service prints that comes as far as to listen."""
    given = {"store": f"sqlite:///{folder}/clarion.db", **settings}
    with (folder / "errors").open("w+") as errors:
        environment = os.environ | {f"CLARION_{name.upper()}": value for name, value in given.items()}
        code, _ = fork_server().start(errors.fileno(), environment, "serve").finish()
        assert code == REFUSED
        errors.seek(0)
        text = errors.read()
    assert "Traceback" not in text
    return text


def test_variables_that_resemble_settings_are_told_with_what_they_may_mean() -> None:
    names = ["CLARION_RETAIN_EVENTS_DAYS", "CLARION_STOER", "CLARION_STORE", "CLARION_TARGET", "CLARION_API_KEY"]
    names += ["CLARION_CA_CERTIFICATES", "CLARION_PORT", "CLARION_SERVICE_HOST", "CLARION_SERVICE_PORT", "STOER"]
    assert list(misspelt_variables(names)) == [
        ("CLARION_RETAIN_EVENTS_DAYS", "CLARION_RETAIN_EVENT_DAYS"),
        ("CLARION_STOER", "CLARION_STORE"),
    ]


def test_a_service_logs_the_variable_and_starts(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLARION_STOER", "sqlite:///elsewhere.db")
    # What is wrong afterwards ends the command, so that nothing has to be stopped.
    assert "setting_unknown" in printed(capsys, "--store", "nothing:")


def is_one_sentence(text: str) -> bool:
    return text.startswith("error: ") and text.count("\n") == 1 and text.endswith((".\n", "?\n"))


@pytest.mark.parametrize("processes", ["1", "2"])
@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        ("mysql://x", "CLARION_STORE "),
        (
            "sqlite:////nowhere/clarion.db",
            "There is no folder /nowhere for the store clarion.db: make it, or name another one in CLARION_STORE.",
        ),
    ],
)
def test_a_store_that_cannot_be_opened_is_reported_in_one_sentence(
    tmp_path: Path, store: str, sentence: str, processes: str
) -> None:
    text = printed_by_a_process(tmp_path, listen="127.0.0.1:0", store=store, processes=processes)
    assert is_one_sentence(text)
    assert sentence in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--role", "boss"], "CLARION_ROLE: Input should be 'all', 'api' or 'worker', not 'boss'."),
        (["--processes", "0"], "CLARION_PROCESSES: Input should be greater than or equal to 1, not '0'."),
        (["--store", "memory:"], "The store memory: belongs to one process: set CLARION_STORE to a file or a database"),
        (
            ["--role", "worker", "--processes", "1", "--store", "memory:"],
            "leave CLARION_PROCESSES at 1 and CLARION_ROLE",
        ),
        (["--listen", "nonsense"], "CLARION_LISTEN must be host:port, such as 127.0.0.1:50051."),
        (["--listen", "127.0.0.1:99999"], "CLARION_LISTEN must be host:port, such as 127.0.0.1:50051."),
        (["--metrics-listen", "here"], "CLARION_METRICS_LISTEN must be host:port, such as 127.0.0.1:50051, or empty."),
        (["--listen", "[::]:0"], "Listening on [::]:0 needs TLS"),
        (["--listen", "0.0.0.0:0"], "set CLARION_TLS_CERTIFICATE and CLARION_TLS_KEY"),
        (["--listen", "clarion.example:50051"], "Listening on clarion.example:50051 needs TLS"),
        (["--http-listen", "[::]:0"], "Listening on [::]:0 needs TLS"),
        (["--http-listen", "clarion.example:50080"], "Listening on clarion.example:50080 needs TLS"),
        (["--metrics-listen", "0.0.0.0:9464"], "Listening on 0.0.0.0:9464 needs TLS"),
        (["--public-url", "http://mail.example"], "CLARION_PUBLIC_URL must be a URL such as https://mail.example.com"),
        (
            ["--public-url", "https://mail.example"],
            "CLARION_PUBLIC_URL and CLARION_LINK_KEYS belong together: set both",
        ),
        (
            ["--allow-list", "example.com,nobody@"],
            "CLARION_ALLOW_LIST must be addresses and domains, such as dev@example",
        ),
        (["--link-keys", "link-keys"], 'This makes a file of keys: echo "1 $(openssl rand -hex 64)" > link-keys'),
        (
            ["--public-url", "https://mail.example", "--link-keys", "nowhere"],
            "CLARION_LINK_KEYS: There is no file nowhere.",
        ),
        (
            ["--public-url", "https://mail.example", "--link-keys", "."],
            "CLARION_LINK_KEYS: . is no file. Name one that",
        ),
        (["--tls-key", "key.pem"], "CLARION_TLS_CERTIFICATE and CLARION_TLS_KEY belong together: set both, or none."),
    ],
)
def test_settings_that_cannot_be_are_reported_by_their_name_before_a_store_is_made(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: list[str], sentence: str
) -> None:
    text = printed(capsys, *options)
    assert text.startswith("error: The service cannot start with these settings.\n")
    assert sentence in text
    assert "Traceback" not in text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("store", "sentence"),
    [
        ("mysql://me:secret@host/db", "Clarion has no such store. Set CLARION_STORE to sqlite:///clarion.db"),
        ("sqlite:///missing/clarion.db", "/missing for the store clarion.db"),
        ("sqlite:////sys/clarion.db", "Cannot open the store: /sys/clarion.db cannot be opened: "),
        ("sqlite:///notes.txt", "notes.txt is no SQLite database: name another file"),
        ("sqlite:///folder", "folder is a folder: name a file in it."),
        ("postgresql://me:secret@127.0.0.1:1/clarion", "Connection refused. Check CLARION_STORE and the server."),
        ("postgresql://me:secret@127.0.0.1/clarion?ssl=1", "with options that libpq knows, and other characters than"),
        ("postgresql://me:secret%z@127.0.0.1/clarion", "encoded, as %40 for @."),
        ("postgresql://me:secret@nowhere.invalid/clarion", "PostgreSQL says: failed to resolve host 'nowhere.invalid'"),
    ],
)
def test_a_store_that_cannot_be_opened_is_reported_without_its_password(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, store: str, sentence: str
) -> None:
    (tmp_path / "notes.txt").write_text("Dear diary, today I wrote no SQL. " * 100)
    (tmp_path / "folder").mkdir()
    text = printed(capsys, "--store", store)
    assert is_one_sentence(text)
    assert sentence in text
    assert "secret" not in text


@pytest.fixture(scope="module")
def locked_url() -> Iterator[str]:
    """Returns a URL of a server that asks its user for a password, which is `right`, and gives the user no rights."""
    server = PostgresqlServer(password_for="clarion_locked")
    try:
        server.start()
        ask(server.url(), "CREATE ROLE clarion_locked LOGIN PASSWORD 'right'")
        yield server.url().replace("clarion@", "clarion_locked:right@", 1)
    finally:
        server.remove()


def test_a_user_without_rights_and_one_with_a_wrong_password_are_reported(
    capsys: pytest.CaptureFixture[str], locked_url: str
) -> None:
    text = printed(capsys, "--store", locked_url.replace(":right@", ":wrong@"))
    assert is_one_sentence(text)
    assert 'password authentication failed for user "clarion_locked"' in text
    text = printed(capsys, "--store", locked_url)
    assert is_one_sentence(text)
    assert "permission denied for schema public. Grant the user in CLARION_STORE that right" in text


def test_a_database_of_another_program_is_reported(capsys: pytest.CaptureFixture[str], locked_url: str) -> None:
    owner_url = locked_url.replace("clarion_locked:right@/postgres", "clarion@/another")
    ask(locked_url.replace("clarion_locked:right@", "clarion@"), "CREATE DATABASE another")
    ask(owner_url, "CREATE TABLE campaigns (name text)")
    text = printed(capsys, "--store", owner_url)
    assert is_one_sentence(text)
    assert "The database is another program's: name an empty one in CLARION_STORE." in text


def test_a_user_who_may_not_use_the_tables_is_reported(capsys: pytest.CaptureFixture[str], locked_url: str) -> None:
    owner_url = locked_url.replace("clarion_locked:right@", "clarion@")
    open_store(owner_url).close()
    ask(owner_url, "GRANT SELECT ON alembic_version TO clarion_locked")
    # The one before it is the log's.
    text = printed(capsys, "--store", locked_url).splitlines(keepends=True)[-1]
    assert is_one_sentence(text)
    assert "Cannot use the store: PostgreSQL says: permission denied for table " in text


def test_a_certificate_that_is_none_is_reported(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name in ("certificate.pem", "key.pem"):
        (tmp_path / name).write_text("no PEM")
    text = printed(capsys, "--tls-certificate", "certificate.pem", "--tls-key", "key.pem")
    assert is_one_sentence(text)
    assert "Cannot use the certificate certificate.pem with the key key.pem" in text


def test_files_that_the_user_of_the_service_may_not_read_are_reported(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for name in ("certificate.pem", "key.pem", "link-keys"):
        (tmp_path / name).touch(mode=0)
    if os.access(tmp_path / "key.pem", os.R_OK):
        pytest.skip("This user may read every file.")
    text = printed(capsys, "--tls-certificate", "certificate.pem", "--tls-key", "key.pem")
    assert text.endswith("let the service's user read both.\n")
    text = printed(capsys, *PUBLIC, "--link-keys", "link-keys")
    assert text.endswith("Let the service's user read it.\n")


PUBLIC = ("--public-url", "https://mail.example")


def write_secret(path: Path, text: str) -> None:
    """Writes a file that its owner alone can read, as a key file should be: any other is warned about."""
    path.touch(mode=0o600)
    path.write_text(text)


def test_link_keys_that_are_none_are_reported_by_their_line(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    write_secret(tmp_path / "link-keys", f"2 {'0f' * 64}\n1 secret\n")
    text = printed(capsys, *PUBLIC, "--link-keys", "link-keys")
    assert is_one_sentence(text)
    assert "Cannot use the link keys in link-keys: Line 2 is not a number from 1 to 255 and 128 hexadecimal" in text
    assert "`openssl rand -hex 64`" in text
    assert "secret" not in text


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ((), "the link keys lack the key 1."),
        ((*PUBLIC, "--link-keys", "newer"), "the link keys lack the key 1."),
        ((*PUBLIC, "--link-keys", "other"), "the link keys have another key under the number 1."),
    ],
)
def test_a_start_without_a_key_that_has_sealed_links_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, options: tuple[str, ...], fault: str
) -> None:
    for name, number, digits in (("first", 1, "0f"), ("newer", 2, "ab"), ("other", 1, "ab")):
        write_secret(tmp_path / name, f"{number} {digits * 64}\n")
    record_sealing_key("first")
    text = printed(capsys, *options)
    assert text.count("\n") == 1
    assert fault in text


def test_a_single_process_checks_the_link_keys_too(tmp_path: Path) -> None:
    write_secret(tmp_path / "first", f"1 {'0f' * 64}\n")
    record_sealing_key("first")
    assert "the link keys lack the key 1." in printed_by_a_process(tmp_path, listen="127.0.0.1:0", processes="1")


def test_a_start_without_the_keys_of_erased_addresses_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    write_secret(tmp_path / "erasure-keys", f"7 {'0f' * 64}\n")
    asyncio.run(prepare(Settings(erasure_keys=Path("erasure-keys")), lambda _: None))
    text = printed(capsys)
    assert text.count("\n") == 1
    assert "the erasure keys lack the key 7." in text
    assert "CLARION_ERASURE_KEYS" in text


def record_sealing_key(file: str) -> None:
    """Does to the store of this folder what a start with the link keys of that file does."""
    settings = Settings(public_url="https://mail.example", link_keys=Path(file))
    asyncio.run(prepare(settings, lambda _: None))


@pytest.fixture
def taken_port() -> Iterator[int]:
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


@pytest.mark.parametrize("processes", ["1", "2"])
def test_a_port_that_is_taken_is_reported(taken_port: int, processes: str, tmp_path: Path) -> None:
    text = printed_by_a_process(tmp_path, listen=f"127.0.0.1:{taken_port}", processes=processes)
    assert is_one_sentence(text)
    assert f"error: Cannot listen on 127.0.0.1:{taken_port}: " in text
    assert "Set CLARION_LISTEN" in text


def test_the_supervisor_says_why_no_process_can_start(tmp_path: Path) -> None:
    text = printed_by_a_process(tmp_path, listen="127.0.0.1:0", processes="2", queue=f"nats://127.0.0.1:{free_port()}")
    assert is_one_sentence(text.splitlines(keepends=True)[-1])
    assert "error: Cannot use the queue: " in text
