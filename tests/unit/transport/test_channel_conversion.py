"""Channel configurations from the wire and back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from clarion.v1 import channel_configuration_pb2 as pb
from clarion.v1 import channel_configuration_service_pb2 as service_pb
from clarion.v1 import smtp_provider_pb2
from clarion_server.application.ports.channels import VerificationStep
from clarion_server.domain.channels.channel import ChannelConfiguration
from clarion_server.domain.channels.retry import RetryPolicy
from clarion_server.domain.content.email import SmtpProvider, TlsMode
from clarion_server.domain.instant import DAY, MINUTE, SECOND
from clarion_server.domain.secret import secret_names
from clarion_server.transport.api.convert.channels import to_channel_configuration, to_settings, to_step
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.transport.definitions import configurations


@given(configurations)
def test_settings_survive_the_way_to_the_wire_and_back(configuration: ChannelConfiguration) -> None:
    wire = to_channel_configuration(configuration)
    settings = to_settings(pb.ChannelConfiguration.FromString(wire.SerializeToString()))
    assert settings.configuration == configuration
    assert settings.violations == ()
    assert to_channel_configuration(settings.configuration) == wire


@given(configurations, st.text(min_size=8))
def test_a_secret_goes_in_and_never_out(configuration: ChannelConfiguration, secret: str) -> None:
    provider = configuration.provider
    for name in secret_names(provider):
        kept = replace(configuration, provider=replace(provider, **{name: secret}))  # type: ignore[arg-type] # a text
        wire = to_channel_configuration(kept)
        shown = getattr(wire, provider.field)
        assert getattr(shown, name) == ""
        assert getattr(shown, f"{name}_set")
        assert not getattr(getattr(to_channel_configuration(configuration), provider.field), f"{name}_set")
        setattr(shown, name, secret)
        assert getattr(to_settings(wire).configuration.provider, name) == secret


def test_what_is_left_out_has_its_documented_default() -> None:
    settings = to_settings(pb.ChannelConfiguration(smtp=smtp_provider_pb2.SmtpProvider(host="smtp.example.com")))
    read = settings.configuration
    assert settings.violations == ()
    assert isinstance(read.provider, SmtpProvider)
    assert (read.provider.tls_mode, read.provider.port, read.provider.timeout) == (TlsMode.STARTTLS, 587, 30 * SECOND)
    assert read.retry_policy == RetryPolicy(DAY, 5 * SECOND, 15 * MINUTE)
    assert (read.max_concurrency, read.max_rate, read.categories, read.disabled) == (10, 0.0, (), False)


@pytest.mark.parametrize(
    ("mode", "port"),
    [
        (smtp_provider_pb2.SmtpProvider.TLS_MODE_NONE, 25),
        (smtp_provider_pb2.SmtpProvider.TLS_MODE_STARTTLS, 587),
        (smtp_provider_pb2.SmtpProvider.TLS_MODE_IMPLICIT, 465),
    ],
)
def test_the_port_follows_from_the_tls_mode(mode: Any, port: int) -> None:
    wire = pb.ChannelConfiguration(smtp=smtp_provider_pb2.SmtpProvider(tls_mode=mode))
    provider = to_settings(wire).configuration.provider
    assert isinstance(provider, SmtpProvider)
    assert provider.port == port


def test_a_window_of_no_time_is_not_the_default() -> None:
    wire = pb.ChannelConfiguration(retry_policy=pb.RetryPolicy(window=Duration()))
    assert to_settings(wire).configuration.retry_policy.window == 0


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({"smtp": None}, "smtp", "REQUIRED"),
        ({"categories": [1, 0]}, "categories[1]", "UNKNOWN_VALUE"),
        ({"categories": [9]}, "categories[0]", "UNKNOWN_VALUE"),
        ({"smtp": {"tls_mode": 9}}, "smtp.tls_mode", "UNKNOWN_VALUE"),
        ({"smtp": {"timeout": Duration(nanos=2_000_000_000)}}, "smtp.timeout", "MALFORMED"),
        (
            {"retry_policy": {"max_delay": Duration(seconds=1, nanos=-2_000_000_000)}},
            "retry_policy.max_delay",
            "MALFORMED",
        ),
    ],
)
def test_what_cannot_be_read_is_a_violation_of_its_field(fields: dict[str, Any], field: str, reason: str) -> None:
    wire = pb.ChannelConfiguration(**({"smtp": {"host": "smtp.example.com"}} | fields))
    assert [(violation.field, violation.reason) for violation in to_settings(wire).violations] == [(field, reason)]


def test_a_step_tells_how_it_went_and_how_long_it_took() -> None:
    step = to_step(VerificationStep("starttls", passed=False, detail="Refused.", elapsed=1_500_000))
    assert step == service_pb.VerificationStep(
        name="starttls",
        detail="Refused.",
        elapsed=Duration(seconds=1, nanos=500_000_000),
    )
