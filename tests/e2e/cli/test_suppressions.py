"""Suppressions from the command line, against the real service."""

from __future__ import annotations

import asyncio

import pytest

from examples import suppressing
from tests.e2e.cli.conftest import CommandLine


async def test_an_address_is_suppressed_found_and_released(shop: CommandLine) -> None:
    added = await shop("suppressions", "add", "Jane@Example.com", "--reason", "hard-bounce", "--json")
    assert (added.data["address"], added.data["reason"], added.data["scope"]) == (
        "Jane@Example.com",
        "HARD_BOUNCE",
        "ALL",
    )
    suppression_id = added.data["name"].removeprefix("suppressions/")

    triggered = await shop("trigger", "order-confirmed", "--to", "jane@example.com", "--context", '{"order": "1"}')
    assert "SUPPRESSED" in triggered.out + triggered.err
    checked = await shop("suppressions", "check", "jane@EXAMPLE.com")
    assert checked.status == 1
    assert suppression_id in checked.out
    assert "Nothing is sent to jane@EXAMPLE.com." in checked.out
    listed = await shop("suppressions", "list", "jane@example.com", "--json")
    assert [each["name"] for each in listed.data] == [added.data["name"]]
    assert (await shop("suppressions", "list", "--reason", "manual", "--json")).data == []

    assert (await shop("suppressions", "remove", suppression_id)).out == f"{suppression_id} is deleted.\n"
    free = await shop("suppressions", "check", "jane@example.com")
    assert (free.status, free.out) == (0, "No suppression keeps anything from jane@example.com.\n")


async def test_a_domain_is_suppressed_for_marketing_until_a_time(shop: CommandLine) -> None:
    arguments = ("*.example.com", "--scope", "marketing", "--expire-time", "2100-01-01T00:00:00Z")
    added = await shop("suppressions", "add", *arguments)
    assert added.out.startswith("*.example.com is suppressed: suppressions/")
    again = await shop("suppressions", "add", *arguments, "--json")
    assert again.error["reason"] == "RESOURCE_EXISTS"
    checked = await shop("suppressions", "check", "joe@mail.example.com", "--json")
    assert checked.data["excluded_categories"] == ["MARKETING"]
    for_people = await shop("suppressions", "check", "joe@mail.example.com")
    assert "Only transactional messages are sent to joe@mail.example.com." in for_people.out


async def test_a_complaint_is_overridden_with_a_reason_alone(shop: CommandLine) -> None:
    added = await shop("suppressions", "add", "jane@example.com", "--reason", "complaint", "--json")
    refused = await shop("suppressions", "remove", added.data["name"])
    assert refused.status == 2
    assert "override_reason" in refused.err
    removed = await shop("suppressions", "remove", added.data["name"], "--override-reason", "Asked for it by phone.")
    assert removed.status == 0
    watched = await shop("watch", "--from-start", "--limit", "2", "--json")
    created, deleted = watched.lines
    assert (created["type"], deleted["type"]) == ("SUPPRESSION_CREATED", "SUPPRESSION_DELETED")
    assert deleted["subject"] == added.data["name"]
    assert deleted["suppression_change"]["override_reason"] == "Asked for it by phone."
    assert "example.com" not in watched.out


async def test_a_file_is_imported_and_exported_as_it_was(shop: CommandLine) -> None:
    rows = "jane@example.com,COMPLAINT,ALL,\n*.example.org,MANUAL,MARKETING,2100-01-01T00:00:00+00:00\n"
    shop.write("in.csv", f"target,reason,scope,expire_time\n{rows}nobody@,,,\n,,,\n")
    imported = await shop("suppressions", "import", "in.csv", "--rejected", "rejected.csv")
    assert imported.status == 1
    assert imported.out.startswith("2 created, 0 updated, 0 unchanged, 1 rejected.\nLine 4: address: ")
    assert (shop.folder / "rejected.csv").read_text().splitlines()[1].startswith("4,address: Must be of the form")
    exported = await shop("suppressions", "export")
    assert sorted(exported.out.splitlines(keepends=True)[1:]) == sorted(rows.splitlines(keepends=True))
    again = await shop("suppressions", "import", "-", "--json", stdin=exported.out)
    assert (again.status, again.data) == (
        0,
        {
            "created": 0,
            "updated": 0,
            "unchanged": 2,
            "imported_before": 0,
            "rejected": [],
        },
    )
    assert len((await shop("suppressions", "export", "--json")).lines) == 2


async def test_rejected_rows_are_written_although_the_file_cannot_be_read_to_its_end(shop: CommandLine) -> None:
    (shop.folder / "in.csv").write_bytes(b"target\nnobody@\njane@example.com\nM\xfcller\n")
    stopped = await shop("suppressions", "import", "in.csv", "--rejected", "rejected.csv")
    assert stopped.status == 2
    assert "Imported through line 3. Run the command again: nothing is stored twice." in stopped.err
    path = shop.folder / "rejected.csv"
    assert path.read_text().splitlines()[1].startswith("2,address: Must be of the form")
    path.write_text(path.read_text().replace("nobody@", "joe@example.com"))
    mended = await shop("suppressions", "import", "rejected.csv", "--json")
    assert (mended.status, mended.data["created"]) == (0, 1)


async def test_the_example_suppresses_and_releases(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("CLARION_TARGET", "CLARION_API_KEY"):
        monkeypatch.setenv(name, shop.environment[name])
    await asyncio.to_thread(suppressing.main)
    assert capsys.readouterr().out == "Suppressed: MARKETING\nLeft: 0\n"
