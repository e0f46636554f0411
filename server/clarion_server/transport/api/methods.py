"""The methods of the contract, each behind its guard, for every protocol that serves them."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Self

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.descriptor_pool import Default

from clarion_server.domain.access.access import Scope
from clarion_server.transport.api.guard import Authenticator, Guard, Guarded
from clarion_server.transport.api.in_flight_calls import InFlightCalls
from clarion_server.transport.api.scopes import scopes_of

_PACKAGE = "clarion.v1"


@dataclass(frozen=True, slots=True)
class Service:
    """One service of the contract and the object that serves it, which has a method in snake_case for each RPC."""

    descriptor: ServiceDescriptor
    servicer: object

    @classmethod
    def of(cls, servicer: object) -> Self:
        """Returns the service that the class of the servicer is called like."""
        return cls(Default().FindServiceByName(f"{_PACKAGE}.{type(servicer).__name__}"), servicer)


@dataclass(frozen=True, slots=True)
class GuardedMethod:
    """Is a method of the contract behind its guard."""

    descriptor: MethodDescriptor
    call: Guarded
    """Writes a stream of responses to the context, and returns nothing then."""
    check: Guarded
    """Makes the checks of the guard alone."""
    streams: bool


class GuardedMethods:
    """All methods that a process serves. Belongs to one event loop."""

    def __init__(self, services: Sequence[Service], authenticator: Authenticator) -> None:
        self._authenticator = authenticator
        self.in_flight = InFlightCalls()
        """The calls of all protocols."""
        self.by_service: Mapping[str, Sequence[GuardedMethod]] = {
            service.descriptor.full_name: [self._guarded(service, method) for method in service.descriptor.methods]
            for service in services
        }

    def __iter__(self) -> Iterator[GuardedMethod]:
        return chain.from_iterable(self.by_service.values())

    def guard(self, path: str, scopes: frozenset[Scope]) -> Guard:
        """Returns the guard of a method that is not of the contract."""
        return Guard(path, scopes, self._authenticator, self.in_flight)

    def _guarded(self, service: Service, method: MethodDescriptor) -> GuardedMethod:
        path = f"/{service.descriptor.full_name}/{method.name}"
        call, guard = getattr(service.servicer, snake_case(method.name)), self.guard(path, scopes_of(method))
        streams = inspect.isasyncgenfunction(call)
        wrap: Callable[..., Guarded] = guard.stream if streams else guard.unary
        return GuardedMethod(method, wrap(call, takes_stream=method.client_streaming), guard.checks(), streams)


def snake_case(name: str) -> str:
    """Returns `create_topic` for `CreateTopic`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
