"""Whole e-mails through a real SMTP server."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from typing import Any

import pytest
from clarion_server.adapters.channels.email.mime import build
from clarion_server.application.ports.channels import PermanentFailure, TransientFailure
from clarion_server.bootstrap.channels import open_channel
from clarion_server.domain.content.email import Mailbox, RenderedEmail, SmtpProvider, TlsMode
from clarion_server.domain.messages.attempt import FailureReason

from tests.integration.channels.conftest import Certificates, OpenChannel
from tests.outbound import SENDER, a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import EXTENSIONS, greylisting
from tests.smtp_sink import SmtpSink

LOGIN: dict[str, Any] = {"username": "clarion", "password": "päss wörd"}


def knows_clarion(_mechanism: str, login: bytes, password: bytes) -> bool:
    return (login, password) == (b"clarion", "päss wörd".encode())


async def test_a_message_arrives_as_it_was_written(open_smtp: OpenChannel) -> None:
    email = RenderedEmail("Bestellung bestätigt ✓", "<p>Grüße</p>\n", "Grüße\n.\n..und Punkte\n", {"X-Order": "4711"})
    async with SmtpSink() as sink:
        channel = open_smtp(a_configuration(sink, reply_to=Mailbox("help@example.com", "Hilfe, bitte")))
        receipt = await channel.send(an_email(email=email))
    (mail,) = sink.mails
    assert receipt.provider_reply == "250 2.0.0 Taken as number 1"
    assert (mail.sender, mail.recipients) == (SENDER.address, ("jane@example.com",))
    parsed = mail.parsed
    assert parsed["From"] == "The Shop <shop@example.com>"
    assert parsed["Reply-To"] == '"Hilfe, bitte" <help@example.com>'
    assert (parsed["Subject"], parsed["X-Order"]) == ("Bestellung bestätigt ✓", "4711")
    text, html = parsed.iter_parts()
    assert [text.get_content(), html.get_content()] == [email.text, email.html]


async def test_the_envelope_has_the_configurations_sender_and_the_header_the_campaigns(
    open_smtp: OpenChannel,
) -> None:
    async with SmtpSink() as sink:
        channel = open_smtp(a_configuration(sink))
        await channel.send(an_email(sender=Mailbox("orders@example.org", "Orders")))
    (mail,) = sink.mails
    assert (mail.sender, mail.parsed["From"]) == (SENDER.address, "Orders <orders@example.org>")


async def test_a_channel_as_the_service_opens_it_sends_and_plays() -> None:
    async with SmtpSink() as sink:
        channel = open_channel(a_configuration(sink))
        await channel.send(an_email())
        with pytest.raises(PermanentFailure):
            await channel.send(an_email("bounce@clarion.test"))
        assert all(step.passed for step in await channel.verify())
        await channel.close()
    assert len(sink.mails) == 1


async def test_every_attempt_bears_the_same_message_id(open_smtp: OpenChannel) -> None:
    async with SmtpSink() as sink:
        channel = open_smtp(a_configuration(sink))
        await channel.send(an_email(message_id="m-1", attempt=1))
        await channel.send(an_email(message_id="m-1", attempt=2))
    assert sink.counts == {"<m-1@example.com>": 2}


@pytest.mark.parametrize("mode", TlsMode)
async def test_a_large_message_arrives_whole(mode: TlsMode, open_smtp: OpenChannel, certificates: Certificates) -> None:
    text = "".join(f"{number}\n..\n" for number in range(30_000))
    email = an_email(email=RenderedEmail("Large", "", text))
    async with SmtpSink(**_tls(mode, certificates)) as sink:
        configuration = a_configuration(sink, tls_mode=mode, ca_certificates=certificates.authority_pem)
        await open_smtp(configuration).send(email)
    assert isinstance(configuration.provider, SmtpProvider)
    assert sink.mails[0].content == build(email, configuration.provider).content
    assert sink.mails[0].parsed.get_content() == text


async def test_a_mail_that_is_larger_than_the_configuration_takes_is_refused_before_any_server_hears_of_it(
    open_smtp: OpenChannel,
) -> None:
    async with SmtpFaults() as server:
        configuration = a_configuration(server)
        assert isinstance(configuration.provider, SmtpProvider)
        size = build(an_email(), configuration.provider).size
        with pytest.raises(PermanentFailure) as caught:
            await open_smtp(replace(configuration, max_message_bytes=size - 1)).send(an_email())
        assert server.connection_count == 0
        await open_smtp(replace(configuration, max_message_bytes=size)).send(an_email())
    failure = caught.value.failure
    assert (failure.reason, str(size) in failure.detail) == (FailureReason.CONTENT_REJECTED, True)


@pytest.mark.parametrize("mode", TlsMode)
async def test_the_channel_logs_in(mode: TlsMode, open_smtp: OpenChannel, certificates: Certificates) -> None:
    async with SmtpSink(**_tls(mode, certificates), login=knows_clarion) as sink:
        trusted = certificates.authority_pem
        channel = open_smtp(a_configuration(sink, tls_mode=mode, ca_certificates=trusted, **LOGIN))
        await channel.send(an_email())
    assert len(sink.mails) == 1


@pytest.mark.parametrize("mode", TlsMode)
async def test_the_channel_tells_when_the_certificate_of_the_server_expires(
    mode: TlsMode, open_smtp: OpenChannel, certificates: Certificates
) -> None:
    async with SmtpSink(**_tls(mode, certificates)) as sink:
        channel = open_smtp(a_configuration(sink, tls_mode=mode, ca_certificates=certificates.authority_pem))
        assert channel.server_certificate_end is None
        await channel.send(an_email())
    expected = None if mode is TlsMode.NONE else certificates.right_host_end
    assert channel.server_certificate_end == expected


@pytest.mark.parametrize("mode", [TlsMode.STARTTLS, TlsMode.IMPLICIT])
async def test_a_server_that_asks_for_a_certificate_gets_it(
    mode: TlsMode, open_smtp: OpenChannel, certificates: Certificates
) -> None:
    asking: dict[str, Any] = {"starttls" if mode is TlsMode.STARTTLS else "implicit_tls": certificates.asking}
    async with SmtpSink(**asking) as sink:
        settings: dict[str, Any] = {"tls_mode": mode, "ca_certificates": certificates.authority_pem}
        with pytest.raises(TransientFailure):
            await open_smtp(a_configuration(sink, **settings)).send(an_email())
        shown: dict[str, Any] = {"client_certificate": certificates.client_pem, "client_key": certificates.client_key}
        await open_smtp(a_configuration(sink, **settings, **shown)).send(an_email())
    assert len(sink.mails) == 1


@pytest.mark.parametrize("code", [502, 504, 534])
async def test_a_method_that_the_server_offers_in_vain_is_followed_by_the_next(
    code: int, open_smtp: OpenChannel
) -> None:
    password = b64encode(b"open sesame").decode()
    script = {"AUTH": [f"{code} Not PLAIN", "334 UGFzc3dvcmQ6"], password.upper(): "235 2.7.0 Accepted"}
    async with SmtpFaults(script, extensions=["AUTH PLAIN LOGIN"]) as server:
        await open_smtp(a_configuration(server, username="clarion", password="open sesame")).send(an_email())
    assert len(server.taken) == 1
    assert password in server.commands


@pytest.mark.parametrize("code", [500, 502])
async def test_a_server_from_before_ehlo_takes_mail_as_well(code: int, open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"EHLO": f"{code} Not implemented", "HELO": "250 faults.test"}) as server:
        await open_smtp(a_configuration(server)).send(an_email())
    assert len(server.taken) == 1
    assert f"MAIL FROM:<{SENDER.address}>" in server.commands


async def test_a_wrong_password_is_worth_another_try(open_smtp: OpenChannel, certificates: Certificates) -> None:
    async with SmtpSink(**_tls(TlsMode.STARTTLS, certificates), login=knows_clarion) as sink:
        configuration = a_configuration(
            sink,
            tls_mode=TlsMode.STARTTLS,
            ca_certificates=certificates.authority_pem,
            username="clarion",
            password="wrong",
        )
        with pytest.raises(TransientFailure) as caught:
            await open_smtp(configuration).send(an_email())
    assert caught.value.failure.reason is FailureReason.AUTHENTICATION_FAILED


def _tls(mode: TlsMode, certificates: Certificates) -> dict[str, Any]:
    context = certificates.right_host
    return {TlsMode.NONE: {}, TlsMode.STARTTLS: {"starttls": context}, TlsMode.IMPLICIT: {"implicit_tls": context}}[
        mode
    ]


async def test_an_address_outside_ascii_goes_to_a_server_that_offers_smtputf8(open_smtp: OpenChannel) -> None:
    async with SmtpSink() as sink:
        await open_smtp(a_configuration(sink)).send(an_email("jürgen@bücher.example"))
    (mail,) = sink.mails
    assert mail.recipients == ("jürgen@xn--bcher-kva.example",)
    assert "To: jürgen@xn--bcher-kva.example\r\n".encode() in mail.content


@pytest.mark.parametrize(
    ("announced", "size"),
    [("10240000", 10_240_000), ("0", None), ("many", None), ("9" * 5_000, None), ("٣", None), ("", None)],
    ids=["usual", "without a limit", "no number", "thousands of digits", "no digits of ASCII", "not said"],
)
async def test_a_size_that_is_no_number_of_rfc_1870_is_no_limit(
    announced: str, size: int | None, open_smtp: OpenChannel
) -> None:
    extensions = [*(each for each in EXTENSIONS if each.split()[0] != "SIZE"), f"SIZE {announced}"]
    async with SmtpFaults(extensions=extensions) as server:
        channel = open_smtp(a_configuration(server))
        await channel.send(an_email())
        assert channel.announced_size == size
    assert len(server.taken) == 1


async def test_an_address_outside_ascii_is_unsupported_elsewhere(open_smtp: OpenChannel) -> None:
    extensions = [extension for extension in EXTENSIONS if extension != "SMTPUTF8"]
    async with SmtpFaults(extensions=extensions) as server:
        channel = open_smtp(a_configuration(server))
        with pytest.raises(PermanentFailure) as caught:
            await channel.send(an_email("jürgen@example.com"))
        await channel.send(an_email("jane@bücher.example"))
    assert caught.value.failure.reason is FailureReason.UNSUPPORTED
    assert server.connection_count == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"address": "jane@example.com\r\nRCPT TO:<eve@example.com>"},
        {"address": "jane@example.com> SIZE=1"},
        {"email": RenderedEmail("Hello\r\nBcc: eve@example.com", "", "Hello")},
        {"email": RenderedEmail("Hello", "", "Hello", {"X-Order": "1\nBcc: eve@example.com"})},
        {"email": RenderedEmail("Hello", "", "Hello", {"X: 1\r\nBcc": "eve@example.com"})},
        {"email": RenderedEmail("Hello", "", "Hello", {"Bcc": "eve@example.com"})},
        {"email": RenderedEmail("Hello\0", "", "Hello")},
        {"sender": Mailbox("shop@example.com", "Shop\r\nBcc: eve@example.com")},
        {"email": RenderedEmail("Hello", "", "\ud800")},
    ],
)
async def test_what_would_forge_a_message_is_refused_before_any_server_hears_of_it(
    changes: dict[str, Any], open_smtp: OpenChannel
) -> None:
    async with SmtpFaults() as server:
        with pytest.raises(PermanentFailure) as caught:
            await open_smtp(a_configuration(server)).send(an_email(**changes))
    assert caught.value.failure.reason in {FailureReason.UNSUPPORTED, FailureReason.CONTENT_REJECTED}
    assert "eve" not in caught.value.failure.detail
    assert server.connection_count == 0


async def test_a_greylisted_message_gets_through_with_its_second_attempt(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"RCPT": greylisting()}) as server:
        channel = open_smtp(a_configuration(server))
        with pytest.raises(TransientFailure) as caught:
            await channel.send(an_email())
        await channel.send(an_email(attempt=2))
    assert caught.value.failure.reason is FailureReason.THROTTLED
    assert len(server.taken) == 1


async def test_the_detail_of_a_failure_is_one_short_line(open_smtp: OpenChannel) -> None:
    endless = "\r\n".join([*["550-5.1.1 \x1b[31mNobody \t here"] * 100, "550 5.1.1 Nobody here"])
    async with SmtpFaults({"RCPT": endless}) as server:
        with pytest.raises(PermanentFailure) as caught:
            await open_smtp(a_configuration(server)).send(an_email())
    detail = caught.value.failure.detail
    assert len(detail) <= 500
    assert detail.isprintable()


async def test_a_server_that_wants_the_message_for_nobody_does_not_get_it(open_smtp: OpenChannel) -> None:
    async with SmtpFaults({"RCPT": ["550 5.1.1 Nobody here"], "DATA": ["354 Go on"]}) as server:
        channel = open_smtp(a_configuration(server))
        with pytest.raises(PermanentFailure):
            await channel.send(an_email())
        await channel.send(an_email("joe@example.com"))
    assert len(server.taken) == 1
    assert b"To: joe@example.com" in server.taken[0]
