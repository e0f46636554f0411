"""Makes one profile of two of the same person."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from clarion_server.domain.consent.consent import Consent, ConsentChoice, Consents
from clarion_server.domain.consent.consent_change import ConsentChange, ConsentSource, merge_consents
from clarion_server.domain.errors import InvalidFields, TooManyIdentities
from clarion_server.domain.instant import Instant
from clarion_server.domain.people.profile import MAX_ATTRIBUTES, MAX_IDENTITIES, Profile, attribute_violations
from clarion_server.domain.violation import Violation

#: Is the only rule that the attributes of two profiles can break together.
_TOO_LARGE: Final = Violation(
    "absorbed",
    "TOO_LONG",
    f"The attributes of both must have at most {MAX_ATTRIBUTES} bytes as JSON together. Remove some of either first.",
)


def merge_profiles(survivor: Profile, absorbed: Profile, now: Instant) -> Profile:
    """Returns the survivor with the identities of both, and with what it lacks from the other one.

    Raises TooManyIdentities, or InvalidFields when the attributes of both are too large together.
    """
    identities = (*survivor.identities, *absorbed.identities)
    if len(identities) > MAX_IDENTITIES:
        raise TooManyIdentities(survivor.name, len(identities))
    attributes = {**absorbed.attributes, **survivor.attributes}
    if any(attribute_violations(attributes)):
        raise InvalidFields((_TOO_LARGE,))
    changes: dict[str, Any] = {
        "identities": identities,
        "attributes": attributes,
        "locale": survivor.locale or absorbed.locale,
        "time_zone": survivor.time_zone or absorbed.time_zone,
    }
    if absorbed.first_seen_time < survivor.first_seen_time:
        changes["seen_before"] = absorbed.first_seen_time
    return survivor.changed(changes, now)


def merged_choices(one: Consents, other: Consents, actor: str, now: Instant) -> tuple[Consents, list[ConsentChange]]:
    """Returns the choices of both, and the entries that the history gets for those that only the merge makes."""
    merged = merge_consents(one, other, now)
    made = _made_by_merge(merged.values(), {*one.values(), *other.values()})
    changes = [
        ConsentChange(
            consent.scope,
            consent.choice,
            consent.time,
            ConsentSource.MERGE,
            record_time=now,
            actor=actor,
            previous_choice=ConsentChoice.GRANTED,
        )
        for consent in made
    ]
    return merged, changes


def _made_by_merge(merged: Iterable[Consent], stored: set[Consent]) -> list[Consent]:
    return [consent for consent in merged if consent not in stored]
