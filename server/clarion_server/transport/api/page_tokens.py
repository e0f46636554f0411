"""Pages and resume tokens: opaque to callers, bound to the query they came from (AIP-158)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import orjson
from google.protobuf.message import Message as ProtobufMessage

from clarion_server.domain.errors import InvalidPageToken
from clarion_server.domain.violation import out_of_range
from clarion_server.transport.api.convert.request_parser import RequestParser

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 1_000

#: Bytes of the seal that binds a token to its query and its sandbox.
_SEAL_BYTES = 8


class TokenInvalid(Exception):
    """The token is damaged, or belongs to another query."""


def page_size(requested: int, parser: RequestParser) -> int:
    if requested < 0:
        parser.add(out_of_range("page_size", "Must not be negative."))
    return min(requested or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def seal(position: Any, query: bytes) -> str:
    """Returns a token that leads back to `position` (any JSON value) for the same `query` (see `query_of`) alone.

    The seal keeps callers from mixing tokens up and from building on what is inside; it guards no secret. It stands
    behind, so that no token begins like an option of a command line: JSON has no first byte that comes to be a hyphen.
    """
    body = orjson.dumps(position)
    return _encode(body + _digest(body, query))


def unseal(token: str, query: bytes) -> Any:
    """Raises TokenInvalid."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        body, digest = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
        # The decoder skips what is not of its alphabet: only the very text that was given out is a token.
        if _encode(raw) == token and hmac.compare_digest(digest, _digest(body, query)):
            return orjson.loads(body)
    except (binascii.Error, ValueError):
        pass
    raise TokenInvalid


def query_of(request: ProtobufMessage, sandbox: str, *ignored: str) -> bytes:
    """Returns a digest of what a token is bound to: the sandbox, and the request without its paging fields and
    `ignored` ones.
    """
    bare = type(request)()
    bare.CopyFrom(request)
    for name in ("page_size", "page_token", *ignored):
        if name in bare.DESCRIPTOR.fields_by_name:
            bare.ClearField(name)
    text = f"{bare.DESCRIPTOR.full_name}:{sandbox}:{bare.SerializeToString(deterministic=True).hex()}"
    return hashlib.sha256(text.encode()).digest()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(body: bytes, query: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_SEAL_BYTES, key=query).digest()


def position_of(token: str, query: bytes) -> Any:
    """Where the page begins; None for the first one. Raises InvalidPageToken."""
    if not token:
        return None
    try:
        return unseal(token, query)
    except TokenInvalid:
        raise InvalidPageToken from None
