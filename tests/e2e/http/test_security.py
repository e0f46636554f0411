"""Nothing leaks over HTTP, and hostile requests are refused."""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme

from tests.e2e.http.calls import SECONDS, Http
from tests.process import ServiceProcess
from tests.service import Sandbox, Service

MARK = "<script>x9q</script>"
ESCAPED = "%3Cscript%3Ex9q%3C%2Fscript%3E"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"/{ESCAPED}", None),
        ("GET", f"/v1/{ESCAPED}", None),
        ("GET", f"/v1/campaigns?{ESCAPED}={ESCAPED}", None),
        ("GET", f"/v1/campaigns?pageSize={ESCAPED}", None),
        ("GET", f"/v1/campaigns?pageToken={ESCAPED}", None),
        ("GET", f"/v1/campaigns?orderBy={ESCAPED}", None),
        ("GET", f"/v1/campaigns/{ESCAPED}", None),
        ("GET", f"/v1/events:watch?resumeToken={ESCAPED}", None),
        ("POST", f"/v1/campaigns/{ESCAPED}:trigger", {"recipients": [{"identity": MARK}]}),
        ("POST", "/v1/campaigns/orders:trigger", {MARK: 1}),
        ("POST", "/v1/campaigns/orders:trigger", {"sendTime": MARK, "requestId": MARK, "allowPartial": MARK}),
        ("POST", "/v1/campaigns/orders:trigger", MARK.encode()),
        ("POST", f"/v1/campaigns?campaignId={ESCAPED}", {"category": MARK, "displayName": "x", "tags": {MARK: MARK}}),
        ("PATCH", f"/v1/campaigns/orders?updateMask={ESCAPED}", {"displayName": "x"}),
        ("POST", "/v1/campaigns:triggerStream", MARK.encode()),
    ],
)
def test_a_refusal_repeats_nothing_of_the_input(http: Http, method: str, path: str, body: Any) -> None:
    answer = http.send(method, path, body, content_type="application/json")
    assert b"x9q" not in answer.body
    assert "x9q" not in str(answer.headers)
    assert answer.headers["content-type"] in {"application/json", "application/x-ndjson"}
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_refusal_repeats_nothing_of_a_header(service: Service) -> None:
    with Http(service.http) as stranger:
        for headers in (
            {"authorization": MARK},
            {"authorization": f"Bearer {MARK}"},
            {"content_type": MARK},
            {"grpc_timeout": MARK},
            {"x_request_id": MARK},
        ):
            answer = stranger.send("POST", "/v1/campaigns/orders:pause", b"{}", **headers)
            assert answer.code in {400, 401, 415}
            assert b"x9q" not in answer.body


@pytest.mark.parametrize("path", ["/v1/campaigns/orders:trigger", "/ajo/im/executions/unitary"])
def test_a_long_body_of_a_stranger_is_refused_before_its_end(service: Service, path: str) -> None:
    place = urlsplit(service.http)
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 4000000\r\n\r\n"
    with socket.create_connection((place.hostname, place.port), SECONDS) as connection:
        connection.sendall(head.encode() + bytes(128 * 1024))
        assert connection.recv(64).startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("name", ["key", "api_key", "access_token", "authorization"])
def test_a_key_in_a_url_gives_no_access_and_is_not_logged(service: Service, sandbox: Sandbox, name: str) -> None:
    _, _, secret = sandbox.admin_key.split("_", 2)
    with Http(service.http) as stranger:
        answer = stranger.get(f"/v1/campaigns?{name}={sandbox.admin_key}")
    assert (answer.code, answer.reason) == (401, "UNAUTHENTICATED")
    assert secret not in answer.body.decode()
    assert secret not in service.log.read_text()


def test_a_key_in_a_url_is_refused_beside_a_good_one_too(http: Http, sandbox: Sandbox) -> None:
    answer = http.get(f"/v1/campaigns?key={sandbox.admin_key}")
    assert (answer.code, answer.violations) == (400, {("key", "UNKNOWN_FIELD")})


@pytest.mark.parametrize(
    "body", [b"[" * 100_000, b'{"a":' * 100_000, b'{"recipients":' + b"[" * 900 + b"]" * 900 + b"}"]
)
def test_nesting_without_end_is_refused(http: Http, body: bytes) -> None:
    answer = http.post("/v1/campaigns/orders:trigger", body, content_type="application/json")
    assert (answer.code, answer.reason) == (400, "INVALID_FIELDS")


def test_a_context_that_is_nested_too_deeply_is_refused_with_its_path(http: Http) -> None:
    body = b'{"recipients": [{"context": {"a":' + b"[" * 500 + b"]" * 500 + b"}}]}"
    answer = http.post("/v1/campaigns/orders:trigger", body, content_type="application/json")
    ((path, reason),) = answer.violations
    assert (path.rstrip("[0]"), reason) == ("recipients[0].context.a", "TOO_DEEP")


@pytest.mark.parametrize(
    "headers",
    [
        {"content_type": "text/plain"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_encoding": "gzip"},
    ],
)
def test_a_body_of_another_media_type_is_refused(http: Http, headers: dict[str, str]) -> None:
    """A form on a page of another origin can only send these types."""
    answer = http.post("/v1/campaigns/orders:pause", b"{}", **headers)
    assert (answer.code, answer.reason) == (415, "MEDIA_TYPE_UNKNOWN")


def test_a_deadline_is_respected(http: Http) -> None:
    answer = http.get("/v1/campaigns", grpc_timeout="1m")
    assert (answer.code, answer.reason) == (504, "DEADLINE_TOO_SHORT")
    assert http.get("/v1/campaigns", grpc_timeout="20S").code == 200
    answer = http.get("/v1/campaigns", grpc_timeout="soon")
    assert (answer.code, answer.reason) == (400, "INVALID_FIELDS")


async def test_a_service_with_a_certificate_serves_http_over_tls_alone(tmp_path: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    certificate.private_key_pem.write_to_path(tmp_path / "key.pem")
    for pem in certificate.cert_chain_pems:
        pem.write_to_path(tmp_path / "certificate.pem", append=True)
    settings = {"tls_certificate": str(tmp_path / "certificate.pem"), "tls_key": str(tmp_path / "key.pem")}
    context = ssl.create_default_context()
    authority.configure_trust(context)

    async with ServiceProcess(tmp_path, **settings) as service:  # type: ignore[arg-type] # no setting is called `port`
        place = service.http.removeprefix("http://")

        def code() -> int:
            connection = http.client.HTTPSConnection(place, context=context, timeout=SECONDS)
            connection.request("GET", "/v1/campaigns", headers={"authorization": f"Bearer {service.admin_key}"})
            status = connection.getresponse().status
            connection.close()
            return status

        assert await asyncio.to_thread(code) == 200
        with Http(service.http) as plain, pytest.raises((http.client.HTTPException, OSError)):
            await asyncio.to_thread(plain.get, "/v1/campaigns")


async def test_without_an_address_there_is_no_http(tmp_path: Path) -> None:
    async with ServiceProcess(tmp_path, http_listen="") as service:
        assert service.http == ""
