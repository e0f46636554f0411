"""Calls, with what they ask of the service and what they make of its answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from clarion_client import AsyncClient
from google.protobuf.message import Message


@dataclass
class Case:
    """One call with the request that it makes and the answer that it gets."""

    rpc: str
    call: Callable[[AsyncClient], Any]
    request: Message
    answer: Message
    #: What the value must equal, or what must hold of it.
    value: Any

    def fits(self, value: Any) -> bool:
        return bool(self.value(value)) if callable(self.value) else value == self.value


def holds(**attributes: Any) -> Callable[[Any], bool]:
    return lambda value: all(getattr(value, name) == expected for name, expected in attributes.items())


def rpcs(*services: ModuleType) -> Iterator[str]:
    """The names of all RPCs of generated modules."""
    for service in services:
        for description in service.DESCRIPTOR.services_by_name.values():
            yield from (method.name for method in description.methods)
