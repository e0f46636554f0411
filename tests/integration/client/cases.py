"""Calls with the requests that they send and the values that they return."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from clarion_client import AsyncClient
from google.protobuf.message import Message

from tests.contract_services import METHODS


@dataclass
class Case:
    """One call, its request, the answer of the service and the value that the call returns."""

    rpc: str
    call: Callable[[AsyncClient], Any]
    request: Message
    answer: Message
    #: Is the expected value, or a predicate that it must satisfy.
    value: Any

    def fits(self, value: Any) -> bool:
        return bool(self.value(value)) if callable(self.value) else value == self.value


def holds(**attributes: Any) -> Callable[[Any], bool]:
    return lambda value: all(getattr(value, name) == expected for name, expected in attributes.items())


def rpcs() -> Iterator[str]:
    """Yields the names of the RPCs of all services but that of triggers, which is tested by itself."""
    yield from (method.name for method in METHODS.values() if method.containing_service.name != "TriggerService")
