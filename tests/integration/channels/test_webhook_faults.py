"""Tests the outcome of a hand-off for each fault of an endpoint."""

from __future__ import annotations

import asyncio
import socket
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import aiohttp
import pytest
from clarion_server.adapters.channels.webhook.connections import AddressInfo, EndpointConnections
from clarion_server.application.ports.channels import (
    HandOffFailed,
    HandOffInDoubt,
    PermanentFailure,
    TransientFailure,
)
from clarion_server.domain.content.webhook import Method, WebhookContent
from clarion_server.domain.instant import HOUR, MILLISECOND, MINUTE, SECOND
from clarion_server.domain.messages.attempt import FailureReason

from tests.http_endpoint import Act, Answer, Cut, HttpEndpoint, Raw, Silence
from tests.integration.channels.conftest import Certificates, OpenWebhook
from tests.outbound import SIGNING_SECRET, a_webhook

REASON = FailureReason
PASSES, FOR_GOOD, IN_DOUBT = TransientFailure, PermanentFailure, HandOffInDoubt

IMPATIENT: dict[str, Any] = {"timeout": 300 * MILLISECOND}
#: Long enough for a busy machine to connect and to send the whole request in it.
PATIENT: dict[str, Any] = {"timeout": 3 * SECOND}
#: More than sockets hold, so that it cannot all be on its way before the server fails.
LARGE = "x" * 20_000_000
#: Is less than a body that is written at once.
SMALL_BUFFER = 4096


@dataclass(frozen=True)
class Case:
    name: str
    act: Act
    kind: type[HandOffFailed]
    reason: FailureReason
    code: str = ""
    detail: str = ""
    """Is what the detail contains."""
    settings: dict[str, Any] = field(default_factory=dict)
    """Are fields of WebhookProvider."""
    body: str = "{}"


CASES = [
    Case("is busy", Answer("503 Service Unavailable", body=b"later"), PASSES, REASON.PROVIDER_UNAVAILABLE, "503",
         "Service Unavailable: later"),
    Case("breaks down", Answer("500 Oops"), PASSES, REASON.PROVIDER_UNAVAILABLE, "500", "Oops"),
    Case("has a gateway that breaks down", Answer("502 Bad Gateway"), PASSES, REASON.PROVIDER_UNAVAILABLE, "502"),
    Case("limits the rate", Answer("429 Too Many Requests"), PASSES, REASON.THROTTLED, "429"),
    Case("takes no early data", Answer("425 Too Early"), PASSES, REASON.THROTTLED, "425"),
    Case("finds the request too slow", Answer("408 Request Timeout"), PASSES, REASON.TIMED_OUT, "408"),
    Case("finds the request malformed", Answer("400 Bad Request", body=b'{"error": "no id"}'), FOR_GOOD,
         REASON.CONTENT_REJECTED, "400", 'Bad Request: {"error": "no id"}'),
    Case("finds the content wrong", Answer("422 Unprocessable Content"), FOR_GOOD, REASON.CONTENT_REJECTED, "422"),
    Case("knows no such type of content", Answer("415 Unsupported Media Type"), FOR_GOOD, REASON.CONTENT_REJECTED,
         "415"),
    Case("finds the content too large", Answer("413 Content Too Large"), FOR_GOOD, REASON.CONTENT_REJECTED, "413"),
    Case("knows no such caller", Answer("401 Unauthorized"), PASSES, REASON.AUTHENTICATION_FAILED, "401"),
    Case("wants to be paid", Answer("402 Payment Required"), PASSES, REASON.CONFIGURATION_INVALID, "402"),
    Case("forbids it", Answer("403 Forbidden"), PASSES, REASON.AUTHENTICATION_FAILED, "403"),
    Case("is not there", Answer("404 Not Found"), PASSES, REASON.CONFIGURATION_INVALID, "404"),
    Case("is behind a proxy that wants a login", Answer("407 Proxy Authentication Required"), PASSES,
         REASON.AUTHENTICATION_FAILED, "407"),
    Case("is gone", Answer("410 Gone"), FOR_GOOD, REASON.RECIPIENT_REJECTED, "410"),
    Case("takes no such method", Answer("405 Method Not Allowed"), PASSES, REASON.CONFIGURATION_INVALID, "405"),
    Case("is a teapot", Answer("418 I'm a teapot"), FOR_GOOD, REASON.OTHER, "418", "I'm a teapot"),
    Case("redirects", Answer("302 Found", {"Location": "http://127.0.0.1:1/"}), PASSES,
         REASON.CONFIGURATION_INVALID, "302", "redirects"),
    Case("redirects for good", Answer("308 Permanent Redirect", {"Location": "/other"}), PASSES,
         REASON.CONFIGURATION_INVALID, "308"),
    Case("answers nothing new", Answer("304 Not Modified"), PASSES, REASON.CONFIGURATION_INVALID, "304"),
    # Amid the request: its last octet had not left.
    Case("hangs up amid the body", Cut(after=1000), PASSES, REASON.CONNECTION_FAILED, body=LARGE),
    Case("stops reading amid the body", Silence(after=1000), PASSES, REASON.TIMED_OUT, settings=IMPATIENT, body=LARGE),
    # After it, silence may mean anything.
    Case("hangs up after the request", Cut(), IN_DOUBT, REASON.HAND_OFF_UNKNOWN),
    Case("hangs up after a large request", Cut(), IN_DOUBT, REASON.HAND_OFF_UNKNOWN, body=LARGE),
    Case("does not answer", Silence(), IN_DOUBT, REASON.HAND_OFF_UNKNOWN, detail="in time", settings=PATIENT),
    Case("hangs up amid the status line", Raw(b"HTTP/1.1 20"), IN_DOUBT, REASON.HAND_OFF_UNKNOWN),
    Case("answers with nonsense", Raw(b"220 smtp.example ESMTP\r\n"), IN_DOUBT, REASON.HAND_OFF_UNKNOWN),
    Case("answers with a header without end", Raw(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), IN_DOUBT,
         REASON.HAND_OFF_UNKNOWN),
    Case("answers with a status that nobody knows", Answer("999 Odd"), IN_DOUBT, REASON.HAND_OFF_UNKNOWN, "999"),
]  # fmt: skip


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
async def test_a_hand_off_ends_as_documented_when_the_endpoint(
    case: Case, tls: bool, open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    context = certificates.right_host if tls else None
    settings = {"timeout": 20 * SECOND, "ca_certificates": certificates.authority_pem, **case.settings}
    async with HttpEndpoint(case.act, tls=context) as endpoint:
        with pytest.raises(HandOffFailed) as caught:
            await open_webhook(endpoint.url, **settings).send(a_webhook(case.body))
    failure = caught.value.failure
    assert (type(caught.value), failure.reason, failure.code) == (case.kind, case.reason, case.code)
    assert case.detail in failure.detail
    assert len(endpoint.requests) <= 1


@pytest.mark.parametrize("act", [Silence(after=1000), Cut(after=1000)])
async def test_a_small_request_whose_end_never_left_is_not_in_doubt(
    act: Act, open_webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_socket = EndpointConnections.open_socket

    def with_small_buffer(connections: EndpointConnections, info: AddressInfo) -> socket.socket:
        client = open_socket(connections, info)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL_BUFFER)
        return client

    # What the endpoint does not read stays in this process.
    monkeypatch.setattr(EndpointConnections, "open_socket", with_small_buffer)
    async with HttpEndpoint(act, receive_buffer=SMALL_BUFFER) as endpoint:
        with pytest.raises(TransientFailure):
            await open_webhook(endpoint.url, timeout=1 * SECOND).send(a_webhook("x" * 50_000))


async def test_an_endpoint_that_hangs_up_at_once_has_not_got_the_request(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(cut_at_once=True) as endpoint:
        with pytest.raises(HandOffFailed) as caught:
            await open_webhook(endpoint.url).send(a_webhook(LARGE))
    assert (type(caught.value), caught.value.failure.reason) == (PASSES, REASON.CONNECTION_FAILED)


@pytest.mark.parametrize("body", [b"OK", b""])
async def test_a_positive_status_decides_even_when_the_rest_of_the_answer_never_comes(
    body: bytes, open_webhook: OpenWebhook
) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n" + body
    async with HttpEndpoint(Raw(answer)) as endpoint:
        receipt = await open_webhook(endpoint.url).send(a_webhook())
    assert receipt.provider_reply == "200 OK"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
@pytest.mark.parametrize(
    ("value", "expected"), [("0", 0), ("120", 2 * MINUTE), ("3600", HOUR), ("3601", HOUR), ("999999999", HOUR)]
)
async def test_the_wait_that_an_endpoint_asks_for_is_kept_up_to_an_hour(
    status: str, value: str, expected: int, open_webhook: OpenWebhook
) -> None:
    assert await retry_after(status, value, open_webhook) == expected


@pytest.mark.parametrize(
    "value",
    ["", "abc", "-1", "1.5", "9" * 30, f"Mon, {'9' * 20} Jan 2027 00:00:00 GMT", f"Mon, 1 Jan {'9' * 20} 00:00:00 GMT"],
)
async def test_a_wait_that_makes_no_sense_is_ignored(value: str, open_webhook: OpenWebhook) -> None:
    assert await retry_after("503 Busy", value, open_webhook) is None


async def test_a_wait_may_end_at_a_date(open_webhook: OpenWebhook) -> None:
    wait = await retry_after("503 Busy", formatdate(time.time() + 600, usegmt=True), open_webhook)
    assert wait is not None
    assert 9 * MINUTE < wait <= 10 * MINUTE
    assert await retry_after("503 Busy", formatdate(time.time() - 600, usegmt=True), open_webhook) == 0
    assert await retry_after("503 Busy", formatdate(time.time() + 7200, usegmt=True), open_webhook) == HOUR


async def test_a_date_without_a_zone_is_in_gmt_wherever_the_machine_is(
    open_webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    date = time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(time.time() + 600))
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        wait = await retry_after("503 Busy", date, open_webhook)
    finally:
        monkeypatch.undo()
        time.tzset()
    assert wait is not None
    assert 9 * MINUTE < wait <= 10 * MINUTE


@pytest.mark.parametrize("status", ["500 Oops", "408 Request Timeout", "425 Too Early"])
async def test_a_wait_counts_with_429_and_503_alone(status: str, open_webhook: OpenWebhook) -> None:
    assert await retry_after(status, "120", open_webhook) is None


async def retry_after(status: str, value: str, open_webhook: OpenWebhook) -> int | None:
    async with HttpEndpoint(Answer(status, {"Retry-After": value})) as endpoint:
        with pytest.raises(TransientFailure) as caught:
            await open_webhook(endpoint.url).send(a_webhook())
    return caught.value.retry_after


async def test_a_redirect_is_not_followed(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as other, HttpEndpoint(Answer("307 Moved", {"Location": other.url})) as endpoint:
        with pytest.raises(TransientFailure):
            await open_webhook(endpoint.url).send(a_webhook())
    assert (len(endpoint.requests), other.connection_count) == (1, 0)


async def test_the_detail_of_a_failure_is_one_short_line(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Answer("400 Bad", body=b"\x1b[31mWrong\r\n\t\xff" * 10_000)) as endpoint:
        with pytest.raises(PermanentFailure) as caught:
            await open_webhook(endpoint.url).send(a_webhook())
    assert len(caught.value.failure.detail) <= 500
    assert caught.value.failure.detail.isprintable()


async def test_the_reason_of_a_status_may_be_no_utf_8(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Raw(b"HTTP/1.1 400 B\xff\xfed\r\nContent-Length: 0\r\n\r\n")) as endpoint:
        with pytest.raises(PermanentFailure) as caught:
            await open_webhook(endpoint.url).send(a_webhook())
    assert caught.value.failure.detail == "B??d"


async def test_an_answer_that_is_no_http_does_not_make_us_repeat_the_url(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Raw(b"nonsense\r\n\r\n")) as endpoint:
        with pytest.raises(HandOffInDoubt) as caught:
            await open_webhook(f"{endpoint.url}?token=open-sesame").send(a_webhook())
    assert caught.value.failure.detail == "The endpoint's answer is no HTTP"


@pytest.mark.parametrize("status", ["200 OK", "408 Request Timeout"])
async def test_what_an_endpoint_says_unasked_is_not_taken_for_the_next_answer(
    status: str, open_webhook: OpenWebhook
) -> None:
    async with HttpEndpoint(Answer(), Answer("400 Bad")) as endpoint:
        channel = open_webhook(endpoint.url)
        await channel.send(a_webhook())
        await endpoint.say(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode())
        for _ in range(100):
            # The event loop hands it to the resting connection before the next request begins.
            await asyncio.sleep(0)
        with pytest.raises(PermanentFailure) as caught:
            await channel.send(a_webhook())
    assert (caught.value.failure.code, endpoint.connection_count, len(endpoint.requests)) == ("400", 2, 2)


async def test_a_put_whose_answer_is_cut_off_is_in_doubt_and_not_sent_again(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Cut()) as endpoint:
        with pytest.raises(HandOffInDoubt):
            await open_webhook(endpoint.url).send(a_webhook(content=WebhookContent("{}", method=Method.PUT)))
    assert len(endpoint.requests) == 1


@pytest.mark.parametrize(
    "secret", [SIGNING_SECRET, SIGNING_SECRET.removeprefix("whsec_"), "sesame-4", "Bearer x sesame-4"]
)
async def test_an_endpoint_that_repeats_a_secret_does_not_make_us_repeat_it(
    secret: str, open_webhook: OpenWebhook
) -> None:
    async with HttpEndpoint(Answer(f"400 Bad {secret}", body=f"You sent {secret}!".encode())) as endpoint:
        channel = open_webhook(endpoint.url, secret=SIGNING_SECRET)
        with pytest.raises(PermanentFailure) as caught:
            await channel.send(a_webhook(headers={"Authorization": "Bearer x sesame-4"}))
    assert caught.value.failure.detail == "Bad …: You sent …!"


@pytest.mark.parametrize("after", [1000, 10_000_000])
async def test_a_connection_that_breaks_amid_the_body_does_not_make_us_repeat_the_url(
    after: int, open_webhook: OpenWebhook
) -> None:
    async with HttpEndpoint(Cut(after)) as endpoint:
        with pytest.raises(TransientFailure) as caught:
            await open_webhook(endpoint.url).send(a_webhook(LARGE))
    assert "token=abc" not in caught.value.failure.detail


@pytest.mark.parametrize("repeated", ["open-sesame%2F42", "open-sesame/42"])
async def test_an_endpoint_that_repeats_its_url_does_not_make_us_repeat_a_token_in_it(
    repeated: str, open_webhook: OpenWebhook
) -> None:
    answer = Answer("404 Not Found", body=f"Cannot POST /?version=2&token={repeated}".encode())
    async with HttpEndpoint(answer) as endpoint:
        channel = open_webhook(f"http://{endpoint.host}:{endpoint.port}/?version=2&token=open-sesame%2F42")
        with pytest.raises(TransientFailure) as caught:
            await channel.send(a_webhook())
    assert caught.value.failure.detail == "Not Found: Cannot POST /?version=2&token=…"


@pytest.mark.parametrize("repeated", ["/services/open%2Dsesame", "/services/open-sesame"])
async def test_an_endpoint_that_repeats_its_path_does_not_make_us_repeat_a_token_in_it(
    repeated: str, open_webhook: OpenWebhook
) -> None:
    async with HttpEndpoint(Answer("404 Not Found", body=f"Cannot POST {repeated}".encode())) as endpoint:
        channel = open_webhook(f"http://{endpoint.host}:{endpoint.port}/services/open%2Dsesame")
        with pytest.raises(TransientFailure) as caught:
            await channel.send(a_webhook())
    assert caught.value.failure.detail == "Not Found: Cannot POST …"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "localhost.", "[::1]", "[::ffff:127.0.0.1]", "0x7f000001"])
async def test_an_address_that_is_not_public_gets_no_octet(host: str, open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        channel = open_webhook(f"http://{host}:{endpoint.port}/", allow_private_addresses=False)
        with pytest.raises(TransientFailure) as caught:
            await channel.send(a_webhook())
    assert (caught.value.failure.reason, endpoint.connection_count) == (REASON.CONNECTION_FAILED, 0)


@pytest.mark.parametrize(
    "resolved",
    [
        ["127.0.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1", "64:ff9b::7f00:1"],
        ["169.254.169.254", "::ffff:169.254.169.254", "10.0.0.1", "127.0.0.1"],
    ],
)
async def test_a_name_that_was_public_and_leads_elsewhere_when_it_is_connected_to_gets_no_octet(
    resolved: list[str], open_webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_resolver: object, host: str, port: int, **_family: int) -> list[dict[str, object]]:
        return [
            {
                "hostname": host,
                "host": each,
                "port": port,
                "family": socket.AF_INET6 if ":" in each else socket.AF_INET,
                "proto": 0,
                "flags": socket.AI_NUMERICHOST,
            }
            for each in resolved
        ]

    async with HttpEndpoint() as endpoint:
        channel = open_webhook(f"http://hooks.example:{endpoint.port}/", allow_private_addresses=False)
        monkeypatch.setattr(aiohttp.ThreadedResolver, "resolve", resolve)
        with pytest.raises(TransientFailure) as caught:
            await channel.send(a_webhook())
    assert (caught.value.failure.reason, endpoint.connection_count) == (REASON.CONNECTION_FAILED, 0)
    assert "allow_private_addresses" in caught.value.failure.detail


async def test_header_fields_without_end_are_not_kept(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n")) as endpoint:
        with pytest.raises(HandOffInDoubt) as caught:
            await open_webhook(endpoint.url).send(a_webhook())
    assert caught.value.failure.reason is REASON.HAND_OFF_UNKNOWN


async def test_a_port_where_nobody_listens_is_a_passing_failure(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        url = endpoint.url
    with pytest.raises(TransientFailure) as caught:
        await open_webhook(url).send(a_webhook())
    assert caught.value.failure.reason is REASON.CONNECTION_FAILED
    assert "Connect call failed" in caught.value.failure.detail


async def test_a_host_name_that_nobody_knows_is_a_passing_failure(open_webhook: OpenWebhook) -> None:
    with pytest.raises(TransientFailure) as caught:
        await open_webhook(f"http://{'a' * 64}.invalid/").send(a_webhook())
    assert caught.value.failure.reason is REASON.CONNECTION_FAILED


TLS_CASES = {
    "is another host": ("wrong_host", True),
    "is vouched for by nobody known": ("right_host", False),
}


@pytest.mark.parametrize(("context", "authority_known"), TLS_CASES.values(), ids=TLS_CASES)
async def test_nothing_is_sent_when_the_endpoint(
    context: str, authority_known: bool, open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    trusted = certificates.authority_pem if authority_known else ""
    async with HttpEndpoint(tls=getattr(certificates, context)) as endpoint:
        with pytest.raises(TransientFailure) as caught:
            await open_webhook(endpoint.url, ca_certificates=trusted).send(a_webhook())
    assert (caught.value.failure.reason, endpoint.requests) == (REASON.TLS_FAILED, [])
    assert "certificate" in caught.value.failure.detail


async def test_an_endpoint_without_tls_fails_as_tls(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        with pytest.raises(TransientFailure) as caught:
            await open_webhook(endpoint.url.replace("http:", "https:"), timeout=5 * SECOND).send(a_webhook())
    assert caught.value.failure.reason in {REASON.TLS_FAILED, REASON.CONNECTION_FAILED, REASON.TIMED_OUT}
    assert endpoint.requests == []


@pytest.mark.parametrize("field_name", ["ca_certificates", "client_certificate"])
async def test_a_certificate_that_is_none_fails_as_tls(
    field_name: str, open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    async with HttpEndpoint(tls=certificates.right_host) as endpoint:
        with pytest.raises(TransientFailure) as caught:
            await open_webhook(endpoint.url, **{field_name: "no PEM"}).send(a_webhook())
    assert caught.value.failure.reason is REASON.TLS_FAILED
