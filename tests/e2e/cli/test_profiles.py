"""Profiles from the command line."""

from __future__ import annotations

import asyncio
import csv
import json

import pytest

from examples import knowing
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
    assert (await clarion("profiles", "delete", "crm:2")).out.splitlines()[0] == f"profiles/{profile_id} is deleted."
    gone = await clarion("profiles", "get", profile_id, "--json")
    assert gone.error["reason"] == "RESOURCE_NOT_FOUND"


async def test_an_erased_address_stays_suppressed_until_that_is_lifted(clarion: CommandLine) -> None:
    await clarion("profiles", "create", "jane@example.com", "--attributes", ATTRIBUTES)
    deleted = await clarion("profiles", "delete", "jane@example.com", "--json")
    assert (deleted.data["cancelled_count"], deleted.data["suppressed_address_count"]) == (0, 1)
    checked = await clarion("suppressions", "check", "Jane@example.com", "--json")
    assert checked.data["excluded_categories"] == ["MARKETING"]
    (kept,) = (await clarion("suppressions", "list", "--reason", "erased", "--json")).data
    assert kept.get("address") is None
    assert "jane" not in (await clarion("suppressions", "export")).out
    await clarion("suppressions", "remove", kept["name"].removeprefix("suppressions/"))
    assert "No suppression keeps anything" in (await clarion("suppressions", "check", "jane@example.com")).out
    await clarion("profiles", "create", "joe@example.com")
    forgotten = await clarion("profiles", "delete", "joe@example.com", "--no-keep-suppression")
    assert "Addresses that stay suppressed for marketing: 0." in forgotten.out


async def test_somebody_without_a_profile_is_erased_by_an_identity(clarion: CommandLine) -> None:
    erased = await clarion("profiles", "delete", "--identity", "stranger@example.com", "--json")
    assert erased.data["suppressed_address_count"] == 1
    assert erased.data["deleted"].startswith("profiles/")
    checked = await clarion("suppressions", "check", "Stranger@example.com", "--json")
    assert checked.data["excluded_categories"] == ["MARKETING"]
    neither = await clarion("profiles", "delete")
    assert (neither.status, "Give a profile or an --identity." in neither.err) == (2, True)


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


PEOPLE = """\
email,attributes.plan,attributes.seats:integer
jane@example.com,free,3
joe@example.com,gold,
not an address,free,1
JANE@example.com,gold,
"""


async def test_a_file_is_imported_exported_and_imported_again(clarion: CommandLine) -> None:
    clarion.write("people.csv", PEOPLE)
    imported = await clarion("profiles", "import", "people.csv", "--rejected", "rejected.csv")
    assert imported.status == 1
    assert imported.out.startswith("2 created, 1 updated, 0 unchanged, 1 rejected. Rows that name somebody again: 1.")
    assert "Line 4: email: Must hold a valid e-mail address." in imported.out
    _, rejected = csv.reader((clarion.folder / "rejected.csv").read_text().splitlines())
    assert (rejected[0], rejected[2]) == ("4", "not an address")
    jane = await clarion("profiles", "get", "jane@example.com", "--json")
    assert jane.data["attributes"] == {"plan": "gold", "seats": 3}
    again = await clarion("profiles", "import", "people.csv", "--json")
    assert again.data["repeated"] == [{"line": 5, "first_line": 2}]
    for options, name in ((["export"], "again.csv"), (["export", "--jsonl"], "again.jsonl")):
        clarion.write(name, (await clarion("profiles", *options)).out)
        again = await clarion("profiles", "import", name, "--json")
        assert again.status == 0
        assert {name: count for name, count in again.data.items() if count} == {"unchanged": 2}


async def test_choices_are_exported_and_change_nothing_when_they_are_imported_again(shop: CommandLine) -> None:
    topic = "topic: news\ndisplay_name: News\n"
    shop.write("topic.yaml", topic)
    assert (await shop("apply", "-f", "topic.yaml")).status == 0
    await shop("consents", "set", "jane@example.com", "--deny")
    about_news = ("--topic", "news", "--channel", "email")
    await shop("consents", "set", "jane@example.com", "--grant", *about_news, "--evidence", "Ticket 4711")
    before = (await shop("consents", "get", "jane@example.com", "--json")).data
    for options, name in (([], "again.csv"), (["--jsonl"], "again.jsonl")):
        exported = (await shop("profiles", "export", *options)).out
        assert "topics/news" in exported
        shop.write(name, exported)
        again = await shop("profiles", "import", name, "--json")
        assert {name: count for name, count in again.data.items() if count} == {"unchanged": 1}
    assert (await shop("consents", "get", "jane@example.com", "--json")).data == before


async def test_an_import_goes_on_behind_the_line_that_was_mended(clarion: CommandLine) -> None:
    path = clarion.folder / "people.csv"
    path.write_bytes(b"email\na@example.com\nb@example.com\nM\xfcller\n")
    stopped = await clarion("profiles", "import", "people.csv")
    assert stopped.status == 2
    assert "Go on with --from-line 4" in stopped.err
    path.write_text("email\na@example.com\nb@example.com\nc@example.com\n")
    resumed = await clarion("profiles", "import", "people.csv", "--from-line", "4", "--json")
    assert resumed.data["created"] == 1
    assert len((await clarion("profiles", "list", "--json")).data) == 3


async def test_rejected_rows_are_mended_and_imported_by_themselves(clarion: CommandLine) -> None:
    clarion.write("people.csv", "email,attributes.seats:integer\na@example.com,1\nb@example.com,many\n@,3\n")
    imported = await clarion("profiles", "import", "people.csv", "--rejected", "rejected.csv")
    assert imported.status == 1
    path = clarion.folder / "rejected.csv"
    path.write_text(path.read_text().replace("many", "2").replace("@,3", "c@example.com,3"))
    mended = await clarion("profiles", "import", "rejected.csv", "--json")
    assert (mended.status, mended.data["created"]) == (0, 2)
    stored = await clarion("profiles", "get", "b@example.com", "--json")
    assert stored.data["attributes"] == {"seats": 2}


async def test_rejected_lines_of_json_are_mended_and_imported_by_themselves(clarion: CommandLine) -> None:
    (clarion.folder / "people.jsonl").write_text(
        '{"identities": ["email:a@"], "attributes": {"name": "Ann \\"A\\", B"}}\n'
    )
    imported = await clarion("profiles", "import", "people.jsonl", "--rejected", "rejected.csv")
    assert imported.status == 1
    path = clarion.folder / "rejected.csv"
    path.write_text(path.read_text().replace("email:a@", "email:a@example.com"))
    mended = await clarion("profiles", "import", "rejected.csv", "--json")
    assert (mended.status, mended.data["created"]) == (0, 1)
    found = await clarion("profiles", "get", "a@example.com", "--json")
    assert found.data["attributes"] == {"name": 'Ann "A", B'}


async def test_rows_that_were_rejected_before_an_interruption_stay_in_their_file(clarion: CommandLine) -> None:
    rejecting = ("--rejected", "rejected.csv")
    path = clarion.folder / "people.csv"
    path.write_bytes(b"email\na@\nb@example.com\nM\xfcller\n")
    assert (await clarion("profiles", "import", "people.csv", *rejecting)).status == 2
    path.write_text("email\na@\nb@example.com\nc@\n")
    await clarion("profiles", "import", "people.csv", *rejecting, "--from-line", "4")
    rejected = list(csv.reader((clarion.folder / "rejected.csv").read_text().splitlines()))
    assert [(line, address) for line, _, address in rejected[1:]] == [("2", "a@"), ("4", "c@")]


async def test_nothing_is_imported_when_rejected_rows_could_not_be_written(clarion: CommandLine) -> None:
    clarion.write("people.csv", "email\na@example.com\n")
    refused = await clarion("profiles", "import", "people.csv", "--rejected", "nowhere/rejected.csv")
    assert (refused.status, "Cannot write nowhere/rejected.csv" in refused.err) == (2, True)
    assert (await clarion("profiles", "list", "--json")).data == []


async def test_two_profiles_of_one_person_are_merged(clarion: CommandLine) -> None:
    kept = (await clarion("profiles", "create", "jane@example.com", "--attributes", '{"plan": "gold"}')).out.strip()
    gone = (await clarion("profiles", "create", "crm:1", "--attributes", '{"plan": "free", "seats": 3}')).out.strip()
    merged = await clarion("profiles", "merge", "jane@example.com", "crm:1", "--json")
    assert merged.data["identities"] == ["email:jane@example.com", "crm:1"]
    assert merged.data["attributes"] == {"plan": "gold", "seats": 3}
    assert (await clarion("profiles", "get", gone, "--json")).data["name"] == f"profiles/{kept}"
    again = await clarion("profiles", "merge", kept, gone)
    assert (again.status, again.err) == (2, f"error: Both are profiles/{kept} already: there is nothing to merge.\n")


async def test_the_example_stores_finds_and_changes_a_person(
    clarion: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("CLARION_TARGET", "CLARION_API_KEY"):
        monkeypatch.setenv(name, clarion.environment[name])
    await asyncio.to_thread(knowing.main)
    assert capsys.readouterr().out == "Imported: CREATED\nNow: [('first_name', 'Jane'), ('plan', 'gold')]\n"


async def test_choices_are_imported_and_no_denial_is_lifted(clarion: CommandLine) -> None:
    clarion.write("denied.csv", "email,consent.email\njane@example.com,denied\n")
    await clarion("profiles", "import", "denied.csv")
    clarion.write("granted.csv", "email,consent.email\njane@example.com,GRANTED\njoe@example.com,GRANTED\n")
    imported = await clarion("profiles", "import", "granted.csv", "--json")
    assert (imported.status, imported.data["denials_standing"], imported.data["created"]) == (0, 1, 1)
    lines = [{"identities": ["email:jo@example.com"], "consents": [{"channel": "EMAIL", "choice": "GRANTED"}]}]
    clarion.write("people.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    assert (await clarion("profiles", "import", "people.jsonl", "--json")).data["created"] == 1
    for name, choice in (("jane", "DENIED"), ("joe", "GRANTED"), ("jo", "GRANTED")):
        shown = await clarion("consents", "get", f"{name}@example.com", "--json")
        assert [consent["choice"] for consent in shown.data["consents"]] == [choice]
