"""Reads the contract with its comments, which the generated stubs do not have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

# Options are lost unless their extensions are imported before the descriptors are parsed.
from google.api import annotations_pb2, field_behavior_pb2
from google.protobuf.descriptor import FieldDescriptor, MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool

assert annotations_pb2.http

PACKAGE = "clarion.v1"
#: Is the beginning of a field's comment that OpenAPI has a keyword for.
_BEHAVIOUR = re.compile(r"^(Required|Optional|Output only|Input only|Immutable|Identifier)\. ")

#: Field numbers of descriptor.proto, of which the paths of comments consist (SourceCodeInfo.Location.path).
_FILE = {"message_type": 4, "enum_type": 5, "service": 6}
_MESSAGE = {"nested_type": 3, "enum_type": 4, "field": 2, "oneof_decl": 8}
_ENUM = {"value": 2}
_SERVICE = {"method": 2}


class Contract:
    def __init__(self, descriptors: Path) -> None:
        """Reads `descriptors`, a FileDescriptorSet with source info and imports."""
        files = FileDescriptorSet.FromString(descriptors.read_bytes())
        self.pool = DescriptorPool()
        self._comments: dict[str, str] = {}
        self.files: list[str] = []
        self.services: list[str] = []
        for file in files.file:
            self.pool.Add(file)
            if file.package == PACKAGE:
                self._comments |= dict(_commented(file))
                self.files.append(file.name)
                self.services += [f"{file.package}.{service.name}" for service in file.service]

    def comment(self, name: str) -> str:
        """Returns Markdown; an empty text for names outside the contract."""
        return self._comments.get(name, "")

    def methods(self) -> Iterator[MethodDescriptor]:
        for name in self.services:
            yield from self.pool.FindServiceByName(name).methods


def description(comment: str) -> str:
    """Returns the comment of a field without its behaviour."""
    text = _BEHAVIOUR.sub("", comment)
    return text[:1].upper() + text[1:]


def has(field: FieldDescriptor, behaviour: int) -> bool:
    return behaviour in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]


def _commented(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    comments = {
        tuple(location.path): _unindented(location.leading_comments) for location in file.source_code_info.location
    }
    for name, path in _named(file, _FILE, (), file.package):
        if comment := comments.get(path):
            yield name, comment


def _named(
    element: Any, parts: Mapping[str, int], path: tuple[int, ...], scope: str
) -> Iterator[tuple[str, tuple[int, ...]]]:
    for part, number in parts.items():
        for index, child in enumerate(getattr(element, part)):
            name, child_path = f"{scope}.{child.name}", (*path, number, index)
            yield name, child_path
            yield from _named(child, _PARTS.get(part, {}), child_path, name)


_PARTS = {
    "message_type": _MESSAGE,
    "nested_type": _MESSAGE,
    "enum_type": _ENUM,
    "service": _SERVICE,
}


def _unindented(comment: str) -> str:
    """Joins the lines of each paragraph; lists keep their lines."""
    lines = [line.removeprefix(" ").rstrip() for line in comment.strip("\n").split("\n")]
    text = "\n".join(lines).strip()
    return re.sub(r"(?<!\n)\n(?!\n|- )\s*", " ", text)
