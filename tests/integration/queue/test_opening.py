"""A queue that cannot be opened says why in one sentence, without secrets."""

from __future__ import annotations

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

import nats
import orjson
import pytest
import trustme
from clarion_server.adapters.queue.jetstream import JetStreamQueue, read_address
from clarion_server.adapters.system import SystemClock
from clarion_server.application.group_commit import GroupCommit
from clarion_server.application.ports.queue import QueueUnavailable
from clarion_server.application.sending.lease import Lease
from clarion_server.application.transactions import Transactions
from clarion_server.bootstrap import CannotStart, Clarion
from clarion_server.config import Settings
from clarion_server.domain.instant import SECOND

from tests.identities import EXCLUSIONS
from tests.memory_store import MemoryStore
from tests.nats_credentials import new_trust
from tests.nats_server import running_nats, shared_url
from tests.waiting import until

#: One user may do everything; each of the others lacks a permission.
USERS = """
authorization {
  users = [
    {user: clarion, password: "o p@n:sesame"}
    {user: guest, password: guest, permissions: {publish: ["$JS.ACK.>", "clarion.>"], subscribe: [">"]}}
    {user: teller, password: teller, permissions: {publish: ["$JS.API.>", "$JS.ACK.>"], subscribe: [">"]}}
    {user: asker, password: asker, permissions: {publish: ["$JS.API.>", "clarion.>"], subscribe: [">"]}}
  ]
}
"""


@asynccontextmanager
async def opened(url: str, credentials: Path | None = None) -> AsyncIterator[JetStreamQueue]:
    transactions, clock = Transactions(MemoryStore()), SystemClock()
    commits = GroupCommit(transactions, lambda: None, 100)
    try:
        queue = JetStreamQueue(
            read_address(url, credentials), transactions, commits, clock, Lease("first", 10 * SECOND, clock), EXCLUSIONS
        )
        try:
            await queue.start(lambda _key, _lane, _due_time: None)
            yield queue
        finally:
            await queue.close()
    finally:
        transactions.close()


async def reason(url: str, credentials: Path | None = None) -> str:
    """Returns why a queue with that URL cannot be used; nothing when it can."""
    try:
        async with opened(url, credentials):
            return ""
    except QueueUnavailable as error:
        return str(error)


def at(url: str, user: str = "", **options: object) -> str:
    """Returns the URL with a user, and a prefix of its own."""
    query = "&".join(f"{name}={value}" for name, value in {"prefix": uuid4().hex, **options}.items())
    return f"{url.replace('//', f'//{user}')}?{query}"


@asynccontextmanager
async def scripted(version: str = "2.15.1", dropped: Mapping[str, object] = MappingProxyType({})) -> AsyncIterator[str]:
    """Yields the URL of a server that accepts every request, but answers with the `dropped` settings."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        info = {"server_id": "S", "version": version, "headers": True, "max_payload": 1_000_000, "proto": 1}
        writer.write(b"INFO " + orjson.dumps(info) + b"\r\n")
        inboxes: dict[bytes, bytes] = {}
        while line := await reader.readline():
            word, *arguments = line.split()
            if word == b"PING":
                writer.write(b"PONG\r\n")
            if word == b"SUB":
                inboxes[arguments[0].rstrip(b"*")] = arguments[-1]
            if word == b"PUB":
                _subject, *reply_to, size = arguments
                body = (await reader.readexactly(int(size) + 2))[:-2]
                if not reply_to:
                    continue
                asked = orjson.loads(body) if body else {}
                config = asked.get("config", asked)
                taken = {**config, **{k: v for k, v in dropped.items() if k in config}}
                text = orjson.dumps({"config": taken, "name": "", "stream_name": "", "created": None, "success": True})
                number = next(number for inbox, number in inboxes.items() if reply_to[0].startswith(inbox))
                writer.write(b"MSG %b %b %d\r\n%b\r\n" % (reply_to[0], number, len(text), text))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        host, port = server.sockets[0].getsockname()
        yield f"nats://{host}:{port}"


async def test_a_server_with_jetstream_needs_no_preparation() -> None:
    assert not await reason(at(shared_url()))


async def test_a_second_start_uses_the_streams_of_the_first() -> None:
    url = at(shared_url())
    assert not await reason(url)
    assert not await reason(url)


async def test_processes_that_start_at_the_same_moment_do_not_disturb_each_other() -> None:
    url = at(shared_url())
    assert await asyncio.gather(*(reason(url) for _ in range(8))) == [""] * 8


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("nats://", "names no host"),
        ("nats://host:port", "a port in its URL"),
        ("nats://host:99999", "a port in its URL"),
        ("nats://host/stream", "names no host"),
        ("nats://host?color=red", "unknown option color"),
        ("nats://host?prefix=a.b", "the prefix in its URL"),
        ("nats://host?prefix=", "the prefix in its URL"),
        ("nats://host?replicas=0", "a number from 1 to 5"),
        ("kafka://host", "does not begin with nats://"),
        ("somewhere", "does not begin with nats://"),
    ],
)
async def test_a_wrong_url_is_refused_with_its_fault(url: str, text: str) -> None:
    assert text in await reason(url)


def test_several_servers_share_user_and_options() -> None:
    address = read_address("tls://jane:s%40cret@one,two:4333/?replicas=3")
    assert address.servers == ["tls://one:4222", "tls://two:4333"]
    assert (address.user, address.password, address.token) == ("jane", "s@cret", None)
    assert (address.prefix, address.replicas) == ("clarion", 3)
    assert "s@cret" not in repr(address)
    assert read_address("nats://t0ken@[::1]:4222").token == "t0ken"
    assert read_address("nats://t0ken@[::1]:4222").servers == ["nats://[::1]:4222"]


async def test_the_error_about_an_unreachable_server_has_no_password() -> None:
    with running_nats() as server:
        url = server.url
    text = await reason(at(url, "jane:secret@"))
    assert text == f"NATS at {url.partition('//')[2]} cannot be reached: is it running, and is CLARION_QUEUE right?"


async def test_of_several_servers_one_is_enough() -> None:
    with running_nats() as down:
        gone = down.url
    assert not await reason(at(gone + "," + shared_url().partition("//")[2]))


async def test_a_server_without_jetstream_is_refused() -> None:
    with running_nats(jetstream=False) as server:
        assert (await reason(at(server.url))).startswith("JetStream is switched off on this NATS server")


async def test_the_url_names_the_user_and_wrong_users_are_refused() -> None:
    with running_nats(USERS) as server:
        assert not await reason(at(server.url, "clarion:o%20p%40n%3Asesame@"))
        for user in ("clarion:wrong@", "stranger:sesame@", "token@", ""):
            text = await reason(at(server.url, user))
            assert "does not accept this user" in text
            assert not user or user.strip("@").partition(":")[2] or "token" not in text
            assert "wrong" not in text


async def test_a_file_of_credentials_is_used_and_a_bad_one_refused(tmp_path: Path) -> None:
    trust, stranger = new_trust(), new_trust()
    files = {
        "good": trust.credentials,
        "from Windows": "\ufeff" + trust.credentials.replace("\n", "\r\n"),
        "of a stranger": stranger.credentials,
        "empty": "",
        "with a seed that is none": re.sub(r"\nSU\w+", "\nSUNSET", trust.credentials),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with running_nats(trust.configuration) as server:
        errors = {name: await reason(at(server.url), tmp_path / name) for name in files}
    assert not errors["good"]
    assert not errors["from Windows"]
    assert "does not accept this user" in errors["of a stranger"]
    for name in ("empty", "with a seed that is none"):
        assert (
            errors[name] == f"{tmp_path / name} is not a file of NATS credentials, with a JWT and the seed of its key."
        )


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls_url(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yields the URL of a server that requires TLS, with a certificate of its own authority."""
    with running_nats(tls_configuration(authority, tmp_path_factory.mktemp("tls"))) as server:
        yield server.url.replace("nats:", "tls:")


def tls_configuration(authority: trustme.CA, folder: Path) -> str:
    file = folder / "server.pem"
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(file))
    return f'tls {{ cert_file: "{file}", key_file: "{file}" }}\n{USERS}'


async def test_a_server_with_a_trusted_certificate_is_used_over_tls(
    authority: trustme.CA, tls_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    assert not await reason(at(tls_url, "clarion:o%20p%40n%3Asesame@"))
    assert "does not accept this user" in await reason(at(tls_url, "clarion:guess@"))


async def test_a_certificate_of_an_unknown_authority_is_refused(tls_url: str) -> None:
    text = await reason(at(tls_url, "clarion:o%20p%40n%3Asesame@"))
    assert "is not trusted: " in text
    assert text.endswith(" Name the file with the certificate of its authority in SSL_CERT_FILE.")


async def test_a_server_without_tls_receives_no_password_when_the_url_begins_with_tls() -> None:
    received: list[bytes] = []
    async with listening(received) as url:
        text = await reason(at(url.replace("nats:", "tls:"), "clarion:sesame@"))
    assert text.endswith("offers no TLS, and its URL asks for it: turn it on there, or write nats://.")
    assert b"sesame" not in b"".join(received)


@asynccontextmanager
async def listening(received: list[bytes], port: int = 0) -> AsyncIterator[str]:
    """Yields the URL of a server without TLS. `received` gets each line, and an empty one for each connection."""

    async def receive(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received.append(b"")
        info = {"server_id": "S", "version": "2.15.1", "headers": True, "max_payload": 1_000_000, "proto": 1}
        writer.write(b"INFO " + orjson.dumps(info) + b"\r\n")
        while line := await reader.readline():
            received.append(line)
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")
        writer.close()

    server = await asyncio.start_server(receive, "127.0.0.1", port)
    async with server:
        host, used_port = server.sockets[0].getsockname()
        yield f"nats://{host}:{used_port}"


async def test_a_server_that_comes_back_without_tls_receives_nothing(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    received: list[bytes] = []
    with running_nats(tls_configuration(authority, tmp_path)) as server:
        async with opened(at(server.url.replace("nats:", "tls:"), "clarion:o%20p%40n%3Asesame@")):
            server.kill()
            async with listening(received, server.port):

                async def tried_twice() -> bool:
                    return len(received) >= 2

                await until(tried_twice)
        assert b"".join(received) == b""


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("guest", "$js.api.stream.create.clarion-rapid"),
        ("teller", "clarion.trial"),
        ("asker", "$js.ack.clarion-rapid.trial"),
    ],
)
async def test_a_missing_permission_is_named(user: str, subject: str) -> None:
    with running_nats(USERS) as server:
        text = await reason(at(server.url, f"{user}:{user}@", prefix="clarion"))
    assert text.startswith(f'its user lacks a permission (permissions violation for publish to "{subject}"): let it')


async def test_a_refusal_of_the_server_is_quoted() -> None:
    assert await reason(at(shared_url(), replicas=3)) == (
        "NATS says: replicas > 1 not supported in non-clustered mode."
    )


async def test_a_stream_of_others_with_our_subjects_is_named() -> None:
    prefix = uuid4().hex
    connection = await nats.connect(shared_url())
    await connection.jetstream().add_stream(name=f"all-{prefix}", subjects=[f"{prefix}.>"])
    text = await reason(f"{shared_url()}?prefix={prefix}")
    await connection.close()
    assert text.startswith(f"another stream there has the subjects of {prefix}-rapid: set another prefix")


async def test_a_stream_with_our_name_and_other_settings_is_refused() -> None:
    prefix = uuid4().hex
    connection = await nats.connect(shared_url())
    await connection.jetstream().add_stream(name=f"{prefix}-rapid", subjects=[f"{prefix}.rapid.>"])
    text = await reason(f"{shared_url()}?prefix={prefix}")
    await connection.close()
    assert text.startswith("NATS says: ")
    assert "retention" in text


@pytest.mark.parametrize("version", ["2.9.25", "1.4.1"])
async def test_an_old_server_is_refused(version: str) -> None:
    async with scripted(version) as url:
        assert await reason(url) == f"this is nats-server {version}; Clarion needs 2.10 or newer."


@pytest.mark.parametrize(
    ("setting", "value"),
    [("discard_new_per_subject", False), ("max_msgs_per_subject", -1), ("ack_wait", 30), ("retention", "limits")],
)
async def test_a_setting_that_the_server_ignores_is_named(setting: str, value: object) -> None:
    async with scripted(dropped={setting: value}) as url:
        text = await reason(url)
    assert text.startswith(f"the NATS server has set {setting} of the ")


async def test_a_server_that_applies_every_setting_is_used() -> None:
    async with scripted() as url:
        assert not await reason(url)


# The service as a whole:


async def test_the_service_does_not_start_without_its_queue() -> None:
    with running_nats() as server:
        url = server.url
    clarion = Clarion(Settings(listen="127.0.0.1:0", http_listen="", store="memory:", queue=url), MemoryStore())
    with pytest.raises(CannotStart, match=r"^Cannot use the queue: NATS at .* cannot be reached"):
        await clarion.start(lambda _secret: None)


async def test_the_service_does_not_start_with_a_queue_of_another_kind() -> None:
    with pytest.raises(CannotStart, match=r"^Cannot use the queue: its URL does not begin with nats://"):
        Clarion(Settings(store="memory:", queue="amqp://guest:secret@host"), MemoryStore())


async def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith(("nats", "clarion_server.adapters.queue."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "nats", None)
    with pytest.raises(CannotStart, match=r"extra 'nats': pip install 'clarion\[server,nats\]'\.$"):
        Clarion(Settings(store="memory:", queue="nats://127.0.0.1"), MemoryStore())


def test_a_missing_file_of_credentials_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There is no file .*nobody\.creds"):
        Settings(queue_credentials=tmp_path / "nobody.creds")
