"""The types of resources that are kept in files, and how files write them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from clarion.v1 import (
    approval_policy_pb2,
    audience_pb2,
    campaign_pb2,
    channel_configuration_pb2,
    fragment_pb2,
    sending_policy_pb2,
    topic_pb2,
)
from clarion_client import (
    ApprovalPolicy,
    Audience,
    Campaign,
    ChannelConfiguration,
    Client,
    Fragment,
    SendingPolicy,
    TestCase,
    Topic,
)
from google.protobuf.descriptor import Descriptor, FieldDescriptor

from clarion_server.transport.cli.files.contract_fields import collection_of, is_identifier, is_output_only, message_of
from clarion_server.transport.cli.files.yaml_syntax import dump

V = TypeVar("V", ApprovalPolicy, Audience, Campaign, ChannelConfiguration, Fragment, SendingPolicy, TestCase, Topic)


class Resources(Protocol[V]):
    """Is what the client does with the resources of a type."""

    def get(self, name: str, /) -> V: ...
    def create(self, value: V, /, *, validate_only: bool = False) -> V: ...
    def list(self, *, page_size: int = 0) -> Iterable[V]: ...
    def update(self, value: V, fields: Iterable[str] | None = None, /, *, validate_only: bool = False) -> V: ...


@dataclass(frozen=True, slots=True)
class ResourceType(Generic[V]):
    """`keyword` is the key that names a resource in a file."""

    keyword: str
    value_type: type[V]
    message: Descriptor
    resources: Callable[[Client], Resources[V]]
    #: Says whether `${NAME}` in a file is the value of an environment variable. A template may well contain such a
    #: text.
    has_environment: bool = False

    @property
    def collection(self) -> str:
        return collection_of(self.message)

    def full_name(self, value: V) -> str:
        """Returns the name of a resource, which a file may have shortened."""
        return f"{self.collection}/{value.name.rpartition('/')[2]}"

    @property
    def folder(self) -> str:
        """Returns where `clarion export` writes resources of the type."""
        stem = self.keyword.removesuffix("y")
        return f"{self.keyword}s" if stem == self.keyword else f"{stem}ies"

    @property
    def fields(self) -> tuple[str, ...]:
        """Returns the fields that a file may have, in the order of the contract."""
        return tuple(field.name for field in self.message.fields if _is_author_s(field))

    def authored(self, value: V) -> dict[str, Any]:
        """Returns what a file says about the resource, and what the service says about it within these fields, such as
        that a password is set.
        """
        shown = _present(value.to_dict(), self.message)
        return {name: shown[name] for name in self.fields if name in shown}

    def exported(
        self, value: V, comment: str = "", change: Callable[[dict[str, Any]], dict[str, Any]] = lambda data: data
    ) -> str:
        """Returns the resource as a file that can be applied, with a comment at its top. `change` changes its data."""
        shown = self.authored(value)
        data = _without_outputs(shown, self.message)
        comments = [comment] if comment else []
        if self.has_environment and data != shown:
            comments.append("Secrets are not shown. Those that are stored stay when this file is applied.")
        head = "".join(f"# {line}\n" for line in comments)
        return head + dump({self.keyword: value.name.rpartition("/")[2], **change(data)})


AUDIENCE = ResourceType("audience", Audience, audience_pb2.Audience.DESCRIPTOR, lambda client: client.audiences)
APPROVAL_POLICY = ResourceType(
    "approval_policy",
    ApprovalPolicy,
    approval_policy_pb2.ApprovalPolicy.DESCRIPTOR,
    lambda client: client.approval_policies,
)
CAMPAIGN = ResourceType("campaign", Campaign, campaign_pb2.Campaign.DESCRIPTOR, lambda client: client.campaigns)
CHANNEL = ResourceType(
    "channel",
    ChannelConfiguration,
    channel_configuration_pb2.ChannelConfiguration.DESCRIPTOR,
    lambda client: client.channels,
    has_environment=True,
)
FRAGMENT = ResourceType("fragment", Fragment, fragment_pb2.Fragment.DESCRIPTOR, lambda client: client.fragments)
POLICY = ResourceType(
    "policy",
    SendingPolicy,
    sending_policy_pb2.SendingPolicy.DESCRIPTOR,
    lambda client: client.sending_policies,
)
TOPIC = ResourceType("topic", Topic, topic_pb2.Topic.DESCRIPTOR, lambda client: client.topics)

ALL: tuple[ResourceType[Any], ...] = (CAMPAIGN, CHANNEL, TOPIC, POLICY, APPROVAL_POLICY, AUDIENCE, FRAGMENT)


def type_of(value: Any) -> ResourceType[Any]:
    return next(each for each in ALL if each.value_type is type(value))


def _is_author_s(field: FieldDescriptor) -> bool:
    # An etag changes with every change: in a file it would be outdated at once.
    return not (is_output_only(field) or is_identifier(field) or field.name == "etag")


def _present(data: dict[str, Any], message: Descriptor) -> dict[str, Any]:
    """Returns the fields that say something, in the order of the contract. A field without presence says nothing when
    it holds the zero of its type: it then is the same as an absent one.
    """
    fields = (field for field in message.fields if data.get(field.name) is not None)
    return {
        field.name: _each(data[field.name], field, _present)
        for field in fields
        if data[field.name] or field.has_presence
    }


def _without_outputs(data: dict[str, Any], message: Descriptor) -> dict[str, Any]:
    fields = (field for field in message.fields if field.name in data and not is_output_only(field))
    return {field.name: _each(data[field.name], field, _without_outputs) for field in fields}


def _each(item: Any, field: FieldDescriptor, change: Callable[[dict[str, Any], Descriptor], Any]) -> Any:
    """Returns the value of a field with each message of the contract in it changed."""
    if isinstance(item, list):
        return [_each(each, field, change) for each in item]
    if not isinstance(item, dict):
        return item
    message = message_of(field)
    return _sorted(item) if message is None else change(item, message)


def _sorted(data: Any) -> Any:
    """Returns free data with its names in order, as the contract keeps none among them."""
    if isinstance(data, dict):
        return {name: _sorted(item) for name, item in sorted(data.items())}
    return [_sorted(item) for item in data] if isinstance(data, list) else data
