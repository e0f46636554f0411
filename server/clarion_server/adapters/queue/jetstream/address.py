"""Where the servers are, and what is ours there: what the queue's URL says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from clarion_server.application.ports.queue import QueueUnavailable

SCHEMES = ("nats", "tls")
DEFAULT_PORT = 4222
#: What may begin the name of a stream and a subject alike.
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?")
#: JetStream's own bound.
_MAX_REPLICAS = 5

# The URL itself stays out of every text: it may hold a password.
_FORM = "Write nats://host:4222, several servers as nats://one:4222,two:4222, with ?prefix= or ?replicas= behind."


@dataclass(frozen=True, slots=True)
class QueueAddress:
    servers: tuple[str, ...]
    """A URL each, without what is secret."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    credentials: Path | None = None
    """A file of NATS credentials: a JWT and the seed of its key."""
    prefix: str = "clarion"
    """What the names of our streams and subjects begin with. One for each store."""
    replicas: int = 1
    """On how many servers of a cluster each stream is kept."""


def read_address(url: str, credentials: Path | None = None) -> QueueAddress:
    """Raises QueueUnavailable."""
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in SCHEMES:
        raise QueueUnavailable(f"its URL is not one of NATS. {_FORM}")
    places, _, query = rest.partition("?")
    # Every server of a cluster knows the same users: named once, they go for all.
    users, _, hosts = places.rstrip("/").rpartition("@")
    user, is_user, password = users.partition(":")
    options = _options(query)
    return QueueAddress(
        servers=tuple(_server(scheme, host.strip()) for host in hosts.split(",")),
        user=unquote(user) if is_user else None,
        password=unquote(password) if is_user else None,
        token=unquote(user) if user and not is_user else None,
        credentials=credentials,
        prefix=_prefix(options.get("prefix", "clarion")),
        replicas=_replicas(options.get("replicas", "1")),
    )


def _server(scheme: str, host: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{host}")
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise QueueUnavailable(f"its URL has no port where one is due. {_FORM}") from None
    if not parts.hostname or parts.path:
        raise QueueUnavailable(f"its URL names no host. {_FORM}")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{name}:{port}"


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - {"prefix", "replicas"})
    if unknown:
        raise QueueUnavailable(f"its URL has no option {unknown[0]}: there are prefix and replicas.")
    return options


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise QueueUnavailable("the prefix in its URL is not one: take at most 32 of a-z, 0-9, - and _.")
    return text


def _replicas(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_REPLICAS:
        raise QueueUnavailable(f"replicas in its URL is a number from 1 to {_MAX_REPLICAS}.")
    return int(text)
