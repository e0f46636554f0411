from __future__ import annotations

from typing import Any

from clarion_client import Campaign, ChannelConfiguration
from clarion_server.transport.cli.files.applying import Difference
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, CHANNEL
from clarion_server.transport.cli.files.resources import Resource
from clarion_server.transport.cli.files.source_location import Place, Places

SMTP = {"host": "smtp.example.com", "username": "shop", "sender": {"address": "shop@example.com"}}


def difference(stored: dict[str, Any], wanted: dict[str, Any], *, renew_passwords: bool = False) -> Difference:
    resource = Resource(
        CHANNEL,
        ChannelConfiguration.from_dict({"name": "orders"} | wanted),
        Places({"": Place("channel.yaml", 1)}),
    )
    return Difference(resource, ChannelConfiguration.from_dict(stored), renew_passwords=renew_passwords)


def test_the_top_level_fields_that_differ_are_named_and_shown() -> None:
    found = difference({"display_name": "Orders", "max_rate": 5.0}, {"display_name": "All orders", "max_rate": 5})
    assert found.fields == ("display_name",)
    assert found.text.splitlines() == [
        "--- channelConfigurations/orders (stored)",
        "+++ channel.yaml",
        "@@ -1,2 +1,2 @@",
        "-display_name: Orders",
        "+display_name: All orders",
        " max_rate: 5",
    ]


def test_a_text_is_compared_line_by_line() -> None:
    def campaign(text: str) -> Campaign:
        email = {"subject": "Order", "text": text}
        return Campaign.from_dict({"name": "x", "actions": [{"channel_configuration": "orders", "email": email}]})

    resource = Resource(CAMPAIGN, campaign("one\ntwo \nthree\n"), Places({"": Place("file.yaml", 1)}))
    found = Difference(resource, campaign("one\n2\nthree\n"), renew_passwords=False)
    changed = [line for line in found.text.splitlines()[3:] if not line.startswith(" ")]
    assert changed == ["-        2", "+        two "]


def test_a_stored_password_is_taken_for_the_one_of_the_file() -> None:
    stored = {"smtp": {**SMTP, "password_set": True}}
    assert difference(stored, {"smtp": {**SMTP, "password": "new"}}).fields == ()
    assert difference(stored, {"smtp": SMTP}).fields == ()
    assert difference(stored, {"smtp": {**SMTP, "password": "new"}}, renew_passwords=True).fields == ("smtp",)


def test_a_first_password_and_another_user_are_differences() -> None:
    assert difference({"smtp": SMTP}, {"smtp": {**SMTP, "password": "new"}}).fields == ("smtp",)
    other_user = {"smtp": {**SMTP, "username": "other"}}
    assert difference({"smtp": {**SMTP, "password_set": True}}, other_user).fields == ("smtp",)
