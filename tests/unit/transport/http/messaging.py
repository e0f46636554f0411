"""Reads requests to the services of `messaging.proto`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from clarion_server.domain.violation import Violation
from clarion_server.transport.api.requests import Undecodable
from clarion_server.transport.http.bindings import bindings_of
from clarion_server.transport.http.requests import RequestReader
from clarion_server.transport.http.routing import Router
from google.protobuf.descriptor import Descriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass

from tools.generate import compile_protos

HERE = Path(__file__).parent


@cache
def pool() -> DescriptorPool:
    with TemporaryDirectory() as folder:
        target = Path(folder, "messaging.binpb")
        arguments = (f"-I{HERE}", "--include_imports", f"--descriptor_set_out={target}", "messaging.proto")
        assert compile_protos(*arguments) == 0
        files = FileDescriptorSet.FromString(target.read_bytes())
    made = DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made


def methods(service: str) -> list[MethodDescriptor]:
    return list(pool().FindServiceByName(f"messaging.{service}").methods)


def message_type(name: str) -> Descriptor:
    return pool().FindMessageTypeByName(f"messaging.{name}")


def make(kind: str, /, **fields: Any) -> Any:
    return GetMessageClass(message_type(kind))(**fields)


def read(service: str, http_method: str, url: str, body: bytes = b"") -> tuple[str, Any]:
    """Returns the name of the called method, and its request or the violations. Raises RouteUnknown."""
    router = Router(binding for method in methods(service) for binding in bindings_of(method))
    path, _, query = url.partition("?")
    binding, captures = router.find(http_method, path)
    request = RequestReader(binding).read(captures, query.encode(), body)
    return binding.method.name, list(request.violations) if isinstance(request, Undecodable) else request


def paths(violations: list[Violation]) -> set[tuple[str, str]]:
    return {(violation.field, violation.reason) for violation in violations}
