"""Allow lists: the addresses and domains that alone are written to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.suppressions.suppression import covering_keys, target_key
from clarion_server.domain.suppressions.suppression_rules import target_violations
from clarion_server.domain.text_rules import repetition_violations
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, too_many

MAX_ENTRIES = 1_000


@dataclass(frozen=True, slots=True)
class AllowList:
    """Is the list of one sandbox."""

    name = "allowList"

    sandbox: str
    enabled: bool = False
    entries: tuple[str, ...] = ()
    """Addresses, domains, and domains behind `*.`, as they were written."""
    revision: int = 0
    """0 before the first change, when nothing is stored."""
    update_time: Instant | None = None
    updater: str = ""

    @property
    def etag(self) -> str:
        return f'"{self.revision}"'

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is not empty and not the current one."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def changed(self, updater: str, now: Instant) -> AllowList:
        """Returns the list as the next revision."""
        return replace(self, revision=self.revision + 1, update_time=now, updater=updater)


@value
class AllowListChange:
    """Is the data of an event about an allow list."""

    enabled: bool
    entry_count: int
    actor: str
    """Is the key that changed it."""


@value
class EnabledList:
    """Holds the entries of an enabled list, and says which addresses they cover."""

    keys: frozenset[str]
    cause: str = AllowList.name
    """Is the name of the resource; empty for the list of the service's settings."""

    def has(self, address: str) -> bool:
        """Returns whether an entry covers the address."""
        return not self.keys.isdisjoint(covering_keys(address))


#: Holds the enabled lists by sandbox. A recipient must be on every one of them.
AllowLists = Mapping[str, Sequence[EnabledList]]


def enabled_list(entries: Iterable[str], cause: str = AllowList.name) -> EnabledList:
    return EnabledList(frozenset(map(target_key, entries)), cause)


def entry_violations(entries: tuple[str, ...], field: str = "entries") -> Iterator[Violation]:
    if len(entries) > MAX_ENTRIES:
        yield too_many(field, MAX_ENTRIES)
        return
    for index, entry in enumerate(entries):
        kind = "address" if "@" in entry else "domain"
        for violation in target_violations(entry, kind):
            yield Violation(f"{field}[{index}]", violation.reason, violation.description)
    yield from repetition_violations([target_key(entry) for entry in entries], field)
