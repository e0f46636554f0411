"""How messages leave on a channel."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from clarion_server.domain.campaign import Category, Mailbox
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import SECOND, Instant, Span
from clarion_server.domain.retry import RetryPolicy


class TlsMode(StrEnum):
    NONE = "NONE"
    STARTTLS = "STARTTLS"
    IMPLICIT = "IMPLICIT"


DEFAULT_RETRY_POLICY = RetryPolicy()
DEFAULT_PORT = {TlsMode.NONE: 25, TlsMode.STARTTLS: 587, TlsMode.IMPLICIT: 465}


@dataclass(frozen=True, slots=True)
class SmtpProvider:
    host: str
    port: int
    sender: Mailbox
    tls_mode: TlsMode = TlsMode.STARTTLS
    ca_certificates: str = ""
    """PEM; empty: the machine's."""
    username: str = ""
    password: str = field(default="", repr=False)
    reply_to: Mailbox | None = None
    timeout: Span = 30 * SECOND


@dataclass(frozen=True, slots=True)
class ChannelConfiguration:
    sandbox: str
    id: str
    display_name: str
    smtp: SmtpProvider
    create_time: Instant
    update_time: Instant
    categories: tuple[Category, ...] = ()
    """Empty: all of them."""
    disabled: bool = False
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
    max_concurrency: int = 10
    max_rate: float = 0.0
    """Hand-offs per second; 0: no limit."""
    key: int = 0
    revision: int = 1

    @property
    def name(self) -> str:
        return f"channelConfigurations/{self.id}"

    @property
    def etag(self) -> str:
        return f'"{self.key}-{self.revision}"'

    def check_etag(self, etag: str) -> None:
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def takes(self, category: Category | None) -> bool:
        return not self.categories or category in self.categories

    def updated(self, wanted: ChannelConfiguration, now: Instant) -> ChannelConfiguration:
        """With the settings of `wanted`, and the stored password where `wanted` names the same user without one."""
        smtp = wanted.smtp
        if not smtp.password and smtp.username == self.smtp.username:
            smtp = replace(smtp, password=self.smtp.password)
        return replace(
            wanted,
            sandbox=self.sandbox,
            id=self.id,
            key=self.key,
            smtp=smtp,
            create_time=self.create_time,
            update_time=now,
            revision=self.revision + 1,
        )
