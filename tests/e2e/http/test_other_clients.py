"""HTTP clients of other languages and libraries, with their own defaults, reach the service with all of a request.

Java's client and `curl --http2` offer `Upgrade: h2c` with every first request over plain HTTP.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.campaigns import CONTEXT, campaign, channel
from tests.commands import run
from tests.service import Sandbox, Service

JAVA = """
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

class Calls {
    public static void main(String[] arguments) throws Exception {
        var client = HttpClient.newHttpClient();
        for (int i = 1; i < arguments.length; i += 3) {
            var request = HttpRequest.newBuilder(URI.create(arguments[i + 1]))
                .header("authorization", "Bearer " + arguments[0])
                .header("content-type", "application/json")
                .method(arguments[i], BodyPublishers.ofString(arguments[i + 2]))
                .build();
            var answer = client.send(request, BodyHandlers.ofString());
            System.out.println(answer.statusCode() + " " + answer.body());
        }
    }
}
"""
REQUESTS = """
import sys
import requests

key, *calls = sys.argv[1:]
with requests.Session() as session:
    session.headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
    for method, url, body in zip(*[iter(calls)] * 3):
        answer = session.request(method, url, data=body)
        print(answer.status_code, answer.text)
"""
NODE = """
const [key, ...calls] = process.argv.slice(1);
const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
for (let i = 0; i < calls.length; i += 3) {
  const answer = await fetch(calls[i + 1], { method: calls[i], headers, body: calls[i + 2] });
  console.log(answer.status, await answer.text());
}
"""


@pytest.fixture
def orders(sandbox: Sandbox) -> Sandbox:
    """Has the live campaign `orders`."""
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
    return sandbox


Call = tuple[str, str, str]
"""Is a method, a URL and a body."""


def command(client: str, folder: Path, key: str, calls: Sequence[Call]) -> list[str]:
    """Sends the calls one after another and prints a line for each answer."""
    arguments = [key, *(argument for call in calls for argument in call)]
    match client:
        case "java":
            (folder / "Calls.java").write_text(JAVA)
            return ["java", "Calls.java", *arguments]
        case "node":
            return ["node", "--input-type=module", "--eval", NODE, *arguments]
        case "curl":
            return ["curl", *(argument for call in calls for argument in ("--next", *curl_arguments(key, *call)))]
        case _:
            return [sys.executable, "-c", REQUESTS, *arguments]


def curl_arguments(key: str, method: str, url: str, body: str) -> tuple[str, ...]:
    headers = ("-H", f"authorization: Bearer {key}", "-H", "content-type: application/json")
    return ("--http2", "-sS", "-w", "\n", "-X", method, *headers, "--data", body, url)


@pytest.mark.parametrize("client", ["java", "curl", "node", "requests"])
def test_a_client_changes_a_campaign_and_triggers_it(
    service: Service, orders: Sandbox, tmp_path: Path, client: str
) -> None:
    if client != "requests" and shutil.which(client) is None:
        pytest.skip(f"Not installed here: {client}")
    campaign_url = f"{service.http}/v1/campaigns/orders"
    name = f"Orders by {client}"
    trigger = {"recipients": [{"identity": "email:sent@clarion.test", "context": CONTEXT}]}
    calls = [
        ("PATCH", f"{campaign_url}?updateMask=displayName", json.dumps({"displayName": name})),
        ("POST", f"{campaign_url}:trigger", json.dumps(trigger)),
        ("POST", f"{campaign_url}:pause", json.dumps({"etag": "old"})),
    ]
    printed = run(tmp_path, *command(client, tmp_path, orders.admin_key, calls))
    changed, triggered, paused = (line for line in printed.splitlines() if "{" in line)
    assert f'"displayName":"{name}"' in changed
    assert '"OUTCOME_ACCEPTED"' in triggered
    assert '"ETAG_MISMATCH"' in paused
