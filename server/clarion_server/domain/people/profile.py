"""Profiles: people, what callers name them by, and what is known about them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any

from clarion_server.domain.consent.consent import Consent
from clarion_server.domain.errors import EtagMismatch
from clarion_server.domain.instant import Instant
from clarion_server.domain.languages.locales import is_locale
from clarion_server.domain.people.identity import Identity
from clarion_server.domain.people.time_zone import is_time_zone
from clarion_server.domain.value import value
from clarion_server.domain.violation import Violation, malformed, required, too_long, too_many

MAX_IDENTITIES = 20
#: The attributes of a profile have at most this many bytes as JSON.
MAX_ATTRIBUTES = 32 * 1024
MAX_ATTRIBUTE_DEPTH = 16

_NAME = re.compile(r"[\w-]{1,64}")


@dataclass(frozen=True, slots=True)
class Profile:
    sandbox: str
    id: str
    identities: tuple[Identity, ...]
    create_time: Instant
    update_time: Instant
    attributes: Mapping[str, Any] = dataclass_field(default_factory=dict)
    locale: str = ""
    time_zone: str = ""
    key: int = 0
    revision: int = 1
    seen_before: Instant | None = None
    """Says when the oldest profile that it has absorbed was first seen, if that was before its own creation."""

    @property
    def name(self) -> str:
        return f"profiles/{self.id}"

    @property
    def first_seen_time(self) -> Instant:
        """Returns when the person became known, by whatever profile."""
        return self.create_time if self.seen_before is None else self.seen_before

    @property
    def etag(self) -> str:
        return f'"{self.key}-{self.revision}"'

    def check_etag(self, etag: str) -> None:
        """Raises EtagMismatch."""
        if etag and etag != self.etag:
            raise EtagMismatch(self.name)

    def changed(self, changes: Mapping[str, Any], now: Instant) -> Profile:
        """Returns the profile with new values of some fields."""
        return replace(self, **changes, update_time=now, revision=self.revision + 1)


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """Refers to a stored profile by its key and its name."""

    key: int
    id: str

    @property
    def name(self) -> str:
        return f"profiles/{self.id}"


@value
class KnownProfile:
    """Holds the parts of a stored profile that messages to the person are made of and decided by."""

    key: int
    id: str
    """Empty when it was not asked for."""
    locale: str
    attributes: str = ""
    """Are JSON, which is parsed where something is read of them, and empty when they were not asked for."""
    time_zone: str = ""
    """Is empty if the profile has none."""
    choices: Sequence[Consent] = ()
    """Holds the current choices about messages. Empty when they were not asked for."""

    @property
    def name(self) -> str:
        return f"profiles/{self.id}"


#: Holds the profiles that people of a sandbox have, by one of their identities in the form that is given.
PeopleOfSandbox = Mapping[str, KnownProfile]
NOBODY: PeopleOfSandbox = {}
#: Holds them by the sandbox.
KnownPeople = Mapping[str, PeopleOfSandbox]


def without_nulls(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the attributes that are stored: null stands for none."""
    return {name: value for name, value in attributes.items() if value is not None}


def profile_violations(profile: Profile) -> Iterator[Violation]:
    """Yields all violations, with the field paths of the contract's `Profile`."""
    yield from _identity_violations(profile.identities)
    yield from attribute_violations(profile.attributes)
    if profile.locale and not is_locale(profile.locale):
        yield malformed("locale", "Must be a BCP 47 tag such as 'pt-BR'.")
    if profile.time_zone and not is_time_zone(profile.time_zone):
        yield malformed("time_zone", "Must be a name of the IANA database, such as 'Europe/Berlin' or 'Etc/GMT-2'.")


def _identity_violations(identities: tuple[Identity, ...]) -> Iterator[Violation]:
    if not identities:
        yield required("identities")
    if len(identities) > MAX_IDENTITIES:
        yield too_many("identities", MAX_IDENTITIES)
        return
    yield from repeated_identity_violations(identities)


def repeated_identity_violations(identities: Sequence[Identity]) -> Iterator[Violation]:
    seen = set()
    for index, identity in enumerate(identities):
        if identity.key in seen:
            yield Violation(f"identities[{index}]", "DUPLICATE", "Must occur only once, however it is written.")
        seen.add(identity.key)


def attribute_violations(attributes: Mapping[str, Any], field: str = "attributes") -> Iterator[Violation]:
    for name in attributes:
        if not _NAME.fullmatch(name):
            path = f"{field}.{name[:64]}"
            yield malformed(path, "Names must have 1 to 64 letters, digits, underscores and hyphens.")
    if _depth(attributes) > MAX_ATTRIBUTE_DEPTH:
        yield Violation(field, "TOO_DEEP", f"Must be nested at most {MAX_ATTRIBUTE_DEPTH} levels deep.")
        return
    text = json.dumps(attributes, ensure_ascii=False, separators=(",", ":"))
    if len(text.encode()) > MAX_ATTRIBUTES:
        yield too_long(field, MAX_ATTRIBUTES, "bytes as JSON")
    elif "\\u0000" in text and any(map(_has_nul, attributes.items())):
        # No mail can carry a NUL character (RFC 5322 section 2.2).
        yield malformed(field, "Must not contain the character U+0000.")


def _depth(value: Any) -> int:
    if isinstance(value, Mapping):
        return 1 + max(map(_depth, value.values()), default=0)
    return 1 + max(map(_depth, value), default=0) if isinstance(value, list) else 0


def _has_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(map(_has_nul, value.items()))
    return isinstance(value, list | tuple) and any(map(_has_nul, value))
