"""Streams over HTTP: a JSON message a line, or server-sent events."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any, Self

import pytest
from clarion_client import Profile

from tests.campaigns import CONTEXT, campaign, channel
from tests.e2e.http.calls import SECONDS, Http
from tests.service import Sandbox, Service
from tests.waiting import wait_until

STREAM = "/v1/campaigns:triggerStream"


@pytest.fixture
def orders(sandbox: Sandbox) -> Sandbox:
    """Has the live campaign `orders`, whose mails go to magic recipients only."""
    with sandbox.client() as client:
        client.channels.create(channel("orders", 9))
        client.campaigns.create(campaign("orders", "orders"))
        client.campaigns.activate("orders")
    return sandbox


class Stream:
    """Is an answer that is read while it arrives, on a separate connection."""

    def __init__(self, service: Service, key: str, method: str, path: str, **headers: str) -> None:
        self._connection = http.client.HTTPConnection(service.http.removeprefix("http://"), timeout=SECONDS)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._connection.putrequest(method, path)
        for name, value in {"authorization": f"Bearer {key}", **named}.items():
            self._connection.putheader(name, value)
        self._connection.endheaders()

    def write(self, text: str) -> None:
        data = text.encode()
        self._connection.send(b"%x\r\n%b\r\n" % (len(data), data))

    def finish(self) -> None:
        self._connection.send(b"0\r\n\r\n")

    def lines(self) -> Iterator[str]:
        answer = self._connection.getresponse()
        assert answer.status == 200
        for line in answer:
            yield line.decode().rstrip("\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._connection.close()


def trigger(number: int) -> dict[str, Any]:
    return {
        "trigger": {
            "campaign": "campaigns/orders",
            "recipients": [{"identity": f"email:r{number}@clarion.test", "context": CONTEXT}],
        }
    }


def test_each_line_of_a_stream_of_triggers_is_answered_while_the_stream_goes_on(
    service: Service, orders: Sandbox
) -> None:
    headers = {"content_type": "application/x-ndjson", "transfer_encoding": "chunked"}
    with Stream(service, orders.admin_key, "POST", STREAM, **headers) as stream:
        stream.write(json.dumps(trigger(0)) + "\n\n" + json.dumps(trigger(1))[:20])
        answers = stream.lines()
        assert json.loads(next(answers))["accepted"]["recipients"][0]["outcome"] == "OUTCOME_ACCEPTED"
        stream.write(json.dumps(trigger(1))[20:] + '\n{"trigger": {"campain": 1}}\nno JSON\n')
        stream.write('{"trigger": {"requestId": "a", "requestId": "b"}}\n')
        stream.write(json.dumps(trigger(2)))
        stream.finish()
        second, misspelt, malformed, twice, last = (json.loads(line) for line in answers)
    assert {"accepted"} == second.keys() == last.keys()
    for answer, path in ((misspelt, "trigger.campain"), (malformed, None), (twice, "trigger.request_id")):
        violations = answer["error"]["details"][1]["fieldViolations"]
        assert [each.get("field") for each in violations] == [path]


def test_a_large_line_of_a_stream_is_answered_in_its_place(service: Service, orders: Sandbox) -> None:
    large = trigger(1)
    large["trigger"]["recipients"][0]["profile"] = {"numbers": [1] * 10_000}
    headers = {"content_type": "application/x-ndjson", "transfer_encoding": "chunked"}
    with Stream(service, orders.admin_key, "POST", STREAM, **headers) as stream:
        for line in (trigger(0), large, {"trigger": {"recipients": [[1] * 20_000]}}, trigger(2)):
            stream.write(json.dumps(line) + "\n")
        stream.finish()
        answers = [json.loads(line) for line in stream.lines()]
    assert [next(iter(answer)) for answer in answers] == ["accepted", "accepted", "error", "accepted"]


def test_a_stream_of_triggers_without_a_key_is_refused_before_it_is_read(service: Service) -> None:
    with Http(service.http) as stranger:
        answer = stranger.post(STREAM, b"no JSON", content_type="application/x-ndjson")
        assert (answer.code, answer.reason) == (401, "UNAUTHENTICATED")


def test_events_come_a_line_each_and_go_on_where_a_watch_ended(service: Service, orders: Sandbox, http: Http) -> None:
    path = "/v1/events:watch?campaign=campaigns/orders"
    with Stream(service, orders.admin_key, "GET", path) as watch:
        lines = watch.lines()
        first = json.loads(next(lines))
        assert first.keys() == {"resumeToken"}
        http.post("/v1/campaigns/orders:trigger", {"recipients": trigger(0)["trigger"]["recipients"]})
        event = json.loads(next(lines))["event"]
        assert event["type"] == "TYPE_SENT"
    with Stream(service, orders.admin_key, "GET", f"{path}&resumeToken={first['resumeToken']}") as again:
        lines = again.lines()
        assert next(lines)
        assert json.loads(next(lines))["event"] == event


def test_events_come_as_server_sent_events_whose_last_id_resumes(service: Service, orders: Sandbox, http: Http) -> None:
    path, headers = "/v1/events:watch?campaign=campaigns/orders", {"accept": "text/event-stream"}
    with Stream(service, orders.admin_key, "GET", path, **headers) as watch:
        lines = watch.lines()
        token, data, blank = next(lines), next(lines), next(lines)
    assert json.loads(data.removeprefix("data: ")) == {"resumeToken": token.removeprefix("id: ")}
    assert blank == ""
    sent = http.post("/v1/campaigns/orders:trigger", {"recipients": trigger(0)["trigger"]["recipients"]})
    message = sent.json["recipients"][0]["messages"][0]["message"]
    # Only what lies behind needs the id to be found.
    wait_until(lambda: "events" in http.get(f"/v1/{message}").json["message"])
    headers["last_event_id"] = token.removeprefix("id: ")
    with Stream(service, orders.admin_key, "GET", path, **headers) as again:
        datas = (json.loads(line.removeprefix("data: ")) for line in again.lines() if line.startswith("data: "))
        assert next(datas).keys() == {"resumeToken"}
        assert next(datas)["event"]["type"] == "TYPE_SENT"


@pytest.mark.parametrize("resume_token", ["nonsense", "AAAA"])
def test_a_watch_that_cannot_begin_is_refused_as_a_call_is(http: Http, resume_token: str) -> None:
    answer = http.get(f"/v1/events:watch?resumeToken={resume_token}")
    assert (answer.code, answer.reason) == (400, "INVALID_RESUME_TOKEN")


def test_a_watch_has_no_head(http: Http) -> None:
    assert http.send("HEAD", "/v1/events:watch").code == 405
    assert http.send("HEAD", "/v1/campaigns").code == 200


def test_an_export_is_a_line_for_each_answer_and_ends_with_one_that_says_so(sandbox: Sandbox, service: Service) -> None:
    with sandbox.client() as client:
        client.profiles.create(Profile(identities=["crm:1"]))
    with Stream(service, sandbox.admin_key, "GET", "/v1/profiles:export") as stream:
        first, last = map(json.loads, stream.lines())
    assert first["profiles"][0]["profile"]["identities"] == ["crm:1"]
    assert last["complete"] is True
