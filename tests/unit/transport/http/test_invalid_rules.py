"""HTTP rules that do not fit their methods stop the start of the service, with a text that names them."""

from __future__ import annotations

from typing import Any

import pytest
from clarion_server.transport.http.bindings import BindingInvalid, bindings_of
from clarion_server.transport.http.path_templates import TemplateInvalid, Variable, Wildcard, parse
from clarion_server.transport.http.routing import Router, RoutesClash
from google.api import annotations_pb2
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool


def test_a_template_is_parsed() -> None:
    found = parse("/v1/{a.b=shelves/*/books/**}:move%20it")
    assert found.segments == ("v1", "shelves", Wildcard.ONE, "books", Wildcard.REST)
    assert found.variables == (Variable(("a", "b"), 1, None),)
    assert found.verb == "move%20it"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "v1/a",
        "/",
        "/v1/",
        "/v1//a",
        "/v1/{",
        "/v1/{}",
        "/v1/{a",
        "/v1/{a=}",
        "/v1/{1a}",
        "/v1/{a.}",
        "/v1/{a={b}}",
        "/v1/{a}b",
        "/v1/**/a",
        "/v1/{a=**}/b",
        "/v1/a:",
        "/v1/a:b:c",
        "/v1/a b",
        "/v1/{a}/{a}",
        "/v1/a*",
    ],
)
def test_a_template_that_breaks_the_grammar_is_refused(text: str) -> None:
    with pytest.raises(TemplateInvalid):
        parse(text)


def method(**rule: Any) -> MethodDescriptor:
    """Makes a method of a request with the fields `name`, `names` and `inner`, and a response with `name`."""
    file = FileDescriptorProto(name="a.proto", package="a", syntax="proto3")
    request = file.message_type.add(name="Request")
    request.field.add(name="name", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    request.field.add(name="names", number=2, type="TYPE_STRING", label="LABEL_REPEATED")
    request.field.add(name="inner", number=3, type="TYPE_MESSAGE", type_name=".a.Response", label="LABEL_OPTIONAL")
    response = file.message_type.add(name="Response")
    response.field.add(name="name", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL")
    service = file.service.add(name="Service")
    made = service.method.add(name="Method", input_type=".a.Request", output_type=".a.Response")
    made.options.Extensions[annotations_pb2.http].MergeFrom(annotations_pb2.http.message_type._concrete_class(**rule))
    pool = DescriptorPool()
    pool.Add(file)
    return pool.FindServiceByName("a.Service").methods[0]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"get": "/v1/{nothing}"}, "no field nothing"),
        ({"get": "/v1/{name.more}"}, "no field name.more"),
        ({"get": "/v1/{names}"}, "repeated"),
        ({"get": "/v1/{inner}"}, "is a message"),
        ({"post": "/v1/a", "body": "nothing"}, "no field nothing to be the body"),
        ({"get": "/v1/a", "response_body": "nothing"}, "the response has no field nothing"),
        ({"body": "*"}, "has no URL"),
        ({"get": "/a", "additional_bindings": [{"get": "/b", "additional_bindings": [{"get": "/c"}]}]}, "nested"),
    ],
)
def test_a_rule_that_does_not_fit_its_method_is_refused(rule: dict[str, Any], words: str) -> None:
    with pytest.raises(BindingInvalid, match=words) as caught:
        bindings_of(method(**rule))
    assert "a.Service.Method" in str(caught.value)


def test_a_nested_field_may_be_bound() -> None:
    (binding,) = bindings_of(method(get="/v1/{inner.name}"))
    assert binding.path == "/a.Service/Method"


def test_two_rules_for_one_url_are_refused() -> None:
    clashing = method(get="/v1/{name}", additional_bindings=[{"get": "/v1/{inner.name}"}])
    with pytest.raises(RoutesClash):
        Router(bindings_of(clashing))
