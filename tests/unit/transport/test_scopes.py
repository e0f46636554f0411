"""Tests who may call what, held against what the contract promises."""

from __future__ import annotations

import re

import pytest
from clarion_server.domain.access.access import Scope
from clarion_server.transport.api.scopes import scopes_of
from google.protobuf.descriptor_pb2 import FileDescriptorProto, MethodDescriptorProto, ServiceDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

from tests.contract_services import METHODS
from tests.descriptors import Element, rpcs


def promised(comment: str) -> set[Scope]:
    """The scopes of "needs the scope `read`, `author` or `admin`"."""
    found = re.search(r"[Nn]eeds the scope ((?:`\w+`(?:, | or )?)+)", comment)
    return {Scope(name) for name in re.findall(r"`(\w+)`", found[1])} if found else set()


@pytest.mark.parametrize(("service", "method"), list(rpcs()), ids=lambda element: element.name)
def test_the_scopes_of_a_method_are_those_of_its_comment(service: Element, method: Element) -> None:
    expected = promised(method.text) or promised(service.text)
    # Administrators may call everything; a comment names them beside others only where readers would ask.
    others = expected - {Scope.ADMIN} or expected
    assert scopes_of(METHODS[f"/clarion.v1.{service.name}/{method.proto.name}"]) == others


def test_a_method_that_does_not_say_who_may_call_it_is_not_served() -> None:
    method = MethodDescriptorProto(name="Open", input_type=".Open", output_type=".Open")
    file = FileDescriptorProto(name="open.proto", service=[ServiceDescriptorProto(name="Doors", method=[method])])
    file.message_type.add(name="Open")
    pool = DescriptorPool()
    pool.Add(file)
    with pytest.raises(ValueError, match="does not say which scopes"):
        scopes_of(pool.FindMethodByName("Doors.Open"))
