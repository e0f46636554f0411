"""Knows the addresses under which callers reach the service. They are those it listens on, unless a caller knows
others.

gRPC for Python hides the `:authority` of a call from its handlers, so callers with another address name it in the
request. Over HTTP the `Host` field names it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from clarion.v1 import trigger_sample_pb2

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, malformed, too_long

_HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?")
_BASE_URL = re.compile(rf"https?://{_HOST_AND_PORT.pattern}(/[A-Za-z0-9._~/-]*[A-Za-z0-9._~-])?")
_LOCAL = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?")
_EVERYWHERE = ("0.0.0.0", "[::]", "")  # noqa: S104 - compared with, not listened on

_MAX_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Addresses:
    """Holds the addresses for one caller."""

    target: str
    """Is host and port of the gRPC server."""
    base_url: str
    """Is the base URL of the HTTP server; empty when there is none."""
    uses_tls: bool
    """Says whether the service itself encrypts."""

    @property
    def is_encrypted(self) -> bool:
        """Returns whether callers need TLS. Without TLS the service listens on loopback only, so a remote target is a
        proxy.
        """
        return self.uses_tls or _LOCAL.fullmatch(self.target) is None


@dataclass(slots=True)
class PublicAddresses:
    """Holds the addresses on which the service listens, which are known once it listens."""

    uses_tls: bool = False
    target: str = ""
    http_port: int = 0
    """0 when there is no HTTP server."""

    def opened(self, listen: str, port: int) -> None:
        """Records the port of the gRPC server. `listen` is the configured address, whose port may be 0."""
        host = listen.rpartition(":")[0]
        self.target = f"{'localhost' if host in _EVERYWHERE else host}:{port}"

    def as_reached(self, request: trigger_sample_pb2.GetTriggerSampleRequest) -> Addresses:
        """Returns the addresses for the caller of `request`. Raises InvalidFields."""
        found = [
            *_violations("target", request.target, _HOST_AND_PORT, "clarion.example:443"),
            *_violations("base_url", request.base_url, _BASE_URL, "https://clarion.example"),
        ]
        if found:
            raise InvalidFields(tuple(found))
        target = request.target or self._target(request.base_url)
        return Addresses(target, request.base_url or self._base_url(target), self.uses_tls)

    def _target(self, base_url: str) -> str:
        """Returns the gRPC address on the host of the HTTP server that the caller knows."""
        found = _BASE_URL.fullmatch(base_url)
        return f"{found[1]}:{self.target.rpartition(':')[2]}" if found else self.target

    def _base_url(self, target: str) -> str:
        """Returns the base URL on the host of the gRPC server that the caller knows."""
        if not self.http_port:
            return ""
        found = _HOST_AND_PORT.fullmatch(target)
        host = found[1] if found else "localhost"
        return f"{'https' if self.uses_tls else 'http'}://{host}:{self.http_port}"


def base_url_of(scheme: str, host: str) -> str:
    """Returns the base URL of an HTTP server that was reached under that `Host`; empty when it is malformed."""
    if len(host) > _MAX_LENGTH or not _HOST_AND_PORT.fullmatch(host):
        return ""
    # See `is_encrypted`.
    return f"{scheme if _LOCAL.fullmatch(host) else 'https'}://{host}"


def _violations(field: str, value: str, form: re.Pattern[str], example: str) -> list[Violation]:
    if len(value) > _MAX_LENGTH:
        return [too_long(field, _MAX_LENGTH)]
    if value and not form.fullmatch(value):
        return [malformed(field, f"Must be of the form '{example}'.")]
    return []
