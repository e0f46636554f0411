"""Sending policies from files and by commands, against the real service."""

from __future__ import annotations

import datetime as dt

from clarion_client import (
    Channel,
    FrequencyCapCalendarPeriod,
    SendingPolicyWhenClosed,
    WallClockInterval,
    WallClockIntervalDay,
)

from tests.e2e.cli.conftest import CAMPAIGN, CommandLine
from tests.service import Sandbox

POLICY = """\
policy: nights
display_name: Nights and Sundays
quiet_hours:
  - {start: "22:00", end: "08:00"}
  - {days: [SUNDAY], start: "00:00", end: "24:00"}
time_zone: Europe/Berlin
when_closed: EXCLUDE
rate: 0.5
caps:
  - {count: 3, calendar: WEEK, channels: [EMAIL]}
  - {count: 1, sliding: 86400s, tag: sale}
"""


async def test_a_policy_is_applied_before_the_campaign_that_names_it(shop: CommandLine, sandbox: Sandbox) -> None:
    shop.write("campaign.yaml", f"{CAMPAIGN}sending_policy: nights\n---\n{POLICY}")
    applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--json")
    assert applied.status == 0
    assert [line["name"] for line in applied.lines] == ["sendingPolicies/nights", "campaigns/order-confirmed"]
    with sandbox.client() as client:
        assert client.campaigns.get("order-confirmed").sending_policy == "sendingPolicies/nights"
        policy = client.sending_policies.get("nights")
    assert policy.when_closed is SendingPolicyWhenClosed.EXCLUDE
    weekly, daily = policy.caps
    assert (weekly.calendar, weekly.channels) == (FrequencyCapCalendarPeriod.WEEK, (Channel.EMAIL,))
    assert (daily.sliding, daily.tag) == (dt.timedelta(days=1), "sale")
    assert policy.quiet_hours[1] == WallClockInterval(days=(WallClockIntervalDay.SUNDAY,), start="00:00", end="24:00")
    refused = await shop("policies", "delete", "nights")
    assert refused.status != 0
    assert "order-confirmed" in refused.err


async def test_a_policy_is_printed_as_the_file_that_made_it(shop: CommandLine) -> None:
    shop.write("policy.yaml", POLICY)
    await shop("apply", "-f", "policy.yaml")
    printed = await shop("policies", "get", "nights")
    shop.write("policy.yaml", printed.out)
    assert (await shop("apply", "-f", "policy.yaml", "--json")).lines[0]["change"] == "unchanged"


async def test_policies_are_listed_until_they_are_deleted(shop: CommandLine) -> None:
    shop.write("policy.yaml", POLICY)
    await shop("apply", "-f", "policy.yaml")
    listed = (await shop("policies", "list")).out
    assert "nights" in listed
    assert "22:00-08:00, SUN 00:00-24:00" in listed
    assert "3/week, 1 in 24 h" in listed
    assert "0.5/s" in listed
    assert (await shop("policies", "delete", "nights")).out == "nights is deleted.\n"
    assert (await shop("policies", "list", "--json")).data == []


async def test_changes_of_policies_and_of_silence_are_watched(shop: CommandLine) -> None:
    shop.write("policy.yaml", POLICY)
    await shop("apply", "-f", "policy.yaml")
    await shop("consents", "settings", "--silence", "send-unless-denied")
    types = "SENDING_POLICY_CHANGED,SILENCE_CHANGED"
    watched = (await shop("watch", "--types", types, "--from-start", "--limit", "2")).out
    assert "SENDING_POLICY_CHANGED  nights" in watched
    assert "CREATED apiKeys/" in watched
    assert "SEND_UNLESS_DENIED apiKeys/" in watched


async def test_messages_are_listed_by_the_reason_and_the_check_that_excluded_them(shop: CommandLine) -> None:
    await shop("trigger", "order-confirmed", "--to", "suppressed@clarion.test", "--context", '{"order": "1"}')
    await shop("trigger", "order-confirmed", "--to", "not-allowed@clarion.test", "--context", '{"order": "1"}')
    (found,) = (await shop("messages", "list", "--excluded-for", "suppressed", "--json")).data
    assert found["address"] == "suppressed@clarion.test"
    assert len((await shop("messages", "list", "--excluded-at", "accept", "--json")).data) == 2
    listed = (await shop("messages", "list", "--excluded-at", "accept")).out
    assert "EXCLUDED (SUPPRESSED)" in listed
    assert "EXCLUDED (NOT_ALLOWED)" in listed
    assert (await shop("messages", "list", "--excluded-at", "hand-off", "--json")).data == []
    refused = await shop("messages", "list", "--excluded-for", "weather")
    assert refused.status == 2


async def test_a_message_shows_its_policy_and_the_time_zone_that_decided(shop: CommandLine) -> None:
    for_orders = f"{POLICY}categories: [TRANSACTIONAL]\n"
    shop.write("campaign.yaml", f"{CAMPAIGN}sending_policy: nights\n---\n{for_orders}")
    assert (await shop("apply", "-f", "campaign.yaml", "--activate")).status == 0
    data = ("--to", "jane@example.com", "--context", '{"order": "1"}', "--json")
    (recipient,) = (await shop("trigger", "order-confirmed", *data)).data["recipients"]
    shown = (await shop("messages", "get", recipient["messages"][0]["message"])).out
    assert "sendingPolicies/nights" in shown
    assert "Europe/Berlin (from the policy)" in shown
