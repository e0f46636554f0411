"""Requests of webhooks as a real HTTP server gets them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import time

import pytest
from clarion_server.application.ports.channels import Receipt
from clarion_server.domain.content.webhook import Method, WebhookContent

from tests.http_endpoint import Answer, HttpEndpoint, Request
from tests.integration.channels.conftest import Certificates, OpenWebhook
from tests.outbound import MESSAGE_ID, SIGNING_SECRET, a_webhook


def verify(request: Request, secret: str) -> None:
    """Checks a signature as a receiver does, by the text of the Standard Webhooks specification."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    signatures = request.headers["webhook-signature"].split(" ")
    assert any(hmac.compare_digest(signature, f"v1,{expected}") for signature in signatures)


async def test_a_request_arrives_as_it_was_rendered(open_webhook: OpenWebhook) -> None:
    body = '{"order": "4711", "name": "Größe"}'
    async with HttpEndpoint(Answer("202 Accepted", body=b"thank you")) as endpoint:
        host = f"127.0.0.1:{endpoint.port}"
        receipt = await open_webhook(endpoint.url).send(a_webhook(body, headers={"X-Order": "4711"}))
    (request,) = endpoint.requests
    assert receipt == Receipt("202 Accepted")
    assert (request.method, request.target, request.body.decode()) == ("POST", "/hook?token=abc", body)
    expected = {
        "content-type": "application/json",
        "x-order": "4711",
        "host": host,
        "content-length": str(len(body.encode())),
        "webhook-id": f"messages/{MESSAGE_ID}",
    }
    assert expected.items() <= request.headers.items()
    assert request.headers["user-agent"].startswith("Clarion/")
    assert abs(int(request.headers["webhook-timestamp"]) - time.time()) < 60


@pytest.mark.parametrize("method", Method)
async def test_the_method_is_the_contents(method: Method, open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        await open_webhook(endpoint.url).send(a_webhook(content=WebhookContent("{}", method=method)))
    assert endpoint.requests[0].method == method


async def test_a_receiver_can_verify_every_attempt_and_drop_repeats(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        channel = open_webhook(endpoint.url, secret=SIGNING_SECRET)
        for attempt in (1, 2):
            await channel.send(a_webhook('{"name": "Jürgen"}', attempt=attempt))
    first, second = endpoint.requests
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    for request in endpoint.requests:
        verify(request, SIGNING_SECRET)
    with pytest.raises(AssertionError):
        verify(Request(first.method, first.target, first.headers, b'{"name":"Jurgen"}'), SIGNING_SECRET)
    with pytest.raises(AssertionError):
        verify(first, "whsec_" + base64.b64encode(b"another" * 5).decode())


async def test_without_a_secret_requests_are_not_signed(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        await open_webhook(endpoint.url).send(a_webhook())
    assert "webhook-signature" not in endpoint.requests[0].headers


async def test_requests_one_after_the_other_share_a_connection(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Answer(body=b"x" * 1000)) as endpoint:
        channel = open_webhook(endpoint.url)
        for _ in range(5):
            await channel.send(a_webhook())
        assert (endpoint.connection_count, len(endpoint.requests)) == (1, 5)


async def test_a_connection_that_the_endpoint_closed_meanwhile_is_replaced(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        channel = open_webhook(endpoint.url)
        await channel.send(a_webhook())
        await endpoint.drop_connections()
        for _ in range(100):
            # The event loop takes notice of the end before the next request begins.
            await asyncio.sleep(0)
        await channel.send(a_webhook())
    assert (endpoint.connection_count, len(endpoint.requests)) == (2, 2)


async def test_there_are_never_more_requests_in_flight_than_the_configuration_allows(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint() as endpoint:
        channel = open_webhook(endpoint.url, max_concurrency=3)
        await asyncio.gather(*(channel.send(a_webhook()) for _ in range(30)))
    assert len(endpoint.requests) == 30
    assert endpoint.most_connections <= 3


async def test_as_many_requests_are_in_flight_as_the_configuration_allows(open_webhook: OpenWebhook) -> None:
    answer = asyncio.Event()
    async with HttpEndpoint(answer) as endpoint:
        channel = open_webhook(endpoint.url, max_concurrency=3)
        sending = [asyncio.create_task(channel.send(a_webhook())) for _ in range(4)]
        await endpoint.wait_until(lambda e: len(e.requests) == 3)
        answer.set()
        await asyncio.gather(*sending)
    assert (endpoint.most_connections, len(endpoint.requests)) == (3, 4)


async def test_closing_lets_requests_in_flight_have_their_answer(open_webhook: OpenWebhook) -> None:
    answer = asyncio.Event()
    async with HttpEndpoint(answer) as endpoint:
        channel = open_webhook(endpoint.url)
        sending = asyncio.create_task(channel.send(a_webhook()))
        await endpoint.wait_until(lambda e: len(e.requests) == 1)
        await channel.close()
        answer.set()
        assert await sending == Receipt("200 OK")
        await endpoint.wait_until(lambda e: e.open_connections == 0)
        await channel.close()


async def test_a_cancelled_request_leaves_no_connection_behind(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(asyncio.Event()) as endpoint:
        channel = open_webhook(endpoint.url)
        sending = asyncio.create_task(channel.send(a_webhook()))
        await endpoint.wait_until(lambda e: len(e.requests) == 1)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await endpoint.wait_until(lambda e: e.open_connections == 0)


async def test_cookies_of_answers_are_not_sent_back(open_webhook: OpenWebhook) -> None:
    async with HttpEndpoint(Answer(headers={"Set-Cookie": "session=1; Path=/"})) as endpoint:
        channel = open_webhook(endpoint.url)
        await channel.send(a_webhook())
        await channel.send(a_webhook())
    assert "cookie" not in endpoint.requests[1].headers


async def test_proxies_of_the_environment_are_ignored(
    open_webhook: OpenWebhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with HttpEndpoint() as endpoint:
        await open_webhook(endpoint.url).send(a_webhook())
    assert len(endpoint.requests) == 1


async def test_an_answer_without_end_is_not_read_to_its_end(open_webhook: OpenWebhook) -> None:
    endless = Answer(headers={"Content-Length": str(1 << 40)}, body=b"x" * (1 << 20))
    async with HttpEndpoint(endless) as endpoint:
        channel = open_webhook(endpoint.url)
        assert await channel.send(a_webhook()) == Receipt("200 OK")
        await endpoint.wait_until(lambda e: e.open_connections == 0)


async def test_requests_go_over_tls_to_the_host_of_the_certificate(
    open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    async with HttpEndpoint(tls=certificates.right_host) as endpoint:
        channel = open_webhook(endpoint.url, ca_certificates=certificates.authority_pem)
        await channel.send(a_webhook())
        named = open_webhook(endpoint.url.replace("127.0.0.1", "localhost"), ca_certificates=certificates.authority_pem)
        await named.send(a_webhook())
    assert len(endpoint.requests) == 2
    assert channel.server_certificate_end == certificates.right_host_end


async def test_an_endpoint_that_asks_for_a_client_certificate_gets_it(
    open_webhook: OpenWebhook, certificates: Certificates
) -> None:
    async with HttpEndpoint(tls=certificates.asking) as endpoint:
        channel = open_webhook(
            endpoint.url,
            ca_certificates=certificates.authority_pem,
            client_certificate=certificates.client_pem,
            client_key=certificates.client_key,
        )
        await channel.send(a_webhook())
    assert len(endpoint.requests) == 1


async def test_a_large_body_arrives_whole(open_webhook: OpenWebhook, certificates: Certificates) -> None:
    body = '"' + "x" * 1_000_000 + '"'
    async with HttpEndpoint(tls=certificates.right_host) as endpoint:
        channel = open_webhook(endpoint.url, ca_certificates=certificates.authority_pem, secret=SIGNING_SECRET)
        await channel.send(a_webhook(body))
    assert endpoint.requests[0].body.decode() == body
    verify(endpoint.requests[0], SIGNING_SECRET)
