"""Completes the names of resources and people, which callers may shorten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypedDict

from clarion_client._field_error import FieldError

NAMESPACED = re.compile(r"[a-z0-9_-]{1,32}:")
_TEST_CASE = re.compile(r"(?:campaigns/)?([^/]+)/(?:testCases/)?([^/]+)")


def full_name(collection: str, name: str) -> str:
    """Returns `campaigns/order-confirmed` for that name and for `order-confirmed`.

    Raises FieldError when the name is empty or belongs to another collection.
    """
    head, slash, identifier = name.rpartition("/")
    if not identifier or (slash and head != collection):
        raise FieldError(f"is {name!r}, which is no name in {collection}/")
    return f"{collection}/{identifier}"


def full_name_or_empty(collection: str, name: str) -> str:
    return full_name(collection, name) if name else ""


def full_test_case_name(name: str) -> str:
    """Returns `campaigns/order-confirmed/testCases/plain` for that name and for `order-confirmed/plain`.

    Raises FieldError for any other form.
    """
    found = _TEST_CASE.fullmatch(name)
    if found is None:
        raise FieldError(f"is {name!r}, which is no name of a test case, such as order-confirmed/plain")
    return f"campaigns/{found[1]}/testCases/{found[2]}"


def _full_test_case_name_or_empty(name: str) -> str:
    return full_test_case_name(name) if name else ""


def short_name(name: str) -> str:
    return name.rpartition("/")[2]


def full_identity(identity: str) -> str:
    """Returns `email:jane@example.com` for that identity and for the address alone."""
    return identity if not identity or NAMESPACED.match(identity) else f"email:{identity}"


class PersonFields(TypedDict, total=False):
    """The fields of a request that name a person, of which one is given."""

    profile: str
    identity: str


def person_of(person: str) -> PersonFields:
    """Returns the field of a request that names a person: by a profile, or by an identity."""
    if person.startswith("profiles/"):
        return {"profile": person}
    return {"identity": full_identity(person)}


#: The fields of values that hold such a name, with what completes it before it is sent.
SHORTENED: Mapping[str, Callable[[str], str]] = {
    "clarion.v1.ApprovalPolicy.name": partial(full_name_or_empty, "approvalPolicies"),
    "clarion.v1.Action.channel_configuration": partial(full_name_or_empty, "channelConfigurations"),
    "clarion.v1.Attachment.name": partial(full_name_or_empty, "attachments"),
    "clarion.v1.Audience.name": partial(full_name_or_empty, "audiences"),
    "clarion.v1.Campaign.name": partial(full_name_or_empty, "campaigns"),
    "clarion.v1.Campaign.sending_policy": partial(full_name_or_empty, "sendingPolicies"),
    "clarion.v1.Campaign.topic": partial(full_name_or_empty, "topics"),
    "clarion.v1.ChannelConfiguration.name": partial(full_name_or_empty, "channelConfigurations"),
    "clarion.v1.Fragment.name": partial(full_name_or_empty, "fragments"),
    "clarion.v1.IdentityNamespace.name": partial(full_name_or_empty, "identityNamespaces"),
    "clarion.v1.Profile.identities": full_identity,
    "clarion.v1.Profile.name": partial(full_name_or_empty, "profiles"),
    "clarion.v1.ContentAttachment.attachment": partial(full_name_or_empty, "attachments"),
    "clarion.v1.ConsentChange.topic": partial(full_name_or_empty, "topics"),
    "clarion.v1.FrequencyCap.topic": partial(full_name_or_empty, "topics"),
    "clarion.v1.Recipient.identity": full_identity,
    "clarion.v1.RecipientAttachment.attachment": partial(full_name_or_empty, "attachments"),
    "clarion.v1.SendingPolicy.name": partial(full_name_or_empty, "sendingPolicies"),
    "clarion.v1.TestCase.name": _full_test_case_name_or_empty,
    "clarion.v1.Topic.name": partial(full_name_or_empty, "topics"),
    "clarion.v1.TriggerRequest.campaign": partial(full_name_or_empty, "campaigns"),
}
