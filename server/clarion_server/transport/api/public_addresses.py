"""Where callers reach the service: what it listens on, as long as they know no better.

gRPC for Python does not tell its handlers the `:authority` of a call, so its callers that have another address for the
service say so in the request. Over HTTP the `Host` of the request says it.
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
_EVERYWHERE = ("0.0.0.0", "[::]", "")  # noqa: S104 - told apart, not listened on

_MAX_LENGTH = 300


@dataclass(frozen=True, slots=True)
class Addresses:
    """How one caller reaches the service."""

    target: str
    """Host and port of the gRPC door."""
    base_url: str
    """Of the HTTP door; empty without one."""
    uses_tls: bool
    """Whether the service itself encrypts."""

    @property
    def is_encrypted(self) -> bool:
        """Without TLS the service listens on this machine alone: elsewhere somebody in front of it encrypts."""
        return self.uses_tls or _LOCAL.fullmatch(self.target) is None


@dataclass(slots=True)
class PublicAddresses:
    """What the service listens on. Known once it listens."""

    uses_tls: bool = False
    target: str = ""
    http_port: int = 0
    """0 without an HTTP door."""

    def opened(self, listen: str, port: int) -> None:
        """The gRPC door listens; `listen` is what it was asked to, which may leave the port open."""
        host = listen.rpartition(":")[0]
        self.target = f"{'localhost' if host in _EVERYWHERE else host}:{port}"

    def as_reached(self, request: trigger_sample_pb2.GetTriggerSampleRequest) -> Addresses:
        """Raises InvalidFields."""
        found = [
            *_violations("target", request.target, _HOST_AND_PORT, "clarion.example:443"),
            *_violations("base_url", request.base_url, _BASE_URL, "https://clarion.example"),
        ]
        if found:
            raise InvalidFields(tuple(found))
        target = request.target or self._target(request.base_url)
        return Addresses(target, request.base_url or self._base_url(target), self.uses_tls)

    def _target(self, base_url: str) -> str:
        """Beside the HTTP door that the caller knows."""
        found = _BASE_URL.fullmatch(base_url)
        return f"{found[1]}:{self.target.rpartition(':')[2]}" if found else self.target

    def _base_url(self, target: str) -> str:
        """Beside the gRPC door that the caller knows."""
        if not self.http_port:
            return ""
        found = _HOST_AND_PORT.fullmatch(target)
        host = found[1] if found else "localhost"
        return f"{'https' if self.uses_tls else 'http'}://{host}:{self.http_port}"


def base_url_of(scheme: str, host: str) -> str:
    """Of an HTTP door that was reached under that `Host`; empty when that is no host."""
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
