"""Audiences from files and by commands, against the real service."""

from __future__ import annotations

import asyncio

import pytest
from clarion_client import Profile

from examples import choosing
from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox

GOLD = """\
audience: gold
display_name: Gold
condition: |
  profile.attributes.plan == "gold"
  && profile.locale == "de"
"""
VIP = "audience: vip\ndisplay_name: VIP\nidentity_list: {}\n"


async def test_an_audience_is_printed_as_the_file_that_made_it(shop: CommandLine) -> None:
    shop.write("audiences.yaml", f"{GOLD}---\n{VIP}")
    applied = await shop("apply", "-f", "audiences.yaml", "--json")
    assert [line["name"] for line in applied.lines] == ["audiences/gold", "audiences/vip"]
    shop.write("list.txt", "crm:1\n")
    await shop("audiences", "upload", "vip", "list.txt")
    for name, text in (("gold", GOLD), ("vip", VIP)):
        printed = await shop("audiences", "get", name)
        assert printed.out == text
        shop.write("audience.yaml", printed.out)
        assert (await shop("apply", "-f", "audience.yaml", "--json")).lines[0]["change"] == "unchanged"


async def test_a_wrong_condition_is_shown_at_its_line(shop: CommandLine) -> None:
    shop.write("audience.yaml", GOLD.replace("attributes.plan", "plan"))
    refused = await shop("apply", "-f", "audience.yaml")
    assert refused.status == 2
    assert "Line 1, column 8" in refused.err


async def test_a_file_becomes_the_list_and_refused_lines_are_kept(shop: CommandLine) -> None:
    shop.write("audience.yaml", VIP)
    await shop("apply", "-f", "audience.yaml")
    shop.write("list.txt", "jane@example.com\n\ncrm:1\nemail:nobody\nJANE@example.com\n")
    uploaded = await shop("audiences", "upload", "vip", "list.txt", "--rejected", "rejected.csv")
    assert uploaded.status == 1
    assert "2 added, 1 repeated, 1 rejected. The list has 2." in uploaded.out
    assert (shop.folder / "rejected.csv").read_text().splitlines()[1].startswith("4,")
    shop.write("people.csv", "Name,Address\nJoe,joe@example.com\nEve,\n")
    appended = await shop("audiences", "upload", "vip", "people.csv", "--column", "address", "--append", "--json")
    assert appended.status == 0
    assert appended.data == {"added": 1, "repeated": 0, "identity_count": 3, "rejected": []}
    shop.write("list.txt", "crm:2\n")
    await shop("audiences", "upload", "vip", "list.txt")
    assert (await shop("audiences", "sample", "vip")).out == "crm:2\n"
    assert (await shop("audiences", "sample", "vip", "--random")).out == "crm:2\n"
    shop.write("people.csv", f"Address,Note\n{'x' * 131_073},\ncrm:3,{'x' * 131_073}\n")
    long = await shop("audiences", "upload", "vip", "people.csv", "--column", "address", "--append", "--json")
    assert (long.status, long.data["added"]) == (1, 1)
    assert long.data["rejected"] == [{"line": 2, "problem": "The identity has more than 131,072 characters."}]
    refused = await shop("audiences", "upload", "vip", "people.csv", "--column", "email")
    assert refused.status == 2
    assert "no column 'email'" in refused.err


async def test_a_file_without_identities_empties_a_list_only_where_that_is_meant(shop: CommandLine) -> None:
    shop.write("audience.yaml", VIP)
    await shop("apply", "-f", "audience.yaml")
    shop.write("list.txt", "crm:1\n")
    await shop("audiences", "upload", "vip", "list.txt")
    shop.write("list.txt", "\n")
    for option in ((), ("--append",), ("--append", "--allow-empty")):
        refused = await shop("audiences", "upload", "vip", "list.txt", *option)
        assert (refused.status, "The list stays as it is." in refused.err) == (2, True)
    assert (await shop("audiences", "sample", "vip")).out == "crm:1\n"
    assert "The list has 0." in (await shop("audiences", "upload", "vip", "list.txt", "--allow-empty")).out


async def test_an_audience_is_counted_listed_and_deleted(shop: CommandLine, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.profiles.create(Profile(identities=["a@example.com"], attributes={"plan": "gold"}, locale="de"))
        client.profiles.create(Profile(identities=["b@example.com"], locale="de"))
    shop.write("audience.yaml", GOLD)
    await shop("apply", "-f", "audience.yaml")
    counted = (await shop("audiences", "count", "gold")).out
    assert "1 of 2 are members." in counted
    assert "MISSING_VALUE" in counted
    listed = (await shop("audiences", "list")).out
    assert 'profile.attributes.plan == "gold" && profile.locale == "de"' in listed
    assert (await shop("audiences", "delete", "gold")).out == "gold is deleted.\n"
    assert (await shop("audiences", "list", "--json")).data == []


async def test_the_example_chooses_people(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLARION_TARGET", sandbox.target)
    monkeypatch.setenv("CLARION_API_KEY", sandbox.admin_key)
    await asyncio.to_thread(choosing.main)
    assert capsys.readouterr().out.splitlines() == [
        "Line 1, column 8: Undeclared reference to 'profile.plan'. Attributes are written as profile.attributes.NAME.",
        "1 of 3 people",
        "1 have no answer: MISSING_VALUE",
        "2 listed, 1 repeated",
        "crm:4711 email:ann@example.com",
    ]
