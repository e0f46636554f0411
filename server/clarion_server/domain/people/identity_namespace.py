"""Namespaces of identities as resources: those that are built in, and those of a sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from clarion_server.domain.names import IDENTITY_NAMESPACES, Collection
from clarion_server.domain.people.identity import BUILT_IN, IdentityNamespace, Normalisation
from clarion_server.domain.resource import Resource
from clarion_server.domain.text_rules import display_name_violations
from clarion_server.domain.violation import Violation, malformed

MAX_NAMESPACES = 100

#: Returns whether a text is the code of a region (ISO 3166) that has phone numbers.
IsPhoneRegion = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceResource(Resource):
    COLLECTION: ClassVar[Collection] = IDENTITY_NAMESPACES

    display_name: str
    normalisation: Normalisation = Normalisation.EXACT
    default_region: str = ""

    @property
    def rules(self) -> IdentityNamespace:
        return IdentityNamespace(self.id, self.normalisation, self.default_region)

    @property
    def is_built_in(self) -> bool:
        """Returns whether every sandbox has it. Its sandbox, times and etag mean nothing then."""
        return self.id in BUILT_IN


def _built_in(rules: IdentityNamespace, display_name: str) -> NamespaceResource:
    return NamespaceResource(
        sandbox="",
        id=rules.id,
        create_time=0,
        update_time=0,
        display_name=display_name,
        normalisation=rules.normalisation,
        default_region=rules.default_region,
    )


_DISPLAY_NAMES = {"email": "E-mail addresses", "phone": "Phone numbers", "push": "Push tokens"}

#: Holds those that every sandbox has, by their ids.
BUILT_IN_RESOURCES = {name: _built_in(rules, _DISPLAY_NAMES[name]) for name, rules in BUILT_IN.items()}


def namespace_violations(namespace: NamespaceResource, is_phone_region: IsPhoneRegion) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `IdentityNamespace`."""
    yield from display_name_violations(namespace.display_name)
    region = namespace.default_region
    if not region:
        return
    if namespace.normalisation is not Normalisation.PHONE:
        yield malformed("default_region", "Must be left out unless the normalisation is PHONE.")
    elif not is_phone_region(region):
        yield malformed("default_region", "Must be an ISO 3166 code such as 'GB'.")
