"""`clarion explain`, against the real service."""

from __future__ import annotations

import datetime as dt
import json

from tests.e2e.cli.conftest import CommandLine


async def test_what_would_be_sent_is_told_with_its_sources(shop: CommandLine) -> None:
    await shop("profiles", "create", "jane@example.com", "--locale", "de", "--attributes", '{"plan": "gold"}')
    command = ("explain", "order-confirmed", "--to", "email:jane@example.com")
    shown = (await shop(*command, "--profile", '{"seats": 3}')).out
    assert "Locale      de (from the profile)" in shown
    assert "plan (from the profile), seats (from the call)" in shown
    assert "email  ACCEPTED" in shown
    assert "Leaves   " in shown
    later = (dt.datetime.now(dt.UTC) + dt.timedelta(days=2)).replace(microsecond=0)
    explained = await shop(*command, "--context", '{"order": "4711"}', "--send-at", later.isoformat(), "--json")
    (message,) = explained.data["messages"]
    assert dt.datetime.fromisoformat(message["explanation"]["due_time"]) == later


async def test_who_would_get_nothing_and_why_is_json_for_programs(shop: CommandLine) -> None:
    added = await shop("suppressions", "add", "jane@example.com", "--json")
    explained = await shop("explain", "order-confirmed", "--to", "jane@example.com", "--json")
    (message,) = explained.data["messages"]
    assert explained.status == 0
    assert message["exclusion_reason"] == "SUPPRESSED"
    (exclusion,) = message["explanation"]["exclusions"]
    assert exclusion["cause"] == added.data["name"]


async def test_what_breaks_the_schema_is_told_as_for_a_trigger(shop: CommandLine) -> None:
    refused = await shop("explain", "order-confirmed", "--to", "jane@example.com", "--context", "{}")
    assert refused.status == 2
    assert "context.order" in refused.err


async def test_when_a_closed_policy_opens_is_told_on_the_clock_that_counts(shop: CommandLine) -> None:
    policy = {
        "policy": "default",
        "display_name": "Evenings",
        "send_windows": [{"start": "18:00", "end": "20:00"}],
        "time_zone": "Asia/Tokyo",
        "when_closed": "EXCLUDE",
        "categories": ["TRANSACTIONAL"],
    }
    shop.write("policy.json", json.dumps(policy))
    assert (await shop("apply", "-f", "policy.json")).status == 0
    command = ("explain", "order-confirmed", "--to", "jane@example.com", "--send-at")
    tomorrow = (dt.datetime.now(dt.UTC) + dt.timedelta(days=1)).date()
    shown = (await shop(*command, f"{tomorrow}T02:00:00Z")).out
    assert "QUIET_HOURS" in shown
    assert f"Opens      {tomorrow} 09:00:00Z ({tomorrow:%a} 18:00 in Asia/Tokyo)" in shown
    explained = await shop(*command, f"{tomorrow}T02:00:00Z", "--json")
    told = explained.data["messages"][0]["explanation"]
    assert (told["opening_time"], told.get("due_time")) == (f"{tomorrow}T09:00:00Z", None)
    assert "Opens" not in (await shop(*command, f"{tomorrow}T10:00:00Z")).out
