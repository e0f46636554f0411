"""Verify runs the steps of a session, and reports what failed with advice."""

from __future__ import annotations

from base64 import b64encode

import pytest
from clarion_server.domain.content.email import TlsMode
from clarion_server.domain.instant import MILLISECOND

from tests.integration.channels.conftest import Certificates, OpenChannel
from tests.outbound import a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import EXTENSIONS, Drop, Script, Silence

PASSWORD = "open sesame"
PLAIN = b64encode(f"\0clarion\0{PASSWORD}".encode()).decode()
OFFERS_AUTH = ("AUTH PLAIN LOGIN", *EXTENSIONS)


async def test_every_step_of_a_good_configuration_passes(open_smtp: OpenChannel, certificates: Certificates) -> None:
    async with SmtpFaults(extensions=OFFERS_AUTH, starttls=certificates.right_host) as server:
        trusted = certificates.authority_pem
        configuration = a_configuration(
            server, tls_mode=TlsMode.STARTTLS, ca_certificates=trusted, username="clarion", password=PASSWORD
        )
        steps = await open_smtp(configuration).verify()
        await server.wait_until(lambda s: s.open_connections == 0)
    assert [(step.name, step.passed) for step in steps] == [
        (name, True) for name in ("connect", "ehlo", "starttls", "auth")
    ]
    assert all(step.elapsed > 0 and step.detail for step in steps)
    assert server.commands[-1] == "QUIT"


@pytest.mark.parametrize(
    ("script", "failed", "advice"),
    [
        ({"GREETING": Silence()}, "connect", "firewall"),
        ({"GREETING": "HTTP/1.1 400 Bad Request"}, "connect", "belongs to an SMTP server"),
        ({"EHLO": "554 5.7.1 Blocked"}, "ehlo", "554 5.7.1 5.7.1 Blocked"),
        ({"EHLO": Drop()}, "ehlo", "closed"),
        ({"AUTH": "535 5.7.8 Wrong"}, "auth", "user name and password"),
    ],
)
async def test_the_step_that_fails_is_the_last_one_and_says_what_to_do(
    script: Script, failed: str, advice: str, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults(script, extensions=OFFERS_AUTH) as server:
        configuration = a_configuration(server, username="clarion", password=PASSWORD, timeout=500 * MILLISECOND)
        *before, last = await open_smtp(configuration).verify()
        await server.wait_until(lambda s: s.open_connections == 0)
    assert all(step.passed for step in before)
    assert (last.name, last.passed) == (failed, False)
    assert advice in last.detail


async def test_a_server_without_starttls_fails_at_that_step(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        steps = await open_smtp(a_configuration(server, tls_mode=TlsMode.STARTTLS)).verify()
    assert (steps[-1].name, steps[-1].passed) == ("starttls", False)


async def test_a_certificate_of_another_host_is_explained(open_smtp: OpenChannel, certificates: Certificates) -> None:
    async with SmtpFaults(implicit_tls=certificates.wrong_host) as server:
        trusted = certificates.authority_pem
        steps = await open_smtp(a_configuration(server, tls_mode=TlsMode.IMPLICIT, ca_certificates=trusted)).verify()
    assert (steps[-1].name, steps[-1].passed) == ("connect", False)
    assert "not valid for '127.0.0.1'" in steps[-1].detail


@pytest.mark.parametrize("echo", [PASSWORD, PLAIN, b64encode(PASSWORD.encode()).decode()])
async def test_a_server_that_repeats_the_credentials_does_not_make_us_repeat_them(
    echo: str, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults({"AUTH": f"535 5.7.8 Bad: {echo}"}, extensions=OFFERS_AUTH) as server:
        steps = await open_smtp(a_configuration(server, username="clarion", password=PASSWORD)).verify()
    assert "Bad: …" in steps[-1].detail
    assert echo not in steps[-1].detail


async def test_credentials_that_are_longer_than_a_detail_are_not_repeated_in_part(open_smtp: OpenChannel) -> None:
    password = "a-token-of-a-provider." * 20
    echo = b64encode(f"\0clarion\0{password}".encode()).decode()
    async with SmtpFaults({"AUTH": f"535 5.7.8 Bad: {echo}"}, extensions=OFFERS_AUTH) as server:
        steps = await open_smtp(a_configuration(server, username="clarion", password=password)).verify()
    assert "Bad: …" in steps[-1].detail
    assert echo[:40] not in steps[-1].detail


async def test_verifying_does_not_disturb_the_connections_in_use(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server, max_concurrency=1))
        await channel.send(an_email())
        await channel.verify()
        await channel.send(an_email())
    assert (server.connection_count, len(server.taken)) == (2, 2)


async def test_a_server_that_never_says_goodbye_passes_all_the_same(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"QUIT": Silence()}) as server:
        steps = await open_smtp(a_configuration(server)).verify()
        await server.wait_until(lambda s: s.open_connections == 0)
    assert [(step.name, step.passed) for step in steps] == [("connect", True), ("ehlo", True)]
