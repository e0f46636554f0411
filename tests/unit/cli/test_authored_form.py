from __future__ import annotations

from typing import Any

from clarion_client import Campaign, ChannelConfiguration
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, CHANNEL

SMTP = {"host": "smtp.example.com", "sender": {"address": "shop@example.com"}}


def test_what_the_service_writes_is_no_part_of_a_file() -> None:
    stored = Campaign.from_dict(
        {
            "name": "campaigns/order-confirmed",
            "display_name": "Order confirmed",
            "description": "",
            "tags": [],
            "default_locale": "en",
            "actions": [{"channel_configuration": "channelConfigurations/orders", "email": {"subject": "Order"}}],
            "state": "LIVE",
            "live_version": 3,
            "etag": '"1-1"',
        }
    )
    assert CAMPAIGN.authored(stored) == {
        "display_name": "Order confirmed",
        "default_locale": "en",
        "actions": [{"channel_configuration": "channelConfigurations/orders", "email": {"subject": "Order"}}],
    }


def test_free_data_is_kept_as_it_is() -> None:
    schema = {"type": "object", "properties": {"gift": {"default": False}, "note": {"default": ""}}}
    assert CAMPAIGN.authored(Campaign.from_dict({"context_schema": schema})) == {"context_schema": schema}


def test_an_empty_schema_is_not_an_absent_one() -> None:
    assert CAMPAIGN.authored(Campaign.from_dict({"context_schema": {}})) == {"context_schema": {}}


def test_of_a_stored_password_only_its_being_set_is_shown() -> None:
    given = authored_channel({"smtp": {**SMTP, "username": "shop", "password_set": True}})
    assert given["smtp"]["password_set"]


def test_an_export_has_no_password_and_says_so(tmp_path: Any) -> None:
    channel = ChannelConfiguration.from_dict(
        {"name": "channelConfigurations/orders", "smtp": {**SMTP, "password_set": True}}
    )
    assert CHANNEL.exported(channel).splitlines() == [
        "# Secrets are not shown. Those that are stored stay when this file is applied.",
        "channel: orders",
        "smtp:",
        "  host: smtp.example.com",
        "  sender:",
        "    address: shop@example.com",
    ]


def test_an_export_has_the_comment_that_it_is_given() -> None:
    assert CAMPAIGN.exported(Campaign.from_dict({"name": "campaigns/x"}), "LIVE, version 3") == (
        "# LIVE, version 3\ncampaign: x\n"
    )


def authored_channel(data: dict[str, Any]) -> dict[str, Any]:
    return CHANNEL.authored(ChannelConfiguration.from_dict(data))
