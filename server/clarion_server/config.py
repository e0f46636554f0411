"""Defines the settings of the service: environment variables `CLARION_…`, or the options of `clarion serve`."""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from clarion_server.domain.addresses.public_url import MAX_PUBLIC_URL, parse_public_url
from clarion_server.domain.suppressions.allow_list import entry_violations

_MAX_PORT = 65_535
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Settings(BaseSettings):
    # `clarion serve --help` shows the docstrings.
    model_config = SettingsConfigDict(env_prefix="CLARION_", frozen=True, extra="forbid", use_attribute_docstrings=True)

    listen: str = "127.0.0.1:50051"
    """Serves gRPC at this host and port. Port 0 takes a free one. Without TLS only loopback addresses are allowed."""
    http_listen: str = "127.0.0.1:50080"
    """Serves HTTP at this host and port, as `listen` does gRPC. Empty: no HTTP."""
    http_cors_origins: str = ""
    """Lets web pages of these origins call HTTP from a browser, such as `https://console.example`, separated by commas.
    Empty: none.
    """
    metrics_listen: str = ""
    """Serves `/metrics` for Prometheus and `/health` at this host and port, or at this port of 127.0.0.1. Of several
    processes, the first serves at this port, the second at the next one, and so on. Empty: neither.
    """
    public_url: str = ""
    """Is the URL at which people reach HTTP from outside, such as `https://mail.example.com`. The links by which they
    unsubscribe begin with it. `http://` is for loopback addresses alone. Empty: no such links, and no marketing mails.
    """
    link_keys: Path | None = None
    """Names the file with the keys that seal those links. Each line holds a number and 128 hexadecimal digits; the
    first line's key seals new links, and the others open older ones.
    """
    erasure_keys: Path | None = None
    """Names the file with the keys by which addresses of erased people are recognised, in the form of the link keys.
    The first line's key hashes from now on. Not set: nothing is kept of an address, and whoever has refused something
    is not erased.
    """
    vacuum_limit_mb: float = Field(default=8, ge=0)
    """Says how large SQLite files may be, in MB, that are written anew when a person was erased, so that nothing of the
    person is in their free space. Triggers wait for that, about 15 ms a MB.
    """
    allow_list: str | None = None
    """Lists the addresses and domains that alone are written to, whatever the store says: `dev@example.com`,
    `example.com` or `*.example.com`, separated by commas. Empty: nothing is sent at all. Not set: no such list.
    """
    store: str = "sqlite:///clarion.db"
    """Names the database: `sqlite:///relative.db`, `sqlite:////absolute.db`, `postgresql://user@host/database`, or
    `memory:` for tests.
    """
    processes: int = Field(default=1, ge=1, le=64)
    """Says how many processes serve at these addresses, each on a core of its own. A supervisor starts them, and
    restarts those that end.
    """
    role: Literal["all", "api", "worker"] = "all"
    """Says what these processes do: `api` accepts triggers and never sends, `worker` sends and answers health checks
    alone, `all` does both.
    """
    queue: str = "store"
    """Says how the processes that send get queued messages: `store` looks them up, `nats://host:4222` delivers them by
    NATS JetStream.
    """
    queue_credentials: Path | None = None
    """Names the file of NATS credentials (a JWT and the seed of its key), if the NATS server requires them."""
    tls_certificate: Path | None = None
    """Names the PEM file with the certificate chain. Together with a private key it turns TLS on."""
    tls_key: Path | None = None
    """Names the PEM file with the private key."""
    lease_seconds: float = Field(default=10.0, ge=0.5, le=300)
    """Says for how long a process that no longer renews its lease keeps the messages that it has claimed."""
    pending_limit: int = Field(default=20_000, ge=100)
    """Says how many rows may wait for a commit. Further triggers are answered with OVERLOADED."""
    retain_context_days: float | None = Field(default=None, ge=1)
    """Says for how many days after its end a message keeps its context and profile, which are personal data. Not set:
    as long as the message exists.
    """
    retain_event_days: float | None = Field(default=None, ge=1)
    """Says for how many days events are kept; those of a message at least until its end. Not set: as messages are."""
    retain_message_days: float | None = Field(default=None, ge=7)
    """Says for how many days after its end a message is kept, and its execution with it. Not set: for ever."""
    retain_run_member_days: float = Field(default=7, ge=1)
    """Says for how many days after the end of a run it is kept who the members of its audience were."""
    retain_cap_entry_days: float = Field(default=0, ge=0)
    """Says for how many days entries of frequency caps are kept after none of them can count any more."""
    attachment_bytes: int = Field(default=10_000_000, ge=1_000, le=25_000_000)
    """Says how many octets a file may have at most, and all files of one recipient together."""
    attachment_any_type: bool = False
    """Takes files of the type `application/octet-stream` too, whatever they are but programs."""
    retain_attachment_days: float = Field(default=7, ge=1)
    """Says for how many days a file is kept, at least, after nothing needs it any more."""
    shutdown_seconds: float = Field(default=30.0, ge=0)
    """Says how many seconds calls under way may take to finish after SIGTERM."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """Says which is the lowest level that is logged: `debug`, `info`, `warning` or `error`."""
    log_json: bool = False
    """Writes the log as JSON lines."""

    @property
    def uses_tls(self) -> bool:
        return self.tls_certificate is not None

    @field_validator("metrics_listen", mode="before")
    @classmethod
    def _complete_address(cls, address: Any) -> Any:
        return f"127.0.0.1:{address}" if str(address).isdecimal() else address

    @field_validator("listen", "http_listen", "metrics_listen")
    @classmethod
    def _check_address(cls, address: str, field: ValidationInfo) -> str:
        host, _, port = address.rpartition(":")
        may_be_empty = field.field_name != "listen"
        if not (host and port.isdecimal() and int(port) <= _MAX_PORT) and not (may_be_empty and not address):
            name = f"CLARION_{str(field.field_name).upper()}"
            raise ValueError(f"{name} must be host:port, such as 127.0.0.1:50051{', or empty' * may_be_empty}.")
        return address

    @field_validator("http_cors_origins")
    @classmethod
    def _check_origins(cls, origins: str) -> str:
        if not all(_ORIGIN.fullmatch(origin) for origin in _listed(origins)):
            raise ValueError(
                "CLARION_HTTP_CORS_ORIGINS must be origins such as https://console.example, separated by commas."
            )
        return origins

    @property
    def cors_origins(self) -> list[str]:
        return _listed(self.http_cors_origins)

    @field_validator("public_url")
    @classmethod
    def _check_public_url(cls, url: str) -> str:
        if url and parse_public_url(url) is None:
            raise ValueError(
                "CLARION_PUBLIC_URL must be a URL such as https://mail.example.com, with http:// for loopback addresses"
                f" alone, in lower case and of at most {MAX_PUBLIC_URL} characters."
            )
        return url

    @field_validator("allow_list")
    @classmethod
    def _check_allow_list(cls, entries: str | None) -> str | None:
        for violation in entry_violations(tuple(_listed(entries or "")), "entries"):
            raise ValueError(
                "CLARION_ALLOW_LIST must be addresses and domains, such as dev@example.com, example.com or"
                f" *.example.com, separated by commas ({violation.field}: {violation.description})"
            )
        return entries

    @property
    def allowed_targets(self) -> list[str] | None:
        return None if self.allow_list is None else _listed(self.allow_list)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.tls_certificate is None) != (self.tls_key is None):
            raise ValueError("CLARION_TLS_CERTIFICATE and CLARION_TLS_KEY belong together: set both, or none.")
        if bool(self.public_url) != (self.link_keys is not None):
            raise ValueError(
                "CLARION_PUBLIC_URL and CLARION_LINK_KEYS belong together: set both, or none. This makes a file of"
                ' keys: echo "1 $(openssl rand -hex 64)" > link-keys && chmod 600 link-keys'
            )
        for name in ("tls_certificate", "tls_key", "queue_credentials", "link_keys", "erasure_keys"):
            file = getattr(self, name)
            if file is not None and not file.is_file():
                fault = f"{file} is no file." if file.exists() else f"There is no file {file}."
                raise ValueError(f"CLARION_{name.upper()}: {fault} Name one that the service's user can read.")
        if self.store == "memory:" and (self.processes > 1 or self.role != "all"):
            raise ValueError(
                "The store memory: belongs to one process: set CLARION_STORE to a file or a database, or leave"
                " CLARION_PROCESSES at 1 and CLARION_ROLE at all."
            )
        for address in filter(None, (self.listen, self.http_listen, self.metrics_listen)):
            if not self.uses_tls and not _is_loopback(address):
                raise ValueError(
                    f"Listening on {address} needs TLS: set CLARION_TLS_CERTIFICATE and CLARION_TLS_KEY,"
                    " or listen on a loopback address such as 127.0.0.1:50051."
                )
        return self


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _is_loopback(listen: str) -> bool:
    host = listen.rpartition(":")[0].strip("[]")
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
