"""Converts channel configurations from and to protobuf."""

from __future__ import annotations

from clarion.v1 import channel_configuration_pb2 as pb
from clarion.v1 import channel_configuration_service_pb2 as service_pb

from clarion_server.application.channels.configurations import ChannelSettings
from clarion_server.application.ports.channels import VerificationStep
from clarion_server.domain.channels.channel import DEFAULT_MAX_MESSAGE, ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.transport.api.convert.access_labels import read_access_labels
from clarion_server.transport.api.convert.enums import CATEGORY, CHANNEL
from clarion_server.transport.api.convert.providers import from_provider, to_provider
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_duration, to_timestamp

_DEFAULT_MAX_CONCURRENCY = 10


def to_settings(configuration: pb.ChannelConfiguration) -> ChannelSettings:
    """Reads the editable fields, with defaults for those that are not set. The settings carry the violations."""
    parser = RequestParser()
    read = ChannelConfiguration(
        sandbox="",
        id="",
        display_name=configuration.display_name,
        categories=parser.members(CATEGORY, configuration.categories, "categories"),
        disabled=configuration.disabled,
        provider=from_provider(parser, configuration),
        retry_policy=_from_retry_policy(parser, configuration.retry_policy),
        max_concurrency=configuration.max_concurrency or _DEFAULT_MAX_CONCURRENCY,
        max_rate=configuration.max_rate,
        max_message_bytes=configuration.max_message_bytes or DEFAULT_MAX_MESSAGE,
        create_time=0,
        update_time=0,
    )
    return ChannelSettings(read, parser.violations, read_access_labels(configuration.access_labels))


def to_channel_configuration(configuration: ChannelConfiguration) -> pb.ChannelConfiguration:
    return pb.ChannelConfiguration(
        name=configuration.name,
        display_name=configuration.display_name,
        categories=map(CATEGORY.number, configuration.categories),
        disabled=configuration.disabled,
        retry_policy=_to_retry_policy(configuration.retry_policy),
        max_concurrency=configuration.max_concurrency,
        max_rate=configuration.max_rate,
        max_message_bytes=configuration.max_message_bytes,
        access_labels=configuration.access_labels.names,
        etag=configuration.etag,
        create_time=to_timestamp(configuration.create_time),
        update_time=to_timestamp(configuration.update_time),
        channel=CHANNEL.number(configuration.channel),
        **to_provider(configuration.provider),
    )


def to_step(step: VerificationStep) -> service_pb.VerificationStep:
    return service_pb.VerificationStep(
        name=step.name,
        passed=step.passed,
        detail=step.detail,
        elapsed=to_duration(step.elapsed),
    )


def _from_retry_policy(parser: RequestParser, policy: pb.RetryPolicy) -> RetryPolicy:
    spans = {
        name: parser.span(getattr(policy, name), f"retry_policy.{name}")
        for name in ("window", "initial_delay", "max_delay")
        if policy.HasField(name)
    }
    return RetryPolicy(**spans)


def _to_retry_policy(policy: RetryPolicy) -> pb.RetryPolicy:
    return pb.RetryPolicy(
        window=to_duration(policy.window),
        initial_delay=to_duration(policy.initial_delay),
        max_delay=to_duration(policy.max_delay),
    )
