"""Tests the allow list from the command line, against the real service."""

from __future__ import annotations

from tests.e2e.cli.conftest import CommandLine

TRIGGER = ("trigger", "order-confirmed", "--context", '{"order": "1"}', "--to")


async def test_nothing_is_sent_to_others_while_the_list_is_enabled(shop: CommandLine) -> None:
    assert (await shop("allow-list", "show")).out == "Disabled: everything may be sent.\n"
    assert (await shop("allow-list", "enable")).out == "Enabled and empty: nothing is sent.\n"
    refused = await shop(*TRIGGER, "jane@example.com")
    assert "NOT_ALLOWED" in refused.out + refused.err
    added = await shop("allow-list", "add", "Jane@Example.com", "*.example.org", "Jane@Example.com")
    assert added.out.splitlines() == [
        "Enabled: nothing is sent to others than these.",
        "Jane@Example.com",
        "*.example.org",
    ]
    assert (await shop(*TRIGGER, "jane@example.com")).status == 0
    removed = await shop("allow-list", "remove", "Jane@Example.com", "--json")
    assert removed.data["entries"] == ["*.example.org"]
    assert (await shop("allow-list", "remove", "jane@example.com")).status == 2
    assert (await shop("allow-list", "add")).status == 2
    assert (await shop("allow-list", "disable", "--json")).data["enabled"] is False
    watched = await shop("watch", "--types", "ALLOW_LIST_CHANGED", "--from-start", "--limit", "1")
    assert "allowList" in watched.out
    assert "enabled, 0 entries, apiKeys/" in watched.out
    assert (await shop(*TRIGGER, "jane@example.com")).status == 0
