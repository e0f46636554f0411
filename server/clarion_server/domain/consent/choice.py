"""Values that are chosen for a recipient, with their source."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from clarion_server.domain.value import value


class Source(StrEnum):
    RECIPIENT = "RECIPIENT"
    """It is a field of the trigger's recipient."""
    PROFILE = "PROFILE"
    """It is an attribute of the profile."""
    IDENTITY = "IDENTITY"
    CAMPAIGN = "CAMPAIGN"
    """It is the campaign's default."""


#: Python 3.11 takes as long to find a member in its class as to create a small object.
_RECIPIENT, _PROFILE, _IDENTITY, _CAMPAIGN = Source.RECIPIENT, Source.PROFILE, Source.IDENTITY, Source.CAMPAIGN


@value
class Choice:
    value: str
    source: Source


#: Is the field path of a recipient's locale, by its source.
LOCALE_FIELDS: Mapping[Source, str] = {
    Source.RECIPIENT: "locale",
    Source.PROFILE: "profile.locale",
    Source.CAMPAIGN: "locale",
}


#: Is the namespace of identities, and the attribute of profiles, that hold e-mail addresses.
EMAIL = "email"
_EMAIL_IDENTITY = f"{EMAIL}:"


def choose_email(recipient_address: str, profile: Mapping[str, Any], identity: str) -> Choice | None:
    """Returns the recipient's e-mail address, or None when none was given. It may be malformed."""
    found = find_email(recipient_address, profile, identity)
    return None if found is None else Choice(*found)


def find_email(recipient_address: str, profile: Mapping[str, Any], identity: str) -> tuple[str, Source] | None:
    """Returns the address that `choose_email` finds and its source, without making a `Choice` for each recipient."""
    if recipient_address:
        return recipient_address, _RECIPIENT
    attribute = profile.get(EMAIL)
    if attribute and isinstance(attribute, str):
        return attribute, _PROFILE
    return (identity.removeprefix(_EMAIL_IDENTITY), _IDENTITY) if identity.startswith(_EMAIL_IDENTITY) else None


def choose_locale(recipient_locale: str, profile: Mapping[str, Any], default_locale: str) -> Choice:
    """Returns the recipient's locale, else the profile's, else the campaign's default. It may be malformed."""
    if recipient_locale:
        return Choice(recipient_locale, _RECIPIENT)
    attribute = profile.get("locale")
    if attribute and isinstance(attribute, str):
        return Choice(attribute, _PROFILE)
    return Choice(default_locale, _CAMPAIGN)
