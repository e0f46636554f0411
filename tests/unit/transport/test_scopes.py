"""Who may call what, held against what the contract promises."""

from __future__ import annotations

import re

import pytest
from clarion_server.domain.access import Scope
from clarion_server.transport.api.scopes import SCOPES

from tests.descriptors import Element, rpcs

METHODS = list(rpcs())


def path(service: Element, method: Element) -> str:
    return f"/clarion.v1.{service.name}/{method.proto.name}"


def promised(comment: str) -> set[Scope]:
    """The scopes of "needs the scope `read`, `author` or `admin`"."""
    found = re.search(r"[Nn]eeds the scope ((?:`\w+`(?:, | or )?)+)", comment)
    return {Scope(name) for name in re.findall(r"`(\w+)`", found[1])} if found else set()


@pytest.mark.parametrize(("service", "method"), METHODS, ids=lambda element: element.name)
def test_the_scopes_of_a_method_are_those_of_its_comment(service: Element, method: Element) -> None:
    expected = promised(method.text) or promised(service.text)
    # Administrators may call everything; a comment names them beside others only where readers would ask.
    others = expected - {Scope.ADMIN} or expected
    assert SCOPES[path(service, method)] == others


def test_the_table_has_the_methods_of_the_contract_and_no_others() -> None:
    assert set(SCOPES) == {path(service, method) for service, method in METHODS}
