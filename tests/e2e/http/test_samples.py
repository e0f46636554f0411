"""Samples over HTTP have the address under which their caller reached the service."""

from __future__ import annotations

import pytest

from tests.campaigns import campaign, channel
from tests.e2e.http.calls import Http
from tests.service import Sandbox

PATH = "/v1/campaigns/orders:triggerSample"


@pytest.fixture
def live(sandbox: Sandbox, http: Http) -> Http:
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
    return http


def texts(http: Http, query: str = "", **headers: str) -> dict[str, str]:
    answer = http.get(f"{PATH}{query}", **headers)
    assert answer.code == 200, answer.body
    return {sample["tool"]: sample["text"] for sample in answer.json["samples"]}


def test_the_host_that_was_called_is_named(live: Http) -> None:
    found = texts(live, host="clarion.example")
    assert "https://clarion.example/v1/campaigns/orders:trigger" in found["TOOL_CURL"]
    assert "https://clarion.example/ajo/im/executions/unitary" in found["TOOL_CURL_AJO"]
    assert "clarion.example:" in found["TOOL_GRPCURL"]
    assert "-plaintext" not in found["TOOL_GRPCURL"]


def test_on_this_machine_nothing_is_encrypted(live: Http) -> None:
    found = texts(live, host="localhost:50080")
    assert "http://localhost:50080/v1/" in found["TOOL_CURL"]
    assert "-plaintext" in found["TOOL_GRPCURL"]


def test_another_address_that_the_caller_gives_is_named(live: Http) -> None:
    found = texts(live, "?base_url=https://other.example/api", host="clarion.example")
    assert "https://other.example/api/v1/campaigns" in found["TOOL_CURL"]
    assert "clarion.example:" not in found["TOOL_GRPCURL"].replace("other.example:", "")


def test_a_malformed_host_is_not_repeated(live: Http) -> None:
    assert all("$(id)" not in text for text in texts(live, host="a$(id)b").values())
