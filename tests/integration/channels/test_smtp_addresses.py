"""Sessions with a host that has several addresses, and the names that both sides have."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import Any

import pytest
from clarion_server.application.ports.channels import TransientFailure
from clarion_server.domain.content.email import TlsMode
from clarion_server.domain.instant import SECOND
from clarion_server.domain.messages.attempt import FailureReason

from tests.integration.channels.conftest import Certificates, OpenChannel
from tests.outbound import a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import Act, Drop, Silence

HOST = "mail.example.test"

Resolve = Callable[..., None]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Resolve:
    """Lets the system's resolver find the servers under a name."""

    def make(name: str, *servers: SmtpFaults) -> None:
        original = socket.getaddrinfo

        def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
            if host != name:
                return original(host, *args, **options)
            return [
                (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (server.host, server.port))
                for server in servers
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    return make


@pytest.mark.parametrize("greeting", [Silence(), Drop(), "421 4.3.2 Busy", "554 5.3.2 No mail here"])
async def test_the_next_address_takes_the_mail_when_the_first_does_not_greet(
    greeting: Act, resolve: Resolve, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults({"GREETING": greeting}) as first, SmtpFaults() as second:
        resolve(HOST, first, second)
        configuration = a_configuration(second, host=HOST, timeout=2 * SECOND)
        await open_smtp(configuration).send(an_email())
        await first.wait_until(lambda server: server.open_connections == 0)
    assert (first.connection_count, len(second.taken)) == (1, 1)


@pytest.mark.parametrize("ready", [0, 1, 2])
async def test_of_three_addresses_the_first_that_is_ready_takes_the_mail(
    ready: int, resolve: Resolve, open_smtp: OpenChannel
) -> None:
    async with (
        SmtpFaults({"GREETING": None if ready == 0 else Drop()}) as first,
        SmtpFaults({"GREETING": None if ready == 1 else Drop()}) as second,
        SmtpFaults({"GREETING": None if ready == 2 else Drop()}) as third,
    ):
        servers = [first, second, third]
        resolve(HOST, *servers)
        await open_smtp(a_configuration(first, host=HOST)).send(an_email())
    assert [server.connection_count for server in servers] == [1] * (ready + 1) + [0] * (2 - ready)
    assert len(servers[ready].taken) == 1


async def test_an_address_that_answers_no_connection_holds_nobody_up(open_smtp: OpenChannel) -> None:
    with socket.socket() as listener, socket.socket() as waiting:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The system keeps one connection that nobody accepts, and answers no further one.
        waiting.connect(listener.getsockname())
        async with SmtpFaults() as server:
            silent = a_configuration(server, port=listener.getsockname()[1], timeout=1 * SECOND)
            sending = asyncio.create_task(open_smtp(silent).send(an_email()))
            await open_smtp(a_configuration(server)).send(an_email())
            with pytest.raises(TransientFailure) as caught:
                await sending
    assert caught.value.failure.reason is FailureReason.TIMED_OUT
    assert len(server.taken) == 1


async def test_the_failure_is_that_of_the_last_address(resolve: Resolve, open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"GREETING": Drop()}) as first, SmtpFaults({"GREETING": "421 4.3.2 Busy"}) as second:
        resolve(HOST, first, second)
        with pytest.raises(TransientFailure) as caught:
            await open_smtp(a_configuration(second, host=HOST)).send(an_email())
    assert (caught.value.failure.reason, caught.value.failure.code) == (FailureReason.THROTTLED, "421 4.3.2")


@pytest.mark.parametrize("mode", [TlsMode.IMPLICIT, TlsMode.STARTTLS])
async def test_a_host_name_with_a_final_dot_matches_its_certificate(
    mode: TlsMode, resolve: Resolve, open_smtp: OpenChannel, certificates: Certificates
) -> None:
    tls = "implicit_tls" if mode is TlsMode.IMPLICIT else "starttls"
    async with SmtpFaults(None, **{tls: certificates.right_host}) as server:  # type: ignore[arg-type] # by name
        resolve("localhost.", server)
        configuration = a_configuration(
            server, host="localhost.", tls_mode=mode, ca_certificates=certificates.authority_pem
        )
        await open_smtp(configuration).send(an_email())
    assert len(server.taken) == 1


async def test_the_configured_name_greets_the_server_before_and_after_starttls(
    open_smtp: OpenChannel, certificates: Certificates
) -> None:
    async with SmtpFaults(starttls=certificates.right_host) as server:
        configuration = a_configuration(
            server,
            tls_mode=TlsMode.STARTTLS,
            ca_certificates=certificates.authority_pem,
            ehlo_name="shop.example.com",
        )
        await open_smtp(configuration).send(an_email())
    assert [line for line in server.commands if line.startswith("EHLO")] == ["EHLO shop.example.com"] * 2


@pytest.mark.parametrize(
    ("machine", "greeting"),
    [
        ("shop.example.com", "EHLO shop.example.com"),
        # None of these is a full name, so that the address stands for it.
        ("shop", "EHLO [127.0.0.1]"),
        ("bücher.example", "EHLO [127.0.0.1]"),
    ],
)
async def test_without_a_configured_name_the_full_name_of_the_machine_or_its_address_greets_the_server(
    machine: str, greeting: str, open_smtp: OpenChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: machine)
    async with SmtpFaults() as server:
        await open_smtp(a_configuration(server)).send(an_email())
    assert server.commands[0] == greeting


async def test_verifying_tells_the_name_that_clarion_gives_itself(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        steps = await open_smtp(a_configuration(server, ehlo_name="shop.example.com")).verify()
    assert "Clarion calls itself shop.example.com" in steps[1].detail


async def test_a_refused_ehlo_name_leads_to_the_field_that_sets_it(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"EHLO": "550 5.7.1 Invalid HELO name"}) as server:
        steps = await open_smtp(a_configuration(server)).verify()
    assert (steps[-1].name, steps[-1].passed) == ("ehlo", False)
    assert "ehlo_name" in steps[-1].detail
