"""Suppressions: addresses and domains that messages must not go to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache

from clarion_server.domain.addresses.address_hash import HASH_MARK, NO_ADDRESS_HASHER, AddressHasher
from clarion_server.domain.addresses.address_key import domain_key, email_key
from clarion_server.domain.category import Category
from clarion_server.domain.channel_kind import Channel
from clarion_server.domain.instant import Instant
from clarion_server.domain.value import value

#: A target that begins so covers every subdomain of a domain.
WILDCARD = "*."


class SuppressionReason(StrEnum):
    HARD_BOUNCE = "HARD_BOUNCE"
    COMPLAINT = "COMPLAINT"
    MANUAL = "MANUAL"
    INVALID = "INVALID"
    UNSUBSCRIBED = "UNSUBSCRIBED"
    ERASED = "ERASED"
    """The person was erased, and must not get marketing when somebody imports the address again."""


class SuppressionScope(StrEnum):
    """Says which messages a suppression stops."""

    ALL = "ALL"
    MARKETING = "MARKETING"


#: Says what no two stored suppressions share: the key of the target, the sandbox, the channel and the reason.
SuppressionKey = tuple[str, str, Channel, SuppressionReason]


@value
class Suppression:
    """One reason for not writing to an address or a domain. An address may have several, each by itself."""

    id: str
    sandbox: str
    channel: Channel
    target: str
    """Is an address, a domain, or `*.` and a domain, as it was written; or the hash of an address
    (`domain.addresses.address_hash`).
    """
    reason: SuppressionReason
    scope: SuppressionScope
    create_time: Instant
    creator: str
    """Is the key that created it."""
    expire_time: Instant | None = None
    """Says when it ceases to hold. None means never."""

    @property
    def name(self) -> str:
        return f"suppressions/{self.id}"

    @property
    def target_key(self) -> str:
        """Returns the text by which its target is compared."""
        return target_key(self.target)

    @property
    def is_hashed(self) -> bool:
        """Returns whether only a hash of the address is kept."""
        return self.target.startswith(HASH_MARK)

    @property
    def is_of_domain(self) -> bool:
        return "@" not in self.target and not self.is_hashed

    @property
    def key(self) -> SuppressionKey:
        return self.target_key, self.sandbox, self.channel, self.reason

    def widened(self, other: Suppression) -> Suppression:
        """Returns the suppression extended so that it also holds for as long, and for as many messages, as `other`."""
        ends = (self.expire_time, other.expire_time)
        scopes = (self.scope, other.scope)
        return replace(
            self,
            scope=SuppressionScope.ALL if SuppressionScope.ALL in scopes else self.scope,
            expire_time=None if None in ends else max(end for end in ends if end is not None),
        )

    def is_in_force(self, time: Instant) -> bool:
        return self.expire_time is None or time < self.expire_time

    def stops(self, category: Category) -> bool:
        """Returns whether its scope covers messages of the category."""
        return self.scope is SuppressionScope.ALL or category is Category.MARKETING


@value
class SuppressionChange:
    """Is the data of an event about a suppression."""

    channel: Channel
    reason: SuppressionReason
    scope: SuppressionScope
    actor: str = ""
    """Is the key that did it; empty when time did."""
    override_reason: str = ""
    """Says why a complaint was overridden."""


def target_key(target: str) -> str:
    """Returns the text by which an address, a domain, `*.` and a domain, or a hash is compared."""
    if "@" in target:
        return email_key(target)
    prefix = WILDCARD if target.startswith(WILDCARD) else ""
    return prefix + domain_key(target.removeprefix(WILDCARD))


def covering_keys(address: str) -> tuple[str, ...]:
    """Returns the keys of all targets that cover the address: the address, its domain, and `*.` with each parent."""
    key = email_key(address)
    return key, *_covering_domain_keys(key.rpartition("@")[2])


def all_covering_keys(addresses: Iterable[str]) -> set[str]:
    """Returns the keys of all targets that cover any of the addresses."""
    keys = set(map(email_key, addresses))
    # Many recipients share few domains.
    for domain in {key.rpartition("@")[2] for key in keys}:
        keys.update(_covering_domain_keys(domain))
    return keys


# Many recipients share few domains.
@lru_cache(maxsize=1_024)
def _covering_domain_keys(domain: str) -> tuple[str, ...]:
    labels = domain.split(".")
    return domain, *(WILDCARD + ".".join(labels[index:]) for index in range(1, len(labels)))


class SuppressionIndex:
    """Finds, among suppressions that were read for a batch, those that cover an address."""

    def __init__(self, suppressions: Collection[Suppression] = (), hasher: AddressHasher = NO_ADDRESS_HASHER) -> None:
        self._hasher = hasher if any(each.is_hashed for each in suppressions) else NO_ADDRESS_HASHER
        by_key: dict[tuple[str, Channel, str], list[Suppression]] = defaultdict(list)
        for each in suppressions:
            by_key[each.sandbox, each.channel, each.target_key].append(each)
        self._by_key: Mapping[tuple[str, Channel, str], Sequence[Suppression]] = dict(by_key)

    @property
    def is_empty(self) -> bool:
        return not self._by_key

    def covering(self, sandbox: str, channel: Channel, address: str, time: Instant) -> Sequence[Suppression]:
        """Returns those that are in force at that time, the oldest first."""
        if not self._by_key or not address:
            # Most batches have none, and need not compute the keys again.
            return ()
        targets = (*covering_keys(address), *self._hasher.targets(sandbox, address))
        keys = ((sandbox, channel, key) for key in targets)
        found = [each for key in keys for each in self._by_key.get(key, ()) if each.is_in_force(time)]
        return sorted(found, key=lambda each: each.id)
