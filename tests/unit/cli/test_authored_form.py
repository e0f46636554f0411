from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from clarion.v1 import campaign_pb2, channel_configuration_pb2
from clarion_client import Campaign, ChannelConfiguration
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, CHANNEL, Kind, exported
from clarion_server.transport.cli.files.yaml_schema import CoreLoader
from google.api import field_behavior_pb2
from google.protobuf.descriptor import Descriptor

SMTP = {"host": "smtp.example.com", "sender": {"address": "shop@example.com"}}
#: The author's, and yet not among the fields of a file: the id stands at the top, the etag is not kept in files.
ASIDE = {"name", "etag"}


def fields_for_authors(message: Descriptor) -> Iterable[str]:
    for field in message.fields:
        behaviours = field.GetOptions().Extensions[field_behavior_pb2.field_behavior]
        if field_behavior_pb2.OUTPUT_ONLY not in behaviours and field.name not in ASIDE:
            yield field.name


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (CAMPAIGN, campaign_pb2.Campaign.DESCRIPTOR),
        (CHANNEL, channel_configuration_pb2.ChannelConfiguration.DESCRIPTOR),
    ],
)
def test_files_hold_every_field_that_the_contract_leaves_to_authors(kind: Kind[Any], message: Descriptor) -> None:
    assert set(kind.fields) == set(fields_for_authors(message))


def test_what_a_field_says_by_its_absence_is_left_out() -> None:
    stored = Campaign.from_dict(
        {
            "name": "campaigns/order-confirmed",
            "display_name": "Order confirmed",
            "description": "",
            "tags": [],
            "default_locale": "en",
            "identity_namespace": "email",
            "in_doubt_policy": "RESEND",
            "actions": [{"channel_configuration": "channelConfigurations/orders", "email": {"subject": "Order"}}],
            "state": "LIVE",
            "etag": '"1-1"',
        }
    )
    assert CAMPAIGN.authored(stored) == {
        "display_name": "Order confirmed",
        "actions": [{"channel_configuration": "orders", "email": {"subject": "Order"}}],
    }


def test_free_data_is_kept_as_it_is() -> None:
    schema = {"type": "object", "properties": {"gift": {"default": False}, "note": {"default": ""}}}
    assert CAMPAIGN.authored(Campaign.from_dict({"context_schema": schema})) == {"context_schema": schema}
    assert CAMPAIGN.authored(Campaign.from_dict({"context_schema": {}})) == {"context_schema": {}}


@pytest.mark.parametrize(("tls_mode", "port"), [("STARTTLS", 587), ("IMPLICIT", 465), ("NONE", 25)])
def test_a_channel_with_every_default_written_out_is_the_same_as_one_without(tls_mode: str, port: int) -> None:
    written_out = {
        "smtp": {**SMTP, "tls_mode": tls_mode, "port": port, "timeout": "30s"},
        "retry_policy": {"window": "86400s", "initial_delay": "5s", "max_delay": "900s"},
        "max_concurrency": 10,
        "max_rate": 0,
        "disabled": False,
    }
    short = {"smtp": {**SMTP, "tls_mode": tls_mode}}
    assert authored_channel(written_out) == authored_channel(short)


def test_what_is_no_default_is_kept() -> None:
    data = {"smtp": {**SMTP, "port": 465}, "retry_policy": {"window": "60s"}, "max_rate": 2.5}
    assert authored_channel(data) == data


def test_a_password_is_only_told_to_be_set() -> None:
    given = authored_channel({"smtp": {**SMTP, "username": "shop", "password": "correct horse"}})
    stored = authored_channel({"smtp": {**SMTP, "username": "shop", "password_set": True}})
    assert given == stored
    assert "correct horse" not in str(given)
    assert list(given["smtp"]) == list(stored["smtp"])


def test_an_export_has_no_password_and_can_be_read() -> None:
    channel = ChannelConfiguration.from_dict({"name": "orders", "smtp": {**SMTP, "password_set": True}})
    text = exported(CHANNEL, channel, "a password is set")
    assert text.startswith("# a password is set\nchannel: orders\n")
    assert CoreLoader(text).get_single_data() == {"channel": "orders", "smtp": SMTP}


def authored_channel(data: dict[str, Any]) -> dict[str, Any]:
    return CHANNEL.authored(ChannelConfiguration.from_dict(data))
