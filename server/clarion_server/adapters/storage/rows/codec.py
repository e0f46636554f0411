"""Stores nested values as JSON.

The shape follows from the fields of the domain's dataclasses, so that a new field or type needs no line here:

* A field that equals its default is left out.
* A missing key is read as the field's default, and an unknown key is ignored. Thus a process can read what an older or
  a newer one wrote, as long as every field that is added to a stored type has a default.
* A value of a union of dataclasses names its class under `@type`. A document without that key is of the union's first
  class, so that a field of one type can become a union later.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, Generic, TypeVar, Union, get_args, get_origin, overload

import orjson
from cattrs import Converter
from cattrs.preconf.orjson import make_converter

T = TypeVar("T")

_TAG = "@type"


class JsonCodec(Generic[T]):
    """Writes values of one type as JSON text and reads them back. None is SQL's NULL in both directions."""

    def __init__(self, type_: Any, *, big_numbers: bool = False) -> None:
        """`big_numbers` keeps integers beyond 64 bits, and takes three times as long."""
        self._type = type_
        self._to_document = _CONVERTER.get_unstructure_hook(type_)
        self._from_document = _CONVERTER.get_structure_hook(type_)
        self._dumps: Callable[[Any], str] = json.dumps if big_numbers else _dumps
        self._loads: Callable[[str], Any] = json.loads if big_numbers else _loads

    @overload
    def encode(self, value: None) -> None: ...
    @overload
    def encode(self, value: T) -> str: ...
    def encode(self, value: T | None) -> str | None:
        return None if value is None else self._dumps(self._to_document(value))

    @overload
    def decode(self, text: None) -> None: ...
    @overload
    def decode(self, text: str) -> T: ...
    def decode(self, text: str | None) -> T | None:
        if text is None:
            return None
        value: T = self._from_document(self._loads(text), self._type)
        return value


def _dumps(document: Any) -> str:
    try:
        return orjson.dumps(document).decode()
    except orjson.JSONEncodeError:
        # A provider's reply may hold characters that UTF-8 cannot encode.
        return json.dumps(document)


def _loads(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return json.loads(text)


def _make_converter() -> Converter:
    converter = make_converter(omit_if_default=True, detailed_validation=False)
    converter.register_unstructure_hook_factory(_is_dataclass_union, _union_writer)
    converter.register_structure_hook_factory(_is_dataclass_union, _union_reader)
    return converter


def _is_dataclass_union(type_: Any) -> bool:
    classes = _classes(type_)
    return len(classes) > 1 and all(map(is_dataclass, classes))


def _classes(type_: Any) -> list[Any]:
    """Returns the classes of a union, without None; nothing for any other type."""
    is_union = isinstance(type_, UnionType) or get_origin(type_) is Union
    return [each for each in get_args(type_) if each is not NoneType] if is_union else []


def _union_writer(union: Any, converter: Converter) -> Callable[[Any], Any]:
    writers = {each: (each.__name__, converter.get_unstructure_hook(each)) for each in _classes(union)}

    def write(value: Any) -> Any:
        if value is None:
            return None
        tag, to_document = writers[type(value)]
        document = to_document(value)
        document[_TAG] = tag
        return document

    return write


def _union_reader(union: Any, converter: Converter) -> Callable[[Any, Any], Any]:
    classes = _classes(union)
    readers = {each.__name__: (each, converter.get_structure_hook(each)) for each in classes}
    first: str = classes[0].__name__

    def read(document: Mapping[str, Any] | None, _: Any) -> Any:
        if document is None:
            return None
        class_, from_document = readers[document.get(_TAG, first)]
        return from_document(document, class_)

    return read


_CONVERTER = _make_converter()
