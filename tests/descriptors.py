"""Provides the contract as protoc sees it, comments included."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

# Options are read only by those who know their extensions before the descriptors are parsed.
from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor_pb2 import (
    DescriptorProto,
    EnumDescriptorProto,
    FieldDescriptorProto,
    FileDescriptorProto,
    FileDescriptorSet,
    MethodDescriptorProto,
    ServiceDescriptorProto,
)

from tools.generate import PROTOS, compile_protos

_FILE, _MESSAGE = FileDescriptorProto.DESCRIPTOR, DescriptorProto.DESCRIPTOR
#: Where the parts of a file stand in the paths of its comments (descriptor.proto, SourceCodeInfo.Location.path).
_TOP_MESSAGE = _FILE.fields_by_name["message_type"].number
_TOP_ENUM = _FILE.fields_by_name["enum_type"].number
_SERVICE = _FILE.fields_by_name["service"].number
_NESTED_MESSAGE = _MESSAGE.fields_by_name["nested_type"].number
_NESTED_ENUM = _MESSAGE.fields_by_name["enum_type"].number
_FIELD = _MESSAGE.fields_by_name["field"].number
_VALUE = EnumDescriptorProto.DESCRIPTOR.fields_by_name["value"].number
_METHOD = ServiceDescriptorProto.DESCRIPTOR.fields_by_name["method"].number

Path_ = tuple[int, ...]


@dataclass(frozen=True)
class Element:
    """Something named in the contract, with the comment above it."""

    name: str
    """Such as `Campaign.State`, within its file."""
    comment: str
    proto: Any
    path: Path_

    @property
    def behaviours(self) -> list[int]:
        """Returns the google.api.FieldBehavior of a field."""
        return list(self.proto.options.Extensions[field_behavior_pb2.field_behavior])

    @property
    def resource(self) -> resource_pb2.ResourceDescriptor:
        """Of a message: what its names are like, if it is a resource."""
        described: resource_pb2.ResourceDescriptor = self.proto.options.Extensions[resource_pb2.resource]
        return described

    @property
    def is_repeated(self) -> bool:
        """Returns whether a field holds a list."""
        return bool(self.proto.label == FieldDescriptorProto.LABEL_REPEATED)

    @property
    def referred(self) -> str:
        """Returns the type of the resource whose name a field holds, and nothing for other fields."""
        return str(self.proto.options.Extensions[resource_pb2.resource_reference].type)

    @property
    def text(self) -> str:
        """Its comment in one line."""
        return " ".join(self.comment.split())


class ContractFile:
    def __init__(self, proto: FileDescriptorProto) -> None:
        self.proto = proto
        self._comments: Mapping[Path_, str] = {
            tuple(location.path): location.leading_comments for location in proto.source_code_info.location
        }

    @property
    def source(self) -> Path:
        return PROTOS / self.proto.name

    def messages(self) -> Iterator[Element]:
        for place, message in enumerate(self.proto.message_type):
            yield from self._message(message, (_TOP_MESSAGE, place), "")

    def fields(self) -> Iterator[tuple[Element, Element]]:
        """Each field with its message."""
        for message in self.messages():
            for place, field in enumerate(message.proto.field):
                yield message, self._element(field, (*message.path, _FIELD, place), f"{message.name}.")

    def enums(self) -> Iterator[Element]:
        for place, enum in enumerate(self.proto.enum_type):
            yield self._element(enum, (_TOP_ENUM, place), "")
        for message in self.messages():
            for place, enum in enumerate(message.proto.enum_type):
                yield self._element(enum, (*message.path, _NESTED_ENUM, place), f"{message.name}.")

    def values(self, enum: Element) -> Iterator[Element]:
        for place, value in enumerate(enum.proto.value):
            yield self._element(value, (*enum.path, _VALUE, place), "")

    def services(self) -> Iterator[Element]:
        for place, service in enumerate(self.proto.service):
            yield self._element(service, (_SERVICE, place), "")

    def methods(self) -> Iterator[tuple[Element, Element]]:
        """Each RPC with its service."""
        for service in self.services():
            for place, method in enumerate(service.proto.method):
                yield service, self._element(method, (*service.path, _METHOD, place), f"{service.name}.")

    def _message(self, message: DescriptorProto, path: Path_, outer: str) -> Iterator[Element]:
        if message.options.map_entry:
            return
        element = self._element(message, path, outer)
        yield element
        for place, nested in enumerate(message.nested_type):
            yield from self._message(nested, (*path, _NESTED_MESSAGE, place), f"{element.name}.")

    def _element(self, proto: Any, path: Path_, outer: str) -> Element:
        return Element(f"{outer}{proto.name}", self._comments.get(path, ""), proto, path)


@lru_cache
def contract() -> tuple[ContractFile, ...]:
    sources = sorted(str(path) for path in PROTOS.rglob("*.proto"))
    with TemporaryDirectory() as folder:
        target = Path(folder) / "contract.binpb"
        assert compile_protos("--include_source_info", f"--descriptor_set_out={target}", *sources) == 0
        files = FileDescriptorSet.FromString(target.read_bytes())
    return tuple(ContractFile(file) for file in files.file)


def rpcs() -> Iterator[tuple[Element, Element]]:
    """Every RPC of the contract with its service."""
    for file in contract():
        yield from file.methods()


def error_reasons() -> Mapping[str, str]:
    """Returns the comments of the error reasons, by name without the prefix; the zero value is left out."""
    file = next(file for file in contract() if file.proto.name.endswith("error_reason.proto"))
    enum = next(file.enums())
    values = {value.name.removeprefix("ERROR_REASON_"): value.comment for value in file.values(enum)}
    del values["UNSPECIFIED"]
    return values


def errors_named_by(method: Element) -> list[tuple[str, str]]:
    """Returns the codes and reasons that an RPC's comment names."""
    return re.findall(r"^ - `([A-Z_]+)` `([A-Z_]+)`:", method.comment, re.MULTILINE)


def is_a_list(method: MethodDescriptorProto) -> bool:
    return method.name.startswith("List")
