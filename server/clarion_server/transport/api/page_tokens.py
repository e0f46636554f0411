"""Page and resume tokens, which are opaque to callers and bound to their query (AIP-158)."""

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

#: Is the length of the digest that binds a token to its query and its sandbox, in bytes.
_SEAL_BYTES = 8


class TokenInvalid(Exception):
    """The token is damaged, or belongs to another query."""


def page_size(requested: int, parser: RequestParser) -> int:
    """Returns the size of a page, by default or at most the limit, and adds a violation when it is negative."""
    if requested < 0:
        parser.add(out_of_range("page_size", "Must not be negative."))
    return min(requested or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def seal(position: Any, query: bytes) -> str:
    """Returns a token for `position` (any JSON value) that is valid only for the same `query` (see `query_of`).

    The digest keeps callers from using a token for another query and from relying on its content. It hides nothing.
    It comes last so that no token begins with a hyphen, like an option of a command line: no JSON value encodes to one.
    """
    body = orjson.dumps(position)
    return _encode(body + _digest(body, query))


def unseal(token: str, query: bytes) -> Any:
    """Returns the position of a token. Raises TokenInvalid."""
    try:
        raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
        body, digest = raw[:-_SEAL_BYTES], raw[-_SEAL_BYTES:]
        # The decoder ignores foreign characters, so the token must equal its own encoding.
        if _encode(raw) == token and hmac.compare_digest(digest, _digest(body, query)):
            return orjson.loads(body)
    except (binascii.Error, ValueError):
        pass
    raise TokenInvalid


def query_of(request: ProtobufMessage, sandbox: str, *ignored: str) -> bytes:
    """Returns a digest of the sandbox and of the request without its paging fields and the `ignored` ones."""
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
    """Returns the position where the page begins, or None for the first one. Raises InvalidPageToken."""
    if not token:
        return None
    try:
        return unseal(token, query)
    except TokenInvalid:
        raise InvalidPageToken from None
