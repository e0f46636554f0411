"""The settings of a client: where the service is, and how to reach it."""

from __future__ import annotations

import codecs
import ipaddress
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc

from clarion_client._retry import Retry

DEFAULT_TARGET = "127.0.0.1:50051"
#: Seconds for a call and all its tries.
DEFAULT_TIMEOUT = 10.0
DEFAULT_RETRY = Retry()


@dataclass(frozen=True, slots=True)
class Settings:
    """Holds the settings of a client. Raises ValueError for one that makes no sense."""

    target: str = DEFAULT_TARGET
    api_key: str | None = field(default=None, repr=False)
    tls: bool | None = None
    ca_certificates: str | os.PathLike[str] | None = None
    timeout: float = DEFAULT_TIMEOUT
    retry: Retry | None = DEFAULT_RETRY

    def __post_init__(self) -> None:
        check_target(self.target)
        if not self.timeout > 0:
            raise ValueError(f"timeout is {self.timeout}, not a number of seconds above 0")
        if self.tls is False and self.ca_certificates:
            raise ValueError("ca_certificates are for TLS, which tls=False turns off")
        if self.api_key and not (self.api_key.isascii() and self.api_key.isprintable()):
            raise ValueError("api_key holds characters that no API key has, such as a line break")

    def credentials(self) -> grpc.ChannelCredentials | None:
        """Returns the credentials of TLS, or None without TLS. Unless the caller decides, only calls to this machine
        go without TLS, because they carry the API key and personal data. Raises OSError when the file of certificates
        cannot be read, and ValueError when it is none.
        """
        encrypted = bool(self.ca_certificates) or not is_local(self.target) if self.tls is None else self.tls
        if not encrypted:
            return None
        if not self.ca_certificates:
            return grpc.ssl_channel_credentials()
        return grpc.ssl_channel_credentials(_certificates(self.ca_certificates))

    def options(self) -> list[tuple[str, Any]]:
        return [
            ("grpc.primary_user_agent", f"clarion-python/{version()}"),
            # Finds a connection that died silently within 40 seconds, and only while a call waits on it.
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            # gRPC's defaults (1 s to 2 min) would outlast the deadline of a call that a restart interrupts.
            ("grpc.initial_reconnect_backoff_ms", 100),
            ("grpc.max_reconnect_backoff_ms", 5_000),
            # A campaign as large as a request, and its preview, are larger than the default of 4 MiB.
            ("grpc.max_receive_message_length", 64 * 1024 * 1024),
            # The violations of 1,000 recipients travel in the trailers, and are larger than the default of 8 KiB.
            ("grpc.max_metadata_size", 4 * 1024 * 1024),
            ("grpc.absolute_max_metadata_size", 4 * 1024 * 1024),
            # A proxy cannot reach this machine's loopback addresses.
            ("grpc.enable_http_proxy", int(not is_local(self.target))),
        ]

    def metadata(self, request_id: str) -> tuple[tuple[str, str], ...]:
        call = ("x-request-id", request_id)
        return (("authorization", f"Bearer {self.api_key}"), call) if self.api_key else (call,)


_HOST_AND_PORT = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+(%[A-Za-z0-9._-]+)?\])(:(?P<port>[0-9]{1,5}))?")
#: Other kinds of targets that gRPC knows (https://github.com/grpc/grpc/blob/master/doc/naming.md).
_RESOLVED = re.compile(r"(unix|unix-abstract|vsock|ipv4|ipv6|xds|google-c2p):|dns://[^/]")


def _certificates(path: str | os.PathLike[str]) -> bytes:
    """Returns the certificates of a file in PEM. gRPC would call every server unavailable whose certificate it cannot
    check by them.
    """
    # gRPC's TLS refuses a byte order mark.
    pem = Path(path).read_bytes().removeprefix(codecs.BOM_UTF8)
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError as error:
        advice = "give a file of certificates in PEM; this one has none, or a damaged one"
        raise ValueError(f"ca_certificates is {os.fspath(path)!r}: {advice}") from error
    return pem


def version() -> str:
    import importlib.metadata  # noqa: PLC0415 - takes 15 ms to load, which programs that only import the client save

    try:
        return importlib.metadata.version("clarion")
    except importlib.metadata.PackageNotFoundError:
        # The client is bundled into a program, or runs from its sources.
        return "unknown"


def environment_settings(environment: Mapping[str, str]) -> dict[str, Any]:
    """Returns the settings of `CLARION_TARGET`, `CLARION_API_KEY` and `CLARION_CA_CERTIFICATES` that are set."""
    names = {
        "target": "CLARION_TARGET",
        "api_key": "CLARION_API_KEY",
        "ca_certificates": "CLARION_CA_CERTIFICATES",
    }
    return {setting: value for setting, name in names.items() if (value := environment.get(name, "").strip())}


def check_target(target: str) -> None:
    """Raises ValueError for what no service can be reached with."""
    if not _RESOLVED.match(target) and not host_and_port(target):
        hint = ", not a URL" if "://" in target else ""
        raise ValueError(f"target is {target!r}: give a host and a port{hint}, such as clarion.example:443")


def host_and_port(target: str) -> str:
    """Returns the host and the port of a gRPC target that names one host, and nothing for any other target."""
    plain = _without_resolver(target)
    match = _HOST_AND_PORT.fullmatch(plain)
    return plain if match and int(match["port"] or 0) < 2**16 else ""


def is_local(target: str) -> bool:
    """Returns whether a gRPC target is on this machine: a Unix socket, `localhost`, a loopback address."""
    if target.startswith(("unix:", "unix-abstract:")):
        return True
    host = urlsplit(f"//{_without_resolver(target)}").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _without_resolver(target: str) -> str:
    return target.removeprefix("dns:///").removeprefix("dns:")
