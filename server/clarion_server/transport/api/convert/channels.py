"""Channel configurations, from the wire and back. Passwords go one way only."""

from __future__ import annotations

from clarion.v1 import channel_configuration_pb2 as pb
from clarion.v1 import channel_configuration_service_pb2 as service_pb

from clarion_server.application.channels.configurations import ChannelSettings
from clarion_server.application.ports.channels import VerificationStep
from clarion_server.domain.campaign import Mailbox
from clarion_server.domain.channel import DEFAULT_PORT, ChannelConfiguration, SmtpProvider, TlsMode
from clarion_server.domain.retry import RetryPolicy
from clarion_server.domain.violation import required
from clarion_server.transport.api.convert.enums import CATEGORY, TLS_MODE, VERIFICATION_KIND
from clarion_server.transport.api.convert.mailboxes import from_mailbox, to_mailbox, to_optional_mailbox
from clarion_server.transport.api.convert.request_parser import RequestParser
from clarion_server.transport.api.convert.times import to_duration, to_timestamp

_EMPTY = ChannelConfiguration(
    sandbox="", id="", display_name="", smtp=SmtpProvider("", 0, Mailbox("")), create_time=0, update_time=0
)


def to_settings(configuration: pb.ChannelConfiguration) -> ChannelSettings:
    """The editable fields, with defaults for those that are not set. Flaws travel in the settings."""
    reading = RequestParser()
    if not configuration.HasField("smtp"):
        reading.note(required("smtp"))
    read = ChannelConfiguration(
        sandbox="",
        id="",
        display_name=configuration.display_name,
        categories=reading.members(CATEGORY, configuration.categories, "categories"),
        disabled=configuration.disabled,
        smtp=_from_smtp(reading, configuration.smtp),
        retry_policy=_from_retry_policy(reading, configuration.retry_policy),
        max_concurrency=configuration.max_concurrency or _EMPTY.max_concurrency,
        max_rate=configuration.max_rate,
        create_time=0,
        update_time=0,
    )
    return ChannelSettings(read, reading.flaws)


def to_channel_configuration(configuration: ChannelConfiguration) -> pb.ChannelConfiguration:
    return pb.ChannelConfiguration(
        name=configuration.name,
        display_name=configuration.display_name,
        categories=map(CATEGORY.number, configuration.categories),
        disabled=configuration.disabled,
        smtp=_to_smtp(configuration.smtp),
        retry_policy=_to_retry_policy(configuration.retry_policy),
        max_concurrency=configuration.max_concurrency,
        max_rate=configuration.max_rate,
        etag=configuration.etag,
        create_time=to_timestamp(configuration.create_time),
        update_time=to_timestamp(configuration.update_time),
    )


def to_step(step: VerificationStep) -> service_pb.VerificationStep:
    return service_pb.VerificationStep(
        kind=VERIFICATION_KIND.number(step.kind),
        passed=step.passed,
        detail=step.detail,
        elapsed=to_duration(step.elapsed),
    )


def _from_smtp(reading: RequestParser, smtp: pb.SmtpProvider) -> SmtpProvider:
    tls_mode = reading.member(TLS_MODE, smtp.tls_mode, "smtp.tls_mode") or TlsMode.STARTTLS
    return SmtpProvider(
        host=smtp.host,
        port=smtp.port or DEFAULT_PORT[tls_mode],
        tls_mode=tls_mode,
        ca_certificates=smtp.ca_certificates,
        username=smtp.username,
        password=smtp.password,
        sender=from_mailbox(smtp.sender),
        reply_to=from_mailbox(smtp.reply_to) if smtp.HasField("reply_to") else None,
        timeout=reading.span(smtp.timeout, "smtp.timeout") if smtp.HasField("timeout") else _EMPTY.smtp.timeout,
    )


def _to_smtp(smtp: SmtpProvider) -> pb.SmtpProvider:
    return pb.SmtpProvider(
        host=smtp.host,
        port=smtp.port,
        tls_mode=TLS_MODE.number(smtp.tls_mode),
        ca_certificates=smtp.ca_certificates,
        username=smtp.username,
        password_set=bool(smtp.password),
        sender=to_mailbox(smtp.sender),
        reply_to=to_optional_mailbox(smtp.reply_to),
        timeout=to_duration(smtp.timeout),
    )


def _from_retry_policy(reading: RequestParser, policy: pb.RetryPolicy) -> RetryPolicy:
    spans = {
        name: reading.span(getattr(policy, name), f"retry_policy.{name}")
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
