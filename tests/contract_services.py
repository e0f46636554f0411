"""Provides the services of the contract, found in the generated package, so that none is forgotten."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import clarion.v1
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

_SUFFIX = "_service_pb2"
_NAMES = [each.name for each in pkgutil.iter_modules(clarion.v1.__path__) if each.name.endswith(_SUFFIX)]

SERVICES: tuple[ServiceDescriptor, ...] = tuple(
    service
    for name in _NAMES
    for service in importlib.import_module(f"clarion.v1.{name}").DESCRIPTOR.services_by_name.values()
)

#: By their paths: `/clarion.v1.TriggerService/Trigger`.
METHODS: Mapping[str, MethodDescriptor] = {
    f"/{service.full_name}/{method.name}": method for service in SERVICES for method in service.methods
}


def empty_servicers() -> Iterator[tuple[Any, Callable[[Any, Any], None]]]:
    """Yields a servicer of each service that implements nothing, and the function that adds it to a server."""
    for service in SERVICES:
        stubs = importlib.import_module(f"{service.file.name.removesuffix('.proto').replace('/', '.')}_pb2_grpc")
        yield getattr(stubs, f"{service.name}Servicer")(), getattr(stubs, f"add_{service.name}Servicer_to_server")
