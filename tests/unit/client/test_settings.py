from __future__ import annotations

import asyncio
import math
import socket
from pathlib import Path

import pytest
import trustme
from clarion_client import AsyncClient, ClarionError, Client, UnavailableError
from clarion_client._settings import Settings, environment_settings, host_and_port, is_local


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:50051",
        "127.8.0.1",
        "localhost:50051",
        "LOCALHOST",
        "[::1]:50051",
        "dns:///localhost:1",
        "unix:/run/c",
    ],
)
def test_a_target_on_this_machine_is_spoken_to_in_the_clear(target: str) -> None:
    assert is_local(target)
    assert Settings(target).credentials() is None


@pytest.mark.parametrize(
    "target",
    ["clarion.example:443", "10.0.0.7:50051", "localhost.example:1", "dns:///clarion:443", "[2001:db8::1]:443"],
)
def test_every_other_target_is_encrypted(target: str) -> None:
    assert not is_local(target)
    assert Settings(target).credentials() is not None


def test_the_caller_decides_about_tls() -> None:
    assert Settings("clarion:50051", tls=False).credentials() is None
    assert Settings("localhost:50051", tls=True).credentials() is not None


def test_a_bundle_of_certificates_means_tls_and_is_read(tmp_path: Path) -> None:
    bundle = tmp_path / "ca.pem"
    settings = Settings("localhost:50051", ca_certificates=bundle)

    with pytest.raises(FileNotFoundError):
        settings.credentials()
    trustme.CA().cert_pem.write_to_path(bundle)
    assert settings.credentials() is not None


def test_a_bundle_may_have_several_certificates_and_words_about_them(tmp_path: Path) -> None:
    bundle, pem = tmp_path / "ca.pem", trustme.CA().cert_pem.bytes().decode()
    bundle.write_text(f"Prüfstelle\n{pem}\n{pem}", encoding="utf-8-sig")

    assert Settings("localhost:50051", ca_certificates=bundle).credentials() is not None


def test_a_file_without_certificates_is_refused_by_its_name(tmp_path: Path) -> None:
    authority, bundle = trustme.CA(), tmp_path / "ca.pem"
    pem = authority.cert_pem.bytes()
    for content in (b"", b"hello\n", authority.private_key_pem.bytes(), pem[:200], pem + pem.replace(b"MII", b"M!!")):
        bundle.write_bytes(content)
        with pytest.raises(ValueError, match=r"^ca_certificates is '.*/ca\.pem': give a file of certificates in PEM; "):
            Settings("localhost:50051", ca_certificates=bundle).credentials()


@pytest.mark.parametrize(
    "target",
    [
        "",
        " ",
        "clarion example",
        "clarion:99999",
        "clarion:port",
        ":50051",
        "localhost:",
        "clarion.example/path",
        "::1",
    ],
)
def test_what_is_no_host_and_port_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match=r"^target is '.*': give a host and a port, such as clarion.example:443$"):
        Settings(target)


@pytest.mark.parametrize("target", ["https://clarion.example", "http://127.0.0.1:8080/v1", "grpc://clarion:50051"])
def test_a_url_is_refused(target: str) -> None:
    with pytest.raises(ValueError, match=r"give a host and a port, not a URL, such as clarion.example:443$"):
        Client(target)


@pytest.mark.parametrize(
    "target",
    ["clarion", "[fe80::1%eth0]:50051", "unix:/run/c", "ipv4:10.0.0.1:1,10.0.0.2:1", "dns://10.0.0.2/clarion:443"],
)
def test_every_other_target_of_grpc_is_taken(target: str) -> None:
    assert Settings(target).target == target


@pytest.mark.parametrize("timeout", [0, -1, math.nan])
def test_a_timeout_that_is_none_is_refused(timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        Settings(timeout=timeout)


def test_certificates_without_tls_are_refused() -> None:
    with pytest.raises(ValueError, match="ca_certificates"):
        Settings(tls=False, ca_certificates="ca.pem")


@pytest.mark.parametrize("api_key", ["secret\n", "sécret"])
def test_an_api_key_that_cannot_be_sent_is_refused_without_being_shown(api_key: str) -> None:
    with pytest.raises(ValueError, match="api_key holds characters") as refusal:
        Settings(api_key=api_key)

    assert api_key not in str(refusal.value)


def test_the_api_key_is_not_shown() -> None:
    assert "secret" not in repr(Settings(api_key="secret"))


def test_the_environment_is_read_without_blanks_and_what_is_unset_keeps_its_default() -> None:
    environment = {"CLARION_TARGET": "clarion:443", "CLARION_API_KEY": "secret\n", "CLARION_CA_CERTIFICATES": ""}

    assert environment_settings(environment) == {"target": "clarion:443", "api_key": "secret"}


def test_a_client_connects_with_its_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        monkeypatch.setenv("CLARION_TARGET", f"127.0.0.1:{listener.getsockname()[1]}")
        with Client.from_environment() as client:
            with pytest.raises(BlockingIOError):
                listener.accept()
            with pytest.raises(ClarionError):
                client.campaigns.get("x", timeout=0.5)
            listener.accept()[0].close()


def test_an_asynchronous_client_needs_no_event_loop_until_its_first_call() -> None:
    client = AsyncClient("127.0.0.1:1", retry=None)

    async def call() -> None:
        async with client:
            await client.campaigns.get("x")

    with pytest.raises(UnavailableError):
        asyncio.run(call())


def test_calls_in_a_second_event_loop_are_refused() -> None:
    client = AsyncClient("127.0.0.1:1", retry=None)
    with pytest.raises(UnavailableError):
        asyncio.run(client.campaigns.get("x"))

    for call in (client.campaigns.get("x"), anext(client.profiles.export())):
        with pytest.raises(RuntimeError, match=r"belongs to the event loop of its first call\. Make one for each"):
            asyncio.run(call)
    asyncio.run(client.close())


@pytest.mark.parametrize(
    ("target", "address"),
    [
        ("127.0.0.1:50051", "127.0.0.1:50051"),
        ("dns:///clarion.example:443", "clarion.example:443"),
        ("[::1]:50051", "[::1]:50051"),
        ("unix:/run/clarion.sock", ""),
        ("ipv4:10.0.0.1:1,10.0.0.2:1", ""),
    ],
)
def test_the_address_of_a_target_is_the_one_host_that_it_names(target: str, address: str) -> None:
    assert host_and_port(target) == address
