"""Completes the names of resources and people, which callers may shorten."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import TypedDict

from google.api import field_behavior_pb2, resource_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import MessageOptions
from google.protobuf.message import Message

from clarion_client._field_error import FieldError

NAMESPACED = re.compile(r"[a-z0-9_-]{1,32}:")
#: The form of the names of test cases, which alone have two ids.
_TEST_CASES = "campaigns/{campaign}/testCases/{test_case}"
_TEST_CASE = re.compile(r"(?:campaigns/)?([^/]+)/(?:testCases/)?([^/]+)")


def _is_text(name: object) -> bool:
    """Returns whether a name is a string, as its type says and callers without a type checker need not know."""
    return isinstance(name, str)


def full_name(collection: str, name: str) -> str:
    """Returns `campaigns/order-confirmed` for that name and for `order-confirmed`.

    Raises FieldError when the name is empty or belongs to another collection.
    """
    if not _is_text(name):
        raise FieldError(f"is {name!r}, not a string")
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
    found = _TEST_CASE.fullmatch(name) if _is_text(name) else None
    if found is None:
        raise FieldError(f"is {name!r}, which is no name of a test case, such as order-confirmed/plain")
    return f"campaigns/{found[1]}/testCases/{found[2]}"


def _full_test_case_name_or_empty(name: str) -> str:
    return full_test_case_name(name) if name else ""


def short_name(name: str) -> str:
    return name.rpartition("/")[2]


def full_identity(identity: str) -> str:
    """Returns `email:jane@example.com` for that identity and for the address alone."""
    # What is no string is refused with the path of its field, when the message is made.
    return identity if not identity or not _is_text(identity) or NAMESPACED.match(identity) else f"email:{identity}"


class PersonFields(TypedDict, total=False):
    """Holds the fields of a request that name a person, of which one is given."""

    profile: str
    identity: str


def person_of(person: str) -> PersonFields:
    """Returns the field of a request that names a person: by a profile, or by an identity."""
    if _is_text(person) and person.startswith("profiles/"):
        return {"profile": person}
    return {"identity": full_identity(person)}


class DraftFields(TypedDict, total=False):
    """Holds the fields of a request that name a draft, of which one is given."""

    campaign: str
    fragment: str


def draft_of(draft: str) -> DraftFields:
    """Returns the field of a request that names a draft: that of a fragment, such as `fragments/footer`, or of a
    campaign, whose name may be shortened. Raises FieldError for any other name.
    """
    if _is_text(draft) and draft.startswith("fragments/"):
        return {"fragment": full_name("fragments", draft)}
    return {"campaign": full_name("campaigns", draft)}


#: Holds the fields of values that name people, with what completes them before they are sent.
_PEOPLE: Mapping[str, Callable[[str], str]] = {
    "clarion.v1.Profile.identities": full_identity,
    "clarion.v1.Recipient.identity": full_identity,
}


def completion(field: FieldDescriptor) -> Callable[[str], str] | None:
    """Returns what completes the value of a field before it is sent; None where the value names nothing, and where the
    service alone sets it.
    """
    if field_behavior_pb2.OUTPUT_ONLY in field.GetOptions().Extensions[field_behavior_pb2.field_behavior]:
        return None
    pattern = _pattern(field)
    if not pattern:
        return _PEOPLE.get(field.full_name)
    if pattern == _TEST_CASES:
        return _full_test_case_name_or_empty
    return partial(full_name_or_empty, pattern.partition("/")[0])


def _pattern(field: FieldDescriptor) -> str:
    """Returns the form of the names that a field holds, such as `topics/{topic}`; an empty text for other fields."""
    options, message = field.GetOptions(), field.containing_type
    assert message is not None
    referred = options.Extensions[resource_pb2.resource_reference].type
    if referred:
        named = f"{message.file.package}.{referred.rpartition('/')[2]}"
        message = message.file.pool.FindMessageTypeByName(named)
    elif field_behavior_pb2.IDENTIFIER not in options.Extensions[field_behavior_pb2.field_behavior]:
        return ""
    return _pattern_of(message.GetOptions())


def collection_of(resource: type[Message]) -> str:
    """Returns what the names of a resource begin with, such as `topics`; an empty text where it is the only one."""
    return _pattern_of(resource.DESCRIPTOR.GetOptions()).partition("/")[0]


def _pattern_of(options: MessageOptions) -> str:
    return next((str(each) for each in options.Extensions[resource_pb2.resource].pattern if "/" in each), "")
