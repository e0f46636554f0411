"""Provides the calls about channel configurations."""

from __future__ import annotations

import datetime as dt

import clarion_client as client
from clarion.v1 import channel_configuration_pb2 as channel_pb
from clarion.v1 import channel_configuration_service_pb2 as channels_pb
from google.protobuf.field_mask_pb2 import FieldMask

from tests.integration.client.cases import Case

WIRE_CHANNEL = channel_pb.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)
CHANNEL = client.ChannelConfiguration(name="channelConfigurations/x", max_concurrency=5)

CASES = {
    "channels.create": Case(
        "CreateChannelConfiguration",
        lambda c: c.channels.create(CHANNEL),
        channels_pb.CreateChannelConfigurationRequest(channel_configuration_id="x", channel_configuration=WIRE_CHANNEL),
        channels_pb.CreateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.create to validate": Case(
        "CreateChannelConfiguration",
        lambda c: c.channels.create(CHANNEL, validate_only=True),
        channels_pb.CreateChannelConfigurationRequest(
            channel_configuration_id="x", channel_configuration=WIRE_CHANNEL, validate_only=True
        ),
        channels_pb.CreateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.get": Case(
        "GetChannelConfiguration",
        lambda c: c.channels.get("x"),
        channels_pb.GetChannelConfigurationRequest(name="channelConfigurations/x"),
        channels_pb.GetChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.update": Case(
        "UpdateChannelConfiguration",
        lambda c: c.channels.update(CHANNEL, ["disabled"]),
        channels_pb.UpdateChannelConfigurationRequest(
            channel_configuration=WIRE_CHANNEL, update_mask=FieldMask(paths=["disabled"])
        ),
        channels_pb.UpdateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.update to validate": Case(
        "UpdateChannelConfiguration",
        lambda c: c.channels.update(CHANNEL, validate_only=True),
        channels_pb.UpdateChannelConfigurationRequest(
            channel_configuration=WIRE_CHANNEL, update_mask=FieldMask(paths=["*"]), validate_only=True
        ),
        channels_pb.UpdateChannelConfigurationResponse(channel_configuration=WIRE_CHANNEL),
        CHANNEL,
    ),
    "channels.delete": Case(
        "DeleteChannelConfiguration",
        lambda c: c.channels.delete("x", etag="7"),
        channels_pb.DeleteChannelConfigurationRequest(name="channelConfigurations/x", etag="7"),
        channels_pb.DeleteChannelConfigurationResponse(),
        None,
    ),
    "channels.verify": Case(
        "VerifyChannelConfiguration",
        lambda c: c.channels.verify("x"),
        channels_pb.VerifyChannelConfigurationRequest(name="channelConfigurations/x"),
        channels_pb.VerifyChannelConfigurationResponse(
            steps=[channels_pb.VerificationStep(name="ehlo", detail="No answer.")]
        ),
        client.Verification(
            usable=False,
            steps=(client.VerificationStep(name="ehlo", passed=False, detail="No answer.", elapsed=dt.timedelta(0)),),
        ),
    ),
}
