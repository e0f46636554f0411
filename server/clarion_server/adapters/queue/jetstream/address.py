"""Reads the URL of the queue: the servers, the user, the prefix of all names and the number of replicas."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from clarion_server.application.ports.queue import QueueUnavailable

_SCHEMES = ("nats", "tls")
_DEFAULT_PORT = 4222
#: The names of streams and of subjects both may begin with this.
_PREFIX = re.compile(r"[a-z0-9]([a-z0-9_-]{0,30}[a-z0-9])?")
#: JetStream allows no more replicas.
_MAX_REPLICAS = 5

# No error text contains the URL, as it may hold a password.
_FORM = "Write nats://host:4222, or nats://one:4222,two:4222 for several servers, then ?prefix= or ?replicas=."


@dataclass(frozen=True, slots=True)
class QueueAddress:
    servers: list[str]
    """One URL per server, without the user."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    token: str | None = field(default=None, repr=False)
    credentials: Path | None = None
    """Is a file of NATS credentials: a JWT and the seed of its key."""
    prefix: str = "clarion"
    """The names of all streams and subjects begin with it. Each store needs its own."""
    replicas: int = 1
    """Says how many servers of a cluster keep each stream."""

    @property
    def hosts(self) -> str:
        return ", ".join(server.partition("://")[2] for server in self.servers)


def read_address(url: str, credentials: Path | None = None) -> QueueAddress:
    """Returns what the URL says. Raises QueueUnavailable."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise QueueUnavailable(f"its URL does not begin with nats:// or tls://. {_FORM}")
    authority, _, query = rest.partition("?")
    # All servers of a cluster know the same users, so the URL names the user once.
    user_part, _, hosts = authority.rstrip("/").rpartition("@")
    user, has_password, password = map(unquote, user_part.partition(":"))
    options = _options(query)
    return QueueAddress(
        servers=[_server(scheme, host.strip()) for host in hosts.split(",")],
        user=user if has_password else None,
        password=password if has_password else None,
        token=user if user and not has_password else None,
        credentials=credentials,
        prefix=_prefix(options.get("prefix", "clarion")),
        replicas=_replicas(options.get("replicas", "1")),
    )


def _server(scheme: str, host: str) -> str:
    try:
        parts = urlsplit(f"{scheme}://{host}")
        port = parts.port or _DEFAULT_PORT
    except ValueError:
        raise QueueUnavailable(f"a port in its URL is not a number up to 65535. {_FORM}") from None
    if not parts.hostname or parts.path:
        raise QueueUnavailable(f"its URL names no host. {_FORM}")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{scheme}://{name}:{port}"


def _options(query: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    unknown = sorted(options.keys() - {"prefix", "replicas"})
    if unknown:
        raise QueueUnavailable(f"its URL has the unknown option {unknown[0]}. The options are prefix and replicas.")
    return options


def _prefix(text: str) -> str:
    if not _PREFIX.fullmatch(text):
        raise QueueUnavailable("the prefix in its URL must be 1 to 32 characters of a-z, 0-9, - and _.")
    return text


def _replicas(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= _MAX_REPLICAS:
        raise QueueUnavailable(f"replicas in its URL must be a number from 1 to {_MAX_REPLICAS}.")
    return int(text)
