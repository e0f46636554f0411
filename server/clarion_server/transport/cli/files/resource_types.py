"""The two kinds of resources that are kept in files, and the form that their authors give them.

The authored form of a resource holds what its author writes: the fields of the contract that are the author's,
without those that say no more than their absence would, under names as short as they may be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from clarion_client import Campaign, ChannelConfiguration, Client

from clarion_server.transport.cli.files.yaml_schema import dump

V = TypeVar("V", Campaign, ChannelConfiguration)

#: Stands for a password, which is never shown and cannot be compared.
SECRET = "(set)"  # noqa: S105 - what is shown in its place

#: Data of the author's own: nothing in it is a field.
FREE_FORM = frozenset({"context_schema", "headers"})

# What the contract says that the absence of a field means.
CAMPAIGN_DEFAULTS = {"default_locale": "en", "identity_namespace": "email", "in_doubt_policy": "RESEND"}
CHANNEL_DEFAULTS = {
    "max_concurrency": 10,
    "retry_policy": {"window": "86400s", "initial_delay": "5s", "max_delay": "900s"},
    "smtp": {"tls_mode": "STARTTLS", "timeout": "30s"},
}
DEFAULT_PORTS = {"NONE": 25, "STARTTLS": 587, "IMPLICIT": 465}


class ProcessHeartbeat(Protocol[V]):
    """What the client does with the resources of a kind."""

    def get(self, name: str, /) -> V: ...
    def create(self, value: V, /) -> V: ...
    def update(self, value: V, fields: Iterable[str], /) -> V: ...


@dataclass(frozen=True, slots=True)
class Kind(Generic[V]):
    """`keyword` is the key that names a resource in a file; `fields` are those that an author may write."""

    keyword: str
    collection: str
    value_type: type[V]
    fields: tuple[str, ...]
    authored: Callable[[V], dict[str, Any]]
    keeper: Callable[[Client], ProcessHeartbeat[V]]


def authored_campaign(campaign: Campaign) -> dict[str, Any]:
    data = _written(campaign.to_dict(), CAMPAIGN.fields, CAMPAIGN_DEFAULTS)
    if "context_schema" in data:
        # The contract keeps no order among the names of free data.
        data["context_schema"] = _sorted(data["context_schema"])
    for action in data.get("actions", ()):
        action["channel_configuration"] = action["channel_configuration"].rpartition("/")[2]
    return data


def authored_channel(channel: ChannelConfiguration) -> dict[str, Any]:
    data = _written(channel.to_dict(), CHANNEL.fields, CHANNEL_DEFAULTS)
    smtp = data.get("smtp", {})
    # Taken out and put in again, for it to stand at the same place in a diff.
    passwords = [smtp.pop("password", ""), smtp.pop("password_set", False)]
    if any(passwords):
        smtp["password"] = SECRET
    if smtp.get("port") == DEFAULT_PORTS[smtp.get("tls_mode", "STARTTLS")]:
        del smtp["port"]
    return data


CAMPAIGN = Kind(
    "campaign",
    "campaigns",
    Campaign,
    (
        "display_name",
        "description",
        "tags",
        "category",
        "default_locale",
        "identity_namespace",
        "schedule",
        "in_doubt_policy",
        "rapid",
        "actions",
        "context_schema",
    ),
    authored_campaign,
    lambda client: client.campaigns,
)
CHANNEL = Kind(
    "channel",
    "channelConfigurations",
    ChannelConfiguration,
    ("display_name", "categories", "disabled", "smtp", "retry_policy", "max_concurrency", "max_rate"),
    authored_channel,
    lambda client: client.channels,
)


def exported(kind: Kind[V], value: V, note: str) -> str:
    """The resource as a file that can be applied, with a note at its top."""
    data = kind.authored(value)
    if "smtp" in data:
        data["smtp"].pop("password", None)
    comment = f"# {note}\n" if note else ""
    return comment + dump({kind.keyword: value.name.rpartition("/")[2], **data})


def _written(data: Mapping[str, Any], fields: Iterable[str], defaults: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: data[name] for name in fields if name in data}
    written: dict[str, Any] = _without_empty(known)
    return _without_defaults(written, defaults)


def _sorted(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _sorted(item) for name, item in sorted(data.items())}
    return [_sorted(item) for item in data] if isinstance(data, list) else data


def _without_empty(data: Any) -> Any:
    """Leaves out the fields that hold their type's zero, which is what an absent field holds too."""
    if isinstance(data, list):
        return [_without_empty(item) for item in data]
    if isinstance(data, float) and data.is_integer():
        # A file says 5 where the contract has a double.
        return int(data)
    if not isinstance(data, dict):
        return data
    kept = {name: item if name in FREE_FORM else _without_empty(item) for name, item in data.items()}
    # An empty schema allows every context, none allows an empty one alone.
    return {name: item for name, item in kept.items() if item or name == "context_schema"}


def _without_defaults(data: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    kept = {}
    for name, item in data.items():
        default = defaults.get(name)
        value = _without_defaults(item, default) if isinstance(default, dict) else item
        if value not in (default, {}) or name == "context_schema":
            kept[name] = value
    return kept
