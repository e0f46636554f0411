"""Defines channel configurations: a provider, and the limits and retries of hand-offs to it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from clarion_server.domain.access_labels import NO_ACCESS_LABELS, AccessLabels
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.content import Provider
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.secret import with_kept_secrets
from clarion_server.domain.violation import Violation

DEFAULT_RETRY_POLICY = RetryPolicy()
#: Mails have at most this many octets unless the configuration says otherwise. Large providers take 20 to 25 MiB.
DEFAULT_MAX_MESSAGE = 20 * 2**20


@dataclass(frozen=True, slots=True)
class ChannelConfiguration:
    sandbox: str
    id: str
    display_name: str
    provider: Provider
    create_time: Instant
    update_time: Instant
    categories: tuple[Category, ...] = ()
    """Holds the categories that may be sent; all of them when empty."""
    disabled: bool = False
    retry_policy: RetryPolicy = DEFAULT_RETRY_POLICY
    max_concurrency: int = 10
    max_rate: float = 0.0
    """Hand-offs per second; 0 means no limit."""
    max_message_bytes: int = DEFAULT_MAX_MESSAGE
    """Is the largest e-mail that is handed over, in octets as it is encoded."""
    access_labels: AccessLabels = NO_ACCESS_LABELS
    """Says which callers see it."""
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

    def allows(self, category: Category | None) -> bool:
        return not self.categories or category in self.categories

    @property
    def channel(self) -> Channel:
        return self.provider.channel

    def provider_violation(self, wanted: Provider) -> Violation | None:
        """Returns what is wrong when `wanted` is of another kind than the provider."""
        if type(wanted) is type(self.provider):
            return None
        what = f"The kind of the provider is '{self.provider.field}' and cannot change."
        return Violation(wanted.field, "IMMUTABLE", what)

    def updated(self, wanted: ChannelConfiguration, now: Instant) -> ChannelConfiguration:
        """Returns the configuration with the settings of `wanted`, and the stored secrets where it leaves them empty.

        Both must have a provider of the same kind.
        """
        return replace(
            wanted,
            sandbox=self.sandbox,
            id=self.id,
            key=self.key,
            provider=with_kept_secrets(wanted.provider, self.provider),
            create_time=self.create_time,
            update_time=now,
            revision=self.revision + 1,
        )
