"""Tests the outcome of a hand-off for each fault of an SMTP server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    TransientFailure,
)
from clarion_server.domain.content.email import RenderedEmail, TlsMode
from clarion_server.domain.instant import MILLISECOND
from clarion_server.domain.messages.attempt import FailureReason

from tests.integration.channels.conftest import Certificates, OpenChannel
from tests.outbound import a_configuration, an_email
from tests.smtp_faults import SmtpFaults
from tests.smtp_script import EXTENSIONS, Drip, Drop, Script, Silence

REASON = FailureReason
PASSES, FOR_GOOD, IN_DOUBT = TransientFailure, PermanentFailure, HandOffInDoubt

#: The first is short, because tests wait until it has passed. The second leaves a busy machine time for earlier steps.
IMPATIENT: dict[str, Any] = {"timeout": 150 * MILLISECOND}
LESS_IMPATIENT: dict[str, Any] = {"timeout": 1000 * MILLISECOND}
WITH_LOGIN: dict[str, Any] = {"username": "clarion", "password": "open sesame"}
OFFERS_AUTH = ("AUTH PLAIN", *EXTENSIONS)
#: More than sockets hold, so that it cannot all be on its way before the server fails.
LARGE = RenderedEmail("Large", "", "A line of a large message.\n" * 600_000)


@dataclass(frozen=True)
class Case:
    name: str
    script: Script
    kind: type[HandOffFailed]
    reason: FailureReason
    code: str = ""
    detail: str = ""
    """Is what the detail contains."""
    provider: dict[str, Any] = field(default_factory=dict)
    """Changes of SmtpProvider."""
    extensions: tuple[str, ...] = EXTENSIONS
    email: RenderedEmail | None = None


CASES = [
    # Before the server is ready: nothing is said about the message, so it stays worth trying.
    Case("is busy from the start", {"GREETING": "421 4.3.2 Busy"}, PASSES, REASON.THROTTLED, "421 4.3.2", "Busy"),
    Case("wants no mail at all", {"GREETING": "554 Go away"}, PASSES, REASON.CONNECTION_FAILED, "554", "Go away"),
    Case("never greets", {"GREETING": Silence()}, PASSES, REASON.TIMED_OUT, detail="did not answer in time",
         provider=IMPATIENT),
    Case("greets too slowly", {"GREETING": Drip("220 Hello, my friend", 0.1)}, PASSES, REASON.TIMED_OUT,
         provider=IMPATIENT),
    Case("hangs up instead of greeting", {"GREETING": Drop()}, PASSES, REASON.CONNECTION_FAILED),
    Case("is no SMTP server", {"GREETING": "HTTP/1.1 400 Bad Request"}, PASSES, REASON.OTHER, detail="HTTP/1.1 400"),
    Case("refuses EHLO for now", {"EHLO": "421 4.7.0 Later"}, PASSES, REASON.THROTTLED, "421 4.7.0"),
    Case("refuses EHLO", {"EHLO": "554 5.7.1 Blocked"}, PASSES, REASON.CONNECTION_FAILED, "554 5.7.1"),
    Case("does not answer EHLO", {"EHLO": Silence()}, PASSES, REASON.TIMED_OUT, provider=IMPATIENT),
    Case("hangs up at EHLO", {"EHLO": Drop()}, PASSES, REASON.CONNECTION_FAILED),
    # Credentials are the configuration's: put right, the message can still go.
    Case("knows no such user", {"AUTH": "535 5.7.8 Wrong"}, PASSES, REASON.AUTHENTICATION_FAILED, "535 5.7.8",
         provider=WITH_LOGIN, extensions=OFFERS_AUTH),
    Case("finds AUTH PLAIN too weak", {"AUTH": "534 5.7.9 Too weak"}, PASSES, REASON.AUTHENTICATION_FAILED,
         "534 5.7.9", provider=WITH_LOGIN, extensions=OFFERS_AUTH),
    Case("cannot check the password now", {"AUTH": "454 4.7.0 Later"}, PASSES, REASON.AUTHENTICATION_FAILED,
         "454 4.7.0", provider=WITH_LOGIN, extensions=OFFERS_AUTH),
    Case("offers no AUTH", {}, PASSES, REASON.AUTHENTICATION_FAILED, provider=WITH_LOGIN),
    Case("is too busy for AUTH", {"AUTH": "421 4.3.2 Busy"}, PASSES, REASON.THROTTLED, "421 4.3.2",
         provider=WITH_LOGIN, extensions=OFFERS_AUTH),
    Case("hangs up at AUTH", {"AUTH": Drop()}, PASSES, REASON.CONNECTION_FAILED, provider=WITH_LOGIN,
         extensions=OFFERS_AUTH),
    Case("does not answer AUTH", {"AUTH": Silence()}, PASSES, REASON.TIMED_OUT, provider=IMPATIENT | WITH_LOGIN,
         extensions=OFFERS_AUTH),
    Case("wants AUTH after all", {"MAIL": "530 5.7.0 Log in"}, PASSES, REASON.AUTHENTICATION_FAILED, "530 5.7.0"),
    # The sender.
    Case("closes at MAIL", {"MAIL": "421 4.3.2 Closing"}, PASSES, REASON.THROTTLED, "421 4.3.2"),
    Case("is out of order at MAIL", {"MAIL": "451 4.3.0 Trouble"}, PASSES, REASON.THROTTLED, "451 4.3.0"),
    Case("refuses the sender", {"MAIL": "550 No such sender"}, PASSES, REASON.SENDER_REJECTED, "550"),
    Case("refuses the sender's domain", {"MAIL": "553 5.1.8 Which?"}, PASSES, REASON.SENDER_REJECTED, "553 5.1.8"),
    Case("finds the size too large", {"MAIL": "552 Too large"}, FOR_GOOD, REASON.CONTENT_REJECTED, "552"),
    Case("does not answer MAIL", {"MAIL": Silence()}, PASSES, REASON.TIMED_OUT, provider=IMPATIENT),
    Case("hangs up at MAIL", {"MAIL": Drop()}, PASSES, REASON.CONNECTION_FAILED),
    Case("answers MAIL with nonsense", {"MAIL": "certainly"}, PASSES, REASON.OTHER, detail="certainly"),
    # The recipient.
    Case("knows no such recipient", {"RCPT": "550 5.1.1 Nobody here"}, FOR_GOOD, REASON.RECIPIENT_REJECTED,
         "550 5.1.1", "Nobody here"),
    Case("knows no such recipient, in plain codes", {"RCPT": "550 Nobody"}, FOR_GOOD, REASON.RECIPIENT_REJECTED, "550"),
    Case("refuses in several lines", {"RCPT": "550-5.1.1 Nobody\r\n550-5.1.1 of that name\r\n550 5.1.1 here"}, FOR_GOOD,
         REASON.RECIPIENT_REJECTED, "550 5.1.1", "Nobody 5.1.1 of that name 5.1.1 here"),
    Case("finds the mailbox full", {"RCPT": "552 5.2.2 Full"}, FOR_GOOD, REASON.MAILBOX_FULL, "552 5.2.2"),
    Case("finds the mailbox full for now", {"RCPT": "452 4.2.2 Full"}, PASSES, REASON.MAILBOX_FULL, "452 4.2.2"),
    Case("finds the mailbox busy", {"RCPT": "450 4.2.0 Busy"}, PASSES, REASON.THROTTLED, "450 4.2.0"),
    Case("does not relay", {"RCPT": "554 5.7.1 Relay denied"}, PASSES, REASON.SENDER_REJECTED, "554 5.7.1"),
    Case("says what nobody knows", {"RCPT": "599 5.9.9 Odd"}, FOR_GOOD, REASON.OTHER, "599 5.9.9", "Odd"),
    Case("says what nobody knows, for now", {"RCPT": "499 Odd"}, PASSES, REASON.OTHER, "499", "Odd"),
    Case("closes at RCPT", {"RCPT": "421 4.3.2 Closing"}, PASSES, REASON.THROTTLED, "421 4.3.2"),
    Case("does not answer RCPT", {"RCPT": Silence()}, PASSES, REASON.TIMED_OUT, provider=IMPATIENT),
    Case("hangs up at RCPT", {"RCPT": Drop()}, PASSES, REASON.CONNECTION_FAILED),
    # Before the message.
    Case("refuses DATA for now", {"DATA": "451 4.3.0 Trouble"}, PASSES, REASON.THROTTLED, "451 4.3.0"),
    Case("refuses DATA", {"DATA": "554 5.7.1 Spam"}, FOR_GOOD, REASON.CONTENT_REJECTED, "554 5.7.1"),
    Case("takes DATA for something else", {"DATA": "250 OK"}, PASSES, REASON.OTHER, detail="250 OK"),
    Case("does not answer DATA", {"DATA": Silence()}, PASSES, REASON.TIMED_OUT, provider=IMPATIENT),
    Case("hangs up at DATA", {"DATA": Drop()}, PASSES, REASON.CONNECTION_FAILED),
    # Amid the message: its final dot had not left.
    Case("hangs up amid the message", {"CONTENT": Drop(after=100_000)}, PASSES, REASON.CONNECTION_FAILED, email=LARGE),
    Case("stops reading amid the message", {"CONTENT": Silence(after=100_000)}, PASSES, REASON.TIMED_OUT,
         provider=IMPATIENT, email=LARGE),
    # After the final dot: refused is refused, but silence may mean anything.
    Case("is out of order at the end", {"CONTENT": "451 4.3.0 Trouble"}, PASSES, REASON.THROTTLED, "451 4.3.0"),
    Case("is full at the end", {"CONTENT": "452 4.3.1 Disk full"}, PASSES, REASON.THROTTLED, "452 4.3.1"),
    Case("closes at the end", {"CONTENT": "421 4.3.2 Closing"}, PASSES, REASON.THROTTLED, "421 4.3.2"),
    Case("refuses what it read", {"CONTENT": "554 5.7.1 Spam"}, FOR_GOOD, REASON.CONTENT_REJECTED, "554 5.7.1"),
    Case("finds it too large", {"CONTENT": "552 5.3.4 Too large"}, FOR_GOOD, REASON.CONTENT_REJECTED, "552 5.3.4"),
    Case("hangs up after the message", {"CONTENT": Drop()}, IN_DOUBT, REASON.HAND_OFF_UNKNOWN),
    Case("does not answer the message", {"CONTENT": Silence()}, IN_DOUBT, REASON.HAND_OFF_UNKNOWN,
         provider=LESS_IMPATIENT),
    Case("answers the message too slowly", {"CONTENT": Drip("250 2.0.0 Taken", 0.1)}, IN_DOUBT,
         REASON.HAND_OFF_UNKNOWN, provider=LESS_IMPATIENT),
    Case("answers the message with nonsense", {"CONTENT": "thank you"}, IN_DOUBT, REASON.HAND_OFF_UNKNOWN,
         detail="thank you"),
    Case("wants yet more", {"CONTENT": "354 Go on"}, IN_DOUBT, REASON.HAND_OFF_UNKNOWN, detail="354 Go on"),
]  # fmt: skip


#: Whether the commands of a hand-off go at once matters from MAIL on.
RUNS = [
    pytest.param(case, pipelining, id=f"{case.name}{'' if pipelining else ', one by one'}")
    for case in CASES
    for pipelining in (True, False)
    if pipelining or case.script.keys() & {"MAIL", "RCPT", "DATA", "CONTENT"}
]


@pytest.mark.parametrize(("case", "pipelining"), RUNS)
async def test_a_hand_off_ends_as_documented_when_the_server(
    case: Case, pipelining: bool, open_smtp: OpenChannel
) -> None:
    extensions = [extension for extension in case.extensions if pipelining or extension != "PIPELINING"]
    async with SmtpFaults(case.script, extensions=extensions) as server:
        channel = open_smtp(a_configuration(server, **case.provider))
        with pytest.raises(HandOffFailed) as caught:
            await channel.send(an_email(email=case.email) if case.email else an_email())
    failure = caught.value.failure
    assert (type(caught.value), failure.reason, failure.code) == (case.kind, case.reason, case.code)
    assert case.detail in failure.detail
    assert server.taken == []


TLS_CASES: list[tuple[str, TlsMode, Callable[[Certificates], dict[str, Any]], Script, bool]] = [
    ("does not offer STARTTLS", TlsMode.STARTTLS, lambda _: {}, {}, True),
    ("offers STARTTLS but refuses it", TlsMode.STARTTLS, lambda c: {"starttls": c.right_host},
     {"STARTTLS": "454 4.7.0 Not now"}, True),
    ("is another host", TlsMode.STARTTLS, lambda c: {"starttls": c.wrong_host}, {}, True),
    ("is vouched for by nobody known", TlsMode.STARTTLS, lambda c: {"starttls": c.right_host}, {}, False),
    ("hangs up at STARTTLS", TlsMode.STARTTLS, lambda c: {"starttls": c.right_host}, {"STARTTLS": Drop()}, True),
    ("is another host, from the first byte", TlsMode.IMPLICIT, lambda c: {"implicit_tls": c.wrong_host}, {}, True),
    ("is vouched for by nobody known, from the first byte", TlsMode.IMPLICIT, lambda c: {"implicit_tls": c.right_host},
     {}, False),
    ("speaks no TLS", TlsMode.IMPLICIT, lambda _: {}, {}, True),
]  # fmt: skip


@pytest.mark.parametrize(
    ("mode", "contexts", "script", "authority_known"),
    [case[1:] for case in TLS_CASES],
    ids=[case[0] for case in TLS_CASES],
)
async def test_nothing_is_sent_in_the_clear_when_the_server(
    mode: TlsMode,
    contexts: Callable[[Certificates], dict[str, Any]],
    script: Script,
    authority_known: bool,
    certificates: Certificates,
    open_smtp: OpenChannel,
) -> None:
    trusted = certificates.authority_pem if authority_known else ""
    async with SmtpFaults(script, **contexts(certificates)) as server:
        channel = open_smtp(a_configuration(server, tls_mode=mode, ca_certificates=trusted, **WITH_LOGIN))
        with pytest.raises(TransientFailure) as caught:
            await channel.send(an_email())
    assert caught.value.failure.reason is REASON.TLS_FAILED
    assert not [command for command in server.commands if command.startswith(("AUTH", "MAIL"))]


async def test_a_server_that_is_silent_at_starttls_is_given_up(
    certificates: Certificates, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults({"STARTTLS": Silence()}, starttls=certificates.right_host) as server:
        channel = open_smtp(a_configuration(server, tls_mode=TlsMode.STARTTLS, **IMPATIENT))
        with pytest.raises(TransientFailure) as caught:
            await channel.send(an_email())
    assert caught.value.failure.reason is REASON.TIMED_OUT


async def test_a_large_message_cut_short_under_tls_is_not_in_doubt(
    certificates: Certificates, open_smtp: OpenChannel
) -> None:
    async with SmtpFaults({"CONTENT": Drop(after=100_000)}, starttls=certificates.right_host) as server:
        trusted = certificates.authority_pem
        channel = open_smtp(a_configuration(server, tls_mode=TlsMode.STARTTLS, ca_certificates=trusted))
        with pytest.raises(TransientFailure):
            await channel.send(an_email(email=LARGE))


async def test_a_bundle_of_authorities_that_is_none_fails_as_tls(
    open_smtp: OpenChannel, certificates: Certificates
) -> None:
    async with SmtpFaults(starttls=certificates.right_host) as server:
        channel = open_smtp(a_configuration(server, tls_mode=TlsMode.STARTTLS, ca_certificates="no PEM"))
        with pytest.raises(TransientFailure) as caught:
            await channel.send(an_email())
    assert caught.value.failure.reason is REASON.TLS_FAILED


async def test_a_port_where_nobody_listens_is_a_passing_failure(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        configuration = a_configuration(server)
    with pytest.raises(TransientFailure) as caught:
        await open_smtp(configuration).send(an_email())
    assert caught.value.failure.reason is REASON.CONNECTION_FAILED
    assert "Connect call failed" in caught.value.failure.detail


async def test_a_host_name_that_cannot_be_one_is_a_passing_failure(open_smtp: OpenChannel) -> None:
    async with SmtpFaults() as server:
        channel = open_smtp(a_configuration(server, host=f"{'a' * 300}.example"))
        with pytest.raises(TransientFailure) as caught:
            await channel.send(an_email())
    assert caught.value.failure.reason is REASON.CONNECTION_FAILED
