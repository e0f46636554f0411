"""Namespaces of identities as resources: those that are built in, and those of a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.identity import BUILT_IN, IdentityNamespace, Normalisation
from clarion_server.domain.instant import Instant
from clarion_server.domain.names import IDENTITY_NAMESPACES
from clarion_server.domain.text_rules import display_name_violations
from clarion_server.domain.violation import Violation, malformed

MAX_NAMESPACES = 100

#: Returns whether a text is the code of a region (ISO 3166) that has phone numbers.
IsPhoneRegion = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class NamespaceResource:
    rules: IdentityNamespace
    display_name: str
    sandbox: str = ""
    """Empty for those that are built in; so with the times."""
    create_time: Instant | None = None
    update_time: Instant | None = None
    key: int = 0
    revision: int = 1

    @property
    def id(self) -> str:
        return self.rules.id

    @property
    def name(self) -> str:
        return IDENTITY_NAMESPACES.format(self.id)

    @property
    def is_built_in(self) -> bool:
        return self.id in BUILT_IN

    @property
    def etag(self) -> str:
        return "" if self.is_built_in else f'"{self.key}-{self.revision}"'

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch when `etag` is not empty and not the current one."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def renamed(self, display_name: str, now: Instant) -> NamespaceResource:
        return replace(self, display_name=display_name, update_time=now, revision=self.revision + 1)


_DISPLAY_NAMES = {"email": "E-mail addresses", "phone": "Phone numbers", "push": "Push tokens"}

#: Those that every sandbox has, by their ids.
BUILT_IN_RESOURCES = {name: NamespaceResource(rules, _DISPLAY_NAMES[name]) for name, rules in BUILT_IN.items()}


def namespace_violations(namespace: NamespaceResource, is_phone_region: IsPhoneRegion) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `IdentityNamespace`."""
    yield from display_name_violations(namespace.display_name)
    region = namespace.rules.default_region
    if not region:
        return
    if namespace.rules.normalisation is not Normalisation.PHONE:
        yield malformed("default_region", "Must be left out unless the normalisation is PHONE.")
    elif not is_phone_region(region):
        yield malformed("default_region", "Must be an ISO 3166 code such as 'GB'.")
