"""Tests who may do what, who sees what, and what is kept of secrets."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from clarion.v1 import message_service_pb2
from clarion_client import (
    AsyncClient,
    ClarionError,
    Scope,
    UnauthenticatedError,
    UnavailableError,
)
from clarion_server.domain.access.access import Scope as ServerScope
from clarion_server.transport.api.scopes import scopes_of
from google.protobuf.message_factory import GetMessageClass

from tests.campaigns import set_up
from tests.contract_services import METHODS
from tests.e2e.wire.calls import Failure, Wire, failure_of
from tests.e2e.wire.conftest import NewService, Sandbox
from tests.service import Service, running_service

#: Nothing of it is valid, so that a call that may be made is refused all the same, before it does anything.
NOTHING = b"\xff"
WATCH = "/clarion.v1.MessageService/WatchEvents"


# Scopes.


@pytest.fixture
async def keys(sandbox: Sandbox) -> Mapping[Scope, str]:
    """One for each scope, with that one alone."""
    scopes = [scope for scope in Scope if scope is not Scope.UNRECOGNIZED]
    return {scope: await sandbox.new_key(scope) for scope in scopes}


async def test_a_key_opens_the_methods_of_its_scopes_and_no_others(sandbox: Sandbox, keys: Mapping[Scope, str]) -> None:
    for scope, key in keys.items():
        for path, method in METHODS.items():
            failure = await sandbox.wire.refuse(path, NOTHING, (("authorization", f"Bearer {key}"),))
            may = scope is Scope.ADMIN or ServerScope(scope.value.lower()) in scopes_of(method)
            expected = "INVALID_FIELDS" if may else "SCOPE_DENIED"
            assert failure.reason == expected, (scope, path)
            assert failure.code is (grpc.StatusCode.INVALID_ARGUMENT if may else grpc.StatusCode.PERMISSION_DENIED)


async def test_a_key_with_several_scopes_opens_what_any_of_them_opens(sandbox: Sandbox) -> None:
    key = await sandbox.new_key(Scope.READ, Scope.TRIGGER)
    for path, method in METHODS.items():
        failure = await sandbox.wire.refuse(path, NOTHING, (("authorization", f"Bearer {key}"),))
        may = bool(scopes_of(method) & {ServerScope.READ, ServerScope.TRIGGER})
        assert (failure.reason == "INVALID_FIELDS") == may, path


@pytest.mark.parametrize("path", METHODS)
async def test_no_method_answers_without_a_key(service: Service, path: str) -> None:
    request = GetMessageClass(METHODS[path].input_type)()
    async with Wire(service.target) as wire:
        failure = await wire.refuse(path, request, metadata=())
    assert (failure.code, failure.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED")


async def refusal_before_any_request(sandbox: Sandbox, path: str, key: str | None) -> Failure:
    """Returns how a call fails whose request is never sent."""
    metadata = () if key is None else (("authorization", f"Bearer {key}"),)
    call: Any = sandbox.wire.channel.stream_stream(path)(metadata=metadata, timeout=60)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    return failure_of(raised.value)


async def test_no_request_of_a_stranger_is_received(sandbox: Sandbox) -> None:
    """Or else strangers would fill the memory by requests that never end."""
    new = await sandbox.client.keys.create("short-lived", [Scope.ADMIN])
    await sandbox.client.keys.revoke(new.api_key.name)
    for key in (None, "", "x", f"clk_{'0' * 32}_{'A' * 43}", new.secret):
        for path in METHODS:
            failure = await refusal_before_any_request(sandbox, path, key)
            assert (failure.code, failure.reason) == (grpc.StatusCode.UNAUTHENTICATED, "UNAUTHENTICATED"), (path, key)


async def test_no_request_is_received_that_its_key_does_not_allow(sandbox: Sandbox, keys: Mapping[Scope, str]) -> None:
    for path, method in METHODS.items():
        for scope, key in keys.items():
            if scope is not Scope.ADMIN and ServerScope(scope.value.lower()) not in scopes_of(method):
                assert (await refusal_before_any_request(sandbox, path, key)).reason == "SCOPE_DENIED", (path, scope)


# Keys.


async def test_a_revoked_key_is_refused_at_once(sandbox: Sandbox) -> None:
    new = await sandbox.client.keys.create("short-lived", [Scope.READ])
    async with AsyncClient(sandbox.service.target, api_key=new.secret) as client:
        assert [each async for each in client.campaigns.list()] == []
        await sandbox.client.keys.revoke(new.api_key.name)
        with pytest.raises(UnauthenticatedError):
            await client.campaigns.get("orders")


async def test_a_watch_ends_when_its_key_is_revoked(sandbox: Sandbox) -> None:
    new = await sandbox.client.keys.create("short-lived", [Scope.READ])
    metadata = (("authorization", f"Bearer {new.secret}"),)
    call = sandbox.wire.open(WATCH, [message_service_pb2.WatchEventsRequest()], metadata=metadata)
    assert (await call.read()).resume_token
    await sandbox.client.keys.revoke(new.api_key.name)
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await call.read()
    assert failure_of(raised.value).reason == "UNAUTHENTICATED"


async def test_secrets_are_shown_once_and_kept_nowhere(new_service: NewService) -> None:
    service = new_service()
    async with service:
        first_key = service.admin_key
        assert first_key.startswith("clk_")
        async with AsyncClient(service.target, api_key=first_key) as client:
            new = await client.keys.create("another", [Scope.READ])
            assert [key.name async for key in client.keys.list()][1] == new.api_key.name
        assert await service.stop() == 0
        # The key of the first start is still valid, and the second start shows none.
        service.admin_key = ""
        await service.start()
        assert not service.admin_key
        async with AsyncClient(service.target, api_key=first_key) as client:
            assert len([key async for key in client.keys.list()]) == 2
    for secret in (first_key, new.secret):
        for kept in kept_files(service.folder):
            for part in (secret, secret.split("_", 2)[2]):
                assert part.encode() not in kept.read_bytes(), kept.name


def kept_files(folder: Path) -> list[Path]:
    files = [path for path in folder.iterdir() if path.is_file()]
    assert {"clarion.db", "service.log"} <= {path.name for path in files}
    return files


async def test_a_password_of_a_provider_is_written_and_never_read(sandbox: Sandbox, orders: AsyncClient) -> None:
    there = await orders.channels.get("orders")
    assert there.smtp is not None
    with_login = replace(there.smtp, username="shop", password="open sesame")
    changed = await orders.channels.update(replace(there, smtp=with_login), ["smtp"])
    for read in (changed, await orders.channels.get("orders"), await anext(aiter(orders.channels.list()))):
        assert read.smtp is not None
        assert (read.smtp.username, read.smtp.password, read.smtp.password_set) == ("shop", "", True)


# Authentication.


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def tls_files(folder: Path, authority: trustme.CA, mark: bytes = b"") -> tuple[dict[str, str], Path]:
    """Returns the settings of a service, and the certificate of its authority. Each file begins with the mark."""
    certificate = authority.issue_cert("127.0.0.1")
    contents = {
        "certificate.pem": b"".join(pem.bytes() for pem in certificate.cert_chain_pems),
        "key.pem": certificate.private_key_pem.bytes(),
        "ca.pem": authority.cert_pem.bytes(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(mark + content)
    settings = {"tls_certificate": str(folder / "certificate.pem"), "tls_key": str(folder / "key.pem")}
    return settings, folder / "ca.pem"


async def test_the_byte_order_marks_of_certificates_and_keys_are_skipped(
    new_service: NewService, tmp_path: Path, authority: trustme.CA
) -> None:
    settings, ca = tls_files(tmp_path, authority, codecs.BOM_UTF8)
    async with (
        new_service(**settings) as service,
        AsyncClient(service.target, api_key=service.admin_key, ca_certificates=ca) as client,
    ):
        assert [each async for each in client.campaigns.list()] == []


async def test_a_service_with_a_certificate_serves_over_tls_alone(
    new_service: NewService, tmp_path: Path, authority: trustme.CA
) -> None:
    settings, ca = tls_files(tmp_path, authority)
    async with new_service(**settings) as service:
        async with AsyncClient(service.target, api_key=service.admin_key, ca_certificates=ca) as client:
            assert [each async for each in client.campaigns.list()] == []
        async with AsyncClient(service.target, api_key=service.admin_key, tls=False, retry=None) as client:
            with pytest.raises(UnavailableError):
                await client.campaigns.get("orders")
        stranger = grpc.ssl_channel_credentials(trustme.CA().cert_pem.bytes())
        async with Wire(service.target, service.admin_key, stranger) as wire:
            failure = await wire.refuse(
                "/clarion.v1.MessageService/GetMessage", message_service_pb2.GetMessageRequest()
            )
            assert failure.code is grpc.StatusCode.UNAVAILABLE


async def test_connections_that_come_to_nothing_leave_no_lines_of_a_library_in_the_log(
    tmp_path: Path, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A command that another test has run in this process may have set it.
    monkeypatch.delenv("GRPC_VERBOSITY", raising=False)
    settings, _ = tls_files(tmp_path, authority)
    # A process that was forked has taken the settings of gRPC's own log already.
    with running_service(tmp_path, **settings, log_json="true") as service:
        async with AsyncClient(service.target, tls=False, retry=None) as client:
            with pytest.raises(UnavailableError):
                await client.campaigns.get("orders")
    events = [json.loads(line)["event"] for line in service.log.read_text().splitlines()]
    assert events[-2:] == ["stopping", "stopped"]


async def test_nobody_learns_more_than_that_a_name_is_unknown(sandbox: Sandbox, other_sandbox: Sandbox) -> None:
    """Finds that it makes no difference whether another sandbox has it."""
    await set_up(sandbox.client, "orders", 9)

    async def words(name: str) -> str:
        with pytest.raises(ClarionError) as caught:
            await other_sandbox.client.campaigns.get(name)
        return str(caught.value).replace(name, "…")

    assert await words("orders") == await words("nothing")
