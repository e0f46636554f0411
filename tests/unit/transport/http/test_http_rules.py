"""Requests are mapped by the rules and examples of the comment in google/api/http.proto."""

from __future__ import annotations

import json
from typing import Any

import pytest
from clarion_server.transport.http.bindings import bindings_of
from clarion_server.transport.http.json_writing import AnswerWriter
from clarion_server.transport.http.routing import PathMalformed, RouteUnknown

from tests.unit.transport.http.messaging import make, methods, paths, read


def sub(**fields: Any) -> dict[str, Any]:
    return {"sub": make("GetMessageRequest.SubMessage", **fields)}


@pytest.mark.parametrize(
    ("service", "http", "body", "request_"),
    [
        ("ByName", "GET /v1/messages/123456", b"", make("GetMessageByNameRequest", name="messages/123456")),
        (
            "WithQuery",
            "GET /v1/messages/123456?revision=2&sub.subfield=foo",
            b"",
            make("GetMessageRequest", message_id="123456", revision=2, **sub(subfield="foo")),
        ),
        (
            "WithFieldAsBody",
            "PATCH /v1/messages/123456",
            b'{ "text": "Hi!" }',
            make("UpdateMessageRequest", message_id="123456", message=make("Message", text="Hi!")),
        ),
        (
            "WithEverythingAsBody",
            "PATCH /v1/messages/123456",
            b'{ "text": "Hi!" }',
            make("Message", message_id="123456", text="Hi!"),
        ),
        (
            "WithAdditionalBinding",
            "GET /v1/messages/123456",
            b"",
            make("GetMessageOfUserRequest", message_id="123456"),
        ),
        (
            "WithAdditionalBinding",
            "GET /v1/users/me/messages/123456",
            b"",
            make("GetMessageOfUserRequest", user_id="me", message_id="123456"),
        ),
        (
            "OfServiceConfiguration",
            "GET /v1/messages/123456/foo",
            b"",
            make("GetMessageRequest", message_id="123456", **sub(subfield="foo")),
        ),
    ],
)
def test_an_example_of_the_specification_becomes_the_request_it_shows(
    service: str, http: str, body: bytes, request_: Any
) -> None:
    http_method, _, url = http.partition(" ")
    assert read(service, http_method, url, body)[1] == request_


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("labels=a&labels=b", {"labels": ["a", "b"]}),
        ("sub.numbers=1&sub.numbers=2&sub.subfield=x", sub(subfield="x", numbers=[1, 2])),
        ("labels=a%20b+c&labels=", {"labels": ["a b c", ""]}),
        ("labels=%C3%A9", {"labels": ["é"]}),
    ],
)
def test_repeated_and_nested_fields_are_query_parameters(query: str, fields: dict[str, Any]) -> None:
    _, request = read("WithQuery", "GET", f"/v1/messages/1?{query}")
    assert request == make("GetMessageRequest", message_id="1", **fields)


@pytest.mark.parametrize(
    ("service", "http", "violations"),
    [
        ("WithQuery", "GET /v1/messages/1?revision=two", {("revision", "MALFORMED")}),
        ("WithQuery", "GET /v1/messages/1?revision=1&revision=2", {("revision", "DUPLICATE")}),
        ("WithQuery", "GET /v1/messages/1?message_id=2", {("message_id", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?messageId=2", {("messageId", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?nothing=2", {("nothing", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?sub=2", {("sub", "WRONG_TYPE")}),
        ("WithQuery", "GET /v1/messages/1?sub.nothing=2", {("", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?labels.a=2", {("", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?%3Cscript%3E=2", {("", "UNKNOWN_FIELD")}),
        ("WithQuery", "GET /v1/messages/1?labels=%FF", {("", "MALFORMED")}),
        ("WithQuery", "GET /v1/messages/1?" + "labels=&" * 1001, {("", "TOO_MANY")}),
        ("WithFieldAsBody", "PATCH /v1/messages/1?message.text=x", {("", "UNKNOWN_FIELD")}),
        ("WithEverythingAsBody", "PATCH /v1/messages/1?text=x", {("", "UNKNOWN_FIELD")}),
    ],
)
def test_a_query_that_no_field_can_take_is_refused(service: str, http: str, violations: set[tuple[str, str]]) -> None:
    http_method, _, url = http.partition(" ")
    assert paths(read(service, http_method, url)[1]) == violations


def test_a_query_goes_beside_a_body_that_is_one_field() -> None:
    _, request = read("WithFieldAsBody", "PATCH", "/v1/messages/1?strict=true", b'{"text": "x"}')
    assert request == make("UpdateMessageRequest", message_id="1", strict=True, message=make("Message", text="x"))


def test_a_rule_without_a_body_takes_none() -> None:
    assert paths(read("WithQuery", "GET", "/v1/messages/1", b"{}")[1]) == {("", "MALFORMED")}


@pytest.mark.parametrize("service", ["WithFieldAsBody", "WithEverythingAsBody"])
def test_a_missing_body_is_an_empty_one(service: str) -> None:
    _, request = read(service, "PATCH", "/v1/messages/1")
    assert [field.name for field, _ in request.ListFields()] == ["message_id"]


@pytest.mark.parametrize("given", ["1", "2"])
def test_a_body_may_repeat_what_the_url_says_and_nothing_else(given: str) -> None:
    body = b'{"messageId": "%s", "text": "x"}' % given.encode()
    _, request = read("WithEverythingAsBody", "PATCH", "/v1/messages/1", body)
    if given == "1":
        assert request == make("Message", message_id="1", text="x")
    else:
        assert paths(request) == {("message_id", "MALFORMED")}


@pytest.mark.parametrize(
    ("http", "method", "name"),
    [
        ("GET /v1/files/a", "Rest", "a"),
        ("GET /v1/files/a/b/c", "Rest", "a/b/c"),
        ("GET /v1/files", "Rest", ""),
        ("GET /v1/files/a%20b/c%2Fd%2fe", "Rest", "a b/c%2Fd%2fe"),
        ("GET /v1/files/a:describe", "RestWithVerb", "a"),
        ("GET /v1/files/a/b:describe", "RestWithVerb", "a/b"),
        ("GET /v1/files/a/b:other", "Rest", "a/b:other"),
        ("GET /v1/files/known", "Known", ""),
        ("GET /v1/files/kn%6Fwn", "Known", ""),
        ("GET /v1/shelves/1/books/2", "Nested", "shelves/1/books/2"),
        ("GET /v1/shelves/a%2Fb/books/%C3%A9", "Nested", "shelves/a%2Fb/books/é"),
        ("GET /v1/anything/at%20all/a%2Fb", "Any", "a/b"),
        ("PURGE /v1/messages/1", "Custom", "messages/1"),
        ("GET /v1/whatever/x", "Custom", "x"),
        ("DELETE /v1/whatever/x", "Custom", "x"),
    ],
)
def test_a_path_finds_its_template_and_fills_its_variable(http: str, method: str, name: str) -> None:
    http_method, _, url = http.partition(" ")
    assert read("WithPaths", http_method, url) == (method, make("GetMessageByNameRequest", name=name))


@pytest.mark.parametrize(
    "path",
    [
        "/v1",
        "/v1/",
        "/v1/shelves/1/books/",
        "/v1/shelves//books/2",
        "/v1/shelves/1/books/2/3",
        "/v1/shelves/1",
        "/v1/anything/at/all/x",
        "/v2/files/a",
        "//v1/files/a",
        "/V1/files/a",
    ],
)
def test_a_path_that_no_template_fits_is_unknown(path: str) -> None:
    with pytest.raises(RouteUnknown) as caught:
        read("WithPaths", "GET", path)
    assert caught.value.allowed == frozenset()


def test_a_path_with_another_method_says_which_methods_it_has() -> None:
    with pytest.raises(RouteUnknown) as caught:
        read("WithPaths", "GET", "/v1/messages/1")
    assert caught.value.allowed == {"PURGE"}


def test_a_known_verb_is_a_verb_even_on_a_path_that_does_not_have_it() -> None:
    """Otherwise `PURGE` would take `1:describe` for the name of a message."""
    with pytest.raises(RouteUnknown):
        read("WithPaths", "PURGE", "/v1/messages/1:describe")
    assert read("WithPaths", "PURGE", "/v1/messages/1:other")[1].name == "messages/1:other"


def test_a_response_may_be_one_of_its_fields() -> None:
    (method,) = methods("WithResponseBody")
    (binding,) = bindings_of(method)
    assert json.loads(AnswerWriter(binding).to_json(make("Message", tags=["a", "b"]))) == ["a", "b"]
    assert json.loads(AnswerWriter(binding).to_json(make("Message"))) == []


def test_a_path_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(PathMalformed):
        read("WithPaths", "GET", "/v1/files/%FF")
