"""Names of resources, such as `campaigns/order-confirmed`, and identities, such as `email:jane@example.com`."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from clarion_server.domain.errors import InvalidFields
from clarion_server.domain.violation import Violation, malformed, required, too_long

#: Is the longest identity, in characters: a namespace, a colon and the longest e-mail address.
MAX_IDENTITY = 320

_CHOSEN_ID = "[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_CHOSEN_RULE = "1 to 63 lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen"
_ASSIGNED_ID = "[0-9a-f]{32}"
_ASSIGNED_RULE = "an id that Clarion assigned"


@dataclass(frozen=True, slots=True)
class Collection:
    """Holds the resources of one kind, whose names consist of the collection and an id."""

    name: str
    id_pattern: str
    id_rule: str
    _name: re.Pattern[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # A frozen class has no other way to set a derived field.
        object.__setattr__(self, "_name", re.compile(f"{self.name}/({self.id_pattern})"))

    def format(self, resource_id: str) -> str:
        return f"{self.name}/{resource_id}"

    def parse(self, name: str, field: str = "name") -> str:
        """Returns the id in `name`. Raises InvalidFields for the request's field `field`."""
        found = self._name.fullmatch(name)
        if found is None:
            raise InvalidFields((self._name_violation(name, field),))
        return found[1]

    def id_violation(self, resource_id: str, field: str) -> Violation | None:
        """Returns the violation of an id that a caller chose, if there is one."""
        if not resource_id:
            return required(field)
        if re.fullmatch(self.id_pattern, resource_id):
            return None
        return malformed(field, f"Must be {self.id_rule}.")

    def _name_violation(self, name: str, field: str) -> Violation:
        if not name:
            return required(field)
        return malformed(field, f"Must be of the form '{self.name}/…', where '…' is {self.id_rule}.")


def of_chosen_ids(name: str) -> Collection:
    """Returns a collection whose ids callers choose."""
    return Collection(name, _CHOSEN_ID, _CHOSEN_RULE)


CAMPAIGNS = of_chosen_ids("campaigns")
CHANNEL_CONFIGURATIONS = of_chosen_ids("channelConfigurations")
EXECUTIONS = Collection("executions", _ASSIGNED_ID, _ASSIGNED_RULE)
MESSAGES = Collection("messages", f"{_ASSIGNED_ID}-(?:[0-9]{{4}}){{1,2}}-[0-9]", _ASSIGNED_RULE)
SUPPRESSIONS = Collection("suppressions", _ASSIGNED_ID, _ASSIGNED_RULE)
API_KEYS = Collection("apiKeys", _ASSIGNED_ID, _ASSIGNED_RULE)
AUDIENCES = of_chosen_ids("audiences")
TOPICS = of_chosen_ids("topics")
APPROVAL_POLICIES = of_chosen_ids("approvalPolicies")
SENDING_POLICIES = of_chosen_ids("sendingPolicies")
IDENTITY_NAMESPACES = Collection(
    "identityNamespaces", "[a-z0-9_-]{1,32}", "1 to 32 lower-case letters, digits, hyphens and underscores"
)
PROFILES = Collection("profiles", _ASSIGNED_ID, _ASSIGNED_RULE)
ATTACHMENTS = of_chosen_ids("attachments")
FRAGMENTS = of_chosen_ids("fragments")
#: The id of a test case is unique within its campaign.
TEST_CASES = of_chosen_ids("testCases")


def test_cases_of(campaign_id: str) -> Collection:
    """Returns the test cases of one campaign."""
    return Collection(f"{CAMPAIGNS.format(campaign_id)}/{TEST_CASES.name}", _CHOSEN_ID, _CHOSEN_RULE)


def campaign_of_test_case(name: str, field: str) -> str:
    """Returns the id of the campaign in the name of a test case. Raises InvalidFields for the request's `field`."""
    campaign, separator, case = name.partition(f"/{TEST_CASES.name}/")
    if not name:
        raise InvalidFields((required(field),))
    if not separator or CAMPAIGNS.id_violation(campaign.removeprefix("campaigns/"), field) or "/" in case:
        form = f"Must be of the form 'campaigns/…/testCases/…', where each '…' is {_CHOSEN_RULE}."
        raise InvalidFields((malformed(field, form),))
    return CAMPAIGNS.parse(campaign, field)


_SANDBOX = re.compile("[a-z][a-z0-9-]{0,62}")
_NAMESPACE = re.compile("[a-z0-9_-]{1,32}")


def is_sandbox(text: str) -> bool:
    return _SANDBOX.fullmatch(text) is not None


def is_namespace(text: str) -> bool:
    """Returns whether the text is a namespace of identities."""
    return _NAMESPACE.fullmatch(text) is not None


def split_identity(identity: str) -> tuple[str, str] | None:
    """Returns the namespace and the value of an identity; None when it is malformed."""
    namespace, _, value = identity.partition(":")
    if value and is_namespace(namespace) and identity.isprintable() and value == value.strip():
        return namespace, value
    return None


def identity_violation(identity: str, namespace: str, field: str) -> Violation | None:
    """Returns the violation of an identity that must be in `namespace`, if there is one."""
    if not identity:
        return required(field)
    if len(identity) > MAX_IDENTITY:
        return too_long(field, MAX_IDENTITY)
    parts = split_identity(identity)
    if parts is None:
        return malformed(field, "Must be of the form 'namespace:value', such as 'email:jane@example.com'.")
    if parts[0] != namespace:
        return Violation(field, "WRONG_NAMESPACE", f"Must be in the campaign's namespace '{namespace}'.")
    return None


def is_identity_value(value: str) -> bool:
    """Returns whether the text may stand behind the namespace of an identity, if both are short enough together."""
    return value != "" and value.isprintable() and value == value.strip()


def identity_form_violation(identity: str, field: str) -> Violation | None:
    """Returns the violation of the form of an identity in any namespace, if there is one."""
    return identity_violation(identity, identity.partition(":")[0], field)
