"""`clarion trigger-audience` and what follows it, against the real service."""

from __future__ import annotations

import asyncio

from clarion_client import Profile

from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox

GOLD = "audience: gold\ndisplay_name: Gold\ncondition: profile.locale == 'de'\n"
TRIGGER = ("trigger-audience", "order-confirmed", "gold", "--context", '{"order": "4711"}')


async def gold(shop: CommandLine, sandbox: Sandbox) -> None:
    """Makes an audience of two magic people with one address, and one who is no member."""
    shop.write("gold.yaml", GOLD)
    await shop("apply", "-f", "gold.yaml")
    people = [
        Profile(identities=["email:sent+1@clarion.test"], locale="de"),
        Profile(identities=["email:x@example.com"], attributes={"email": "sent+1@clarion.test"}, locale="de"),
        Profile(identities=["email:sent+2@clarion.test"], locale="fr"),
    ]
    with sandbox.client() as client:
        await asyncio.to_thread(client.profiles.import_all, people)


async def test_a_run_is_waited_for_and_told(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    finished = await shop(*TRIGGER, "--max-recipients", "5", "--wait", "--json")
    run = finished.data["audience_run"]
    assert finished.status == 0
    assert (run["state"], run["selected_count"], run["accepted_count"]) == ("DONE", 2, 1)
    assert run["excluded_counts"] == {"DUPLICATE_ADDRESS": 1}
    shown = await shop("executions", "get", "--wait", finished.data["name"])
    assert "2 of at most 5" in shown.out
    assert "excluded DUPLICATE_ADDRESS" in shown.out


async def test_members_are_counted_without_sending(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    counted = await shop(*TRIGGER, "--max-recipients", "5", "--validate-only", "--json")
    assert counted.data["audience_run"]["selected_count"] == 2
    assert (await shop("executions", "list", "--json")).data == []


async def test_a_count_claims_no_run(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    counted = await shop(*TRIGGER, "--max-recipients", "5", "--validate-only")
    assert [line.split()[0] for line in counted.out.splitlines()] == ["execution", "audience", "members"]
    assert (counted.out.endswith("2 of at most 5\n"), counted.err) == (True, "")


async def test_a_run_that_goes_on_names_the_command_that_follows_it(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    begun = await shop(*TRIGGER, "--max-recipients", "5")
    execution = begun.out.splitlines()[0].rpartition("/")[2]
    assert begun.err == f"Next: clarion executions get --wait {execution}\n"
    assert "members    at most 5" in begun.out


async def test_an_audience_that_is_too_large_is_bad_news(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    refused = await shop(*TRIGGER, "--max-recipients", "1", "--wait")
    assert refused.status == 1
    assert "AUDIENCE_TOO_LARGE" in refused.out


async def test_a_run_for_a_year_that_nobody_knows_is_refused(shop: CommandLine, sandbox: Sandbox) -> None:
    await gold(shop, sandbox)
    later = await shop(*TRIGGER, "--max-recipients", "5", "--send-at", "2099-01-01T00:00:00Z", "--json")
    assert later.error["reason"] == "INVALID_FIELDS"
    assert [problem["where"] for problem in later.error["problems"]] == ["send_time"]
