"""Profiles from the command line."""

from __future__ import annotations

from tests.e2e.cli.conftest import CommandLine

ATTRIBUTES = '{"first_name": "Jane", "plan": "free"}'


async def test_a_profile_is_created_shown_changed_and_deleted(clarion: CommandLine) -> None:
    created = await clarion("profiles", "create", "jane@example.com", "crm:1", "--attributes", ATTRIBUTES)
    profile_id = created.out.strip()
    by_identity = await clarion("profiles", "get", "Jane@Example.com", "--json")
    assert by_identity.data["identities"] == ["email:jane@example.com", "crm:1"]
    assert by_identity.data == (await clarion("profiles", "get", profile_id, "--json")).data
    changes = ("--attributes", '{"plan": "gold", "first_name": null}', "--time-zone", "Europe/Berlin")
    changed = await clarion(
        "profiles", "update", "crm:1", *changes, "--add", "crm:2", "--remove", "jane@example.com", "--json"
    )
    assert changed.data["attributes"] == {"plan": "gold"}
    assert changed.data["identities"] == ["crm:1", "crm:2"]
    assert "Europe/Berlin" in (await clarion("profiles", "list")).out
    assert (await clarion("profiles", "delete", "crm:2")).out == f"profiles/{profile_id} is deleted.\n"
    gone = await clarion("profiles", "get", profile_id, "--json")
    assert gone.error["reason"] == "RESOURCE_NOT_FOUND"


async def test_a_taken_identity_is_reported_with_its_owner(clarion: CommandLine) -> None:
    owner = (await clarion("profiles", "create", "jane@example.com")).out.strip()
    refused = await clarion("profiles", "create", "crm:1", "JANE@example.com")
    assert refused.status == 2
    assert "IDENTITY_TAKEN" in refused.err
    assert f"profiles/{owner}" in refused.err


async def test_an_update_without_a_change_and_an_unknown_identity_are_refused(clarion: CommandLine) -> None:
    await clarion("profiles", "create", "crm:1")
    assert (await clarion("profiles", "update", "crm:1")).status == 2
    assert (await clarion("profiles", "update", "crm:1", "--remove", "crm:2")).err.startswith("error: The profile does")
    assert (await clarion("profiles", "get", "crm:9", "--json")).error["reason"] == "PROFILE_UNKNOWN"
