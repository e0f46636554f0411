"""Packs what an export sends into answers that every client takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

from google.protobuf.message import Message

M = TypeVar("M", bound=Message)

#: An answer has about so many bytes at most. Clients of gRPC take 4 MiB unless they are told otherwise.
_MAX_BYTES = 1024 * 1024


def packed(messages: Iterable[M]) -> Iterator[list[M]]:
    """Yields the messages in lists that fit into an answer, in their order. One message always fits."""
    pack: list[M] = []
    size = 0
    for message in messages:
        own = message.ByteSize()
        if pack and size + own > _MAX_BYTES:
            yield pack
            pack, size = [], 0
        pack.append(message)
        size += own
    if pack:
        yield pack
