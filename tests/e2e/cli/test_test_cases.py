"""`clarion test`, with files alone and on a service; test cases in files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped] # ships no types

from tests.e2e.cli.conftest import CAMPAIGN, CHANNEL, CommandLine

EXAMPLES = Path(__file__).resolve().parents[3] / "examples" / "campaigns"
TESTS = """\
tests: order-confirmed
cases:
  - id: plain
    context: {order: "4711"}
"""


@pytest.fixture
def shop_files(clarion: CommandLine) -> CommandLine:
    clarion.environment["SMTP_PORT"] = "2525"
    clarion.write("channel.yaml", CHANNEL)
    clarion.write("order-confirmed.yaml", CAMPAIGN)
    clarion.write("order-confirmed.tests.yaml", TESTS)
    return clarion


async def test_files_are_tried_without_a_service(shop_files: CommandLine) -> None:
    clarion = shop_files
    golden = clarion.folder / "goldens" / "order-confirmed" / "plain" / "email.en.txt"
    new = await clarion.process("test")
    assert (new.status, golden.exists()) == (0, False), new.err
    assert "NEW plain email.en" in new.out
    accepted = await clarion.process("test", "--update")
    assert accepted.status == 0
    assert golden.read_text().startswith("Format-Data: babel-")
    same = await clarion.process("test", "--json")
    assert [each["comparison"] for each in same.data[0]["cells"]] == ["SAME"]
    clarion.write("order-confirmed.yaml", CAMPAIGN.replace("Thank you.", "Thanks a lot."))
    changed = await clarion.process("test", "--junit", "out/junit.xml", "--matrix", "out/page.html")
    assert changed.status == 1
    assert "-Thank you." in changed.out
    assert "+Thanks a lot." in changed.out
    suite = etree.parse(str(clarion.folder / "out" / "junit.xml")).getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("1", "1", "0")
    assert "Thanks a lot." in (clarion.folder / "out" / "page.html").read_text()
    clarion.write("order-confirmed.tests.yaml", TESTS.replace("plain", "other"))
    gone = await clarion.process("test")
    assert gone.status == 1
    assert "GONE plain email.en" in gone.out
    assert (await clarion.process("test", "--update")).status == 0
    assert [path.parent.name for path in clarion.folder.rglob("*.txt")] == ["other"]


async def test_data_that_cannot_be_rendered_fail(shop_files: CommandLine) -> None:
    shop_files.write("order-confirmed.tests.yaml", TESTS.replace('"4711"', "4711"))
    failed = await shop_files.process("test", "--update")
    assert failed.status == 1
    assert "FAILED plain email.en" in failed.out
    assert "context.order: " in failed.out
    assert not (shop_files.folder / "goldens").exists()
    linted = await shop_files.process("lint")
    assert linted.status == 1
    assert "order-confirmed.tests.yaml:4: ERROR test_cases.plain.context.order" in linted.out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("-f", "channel.yaml"), "no test cases"),
        (("-f", "order-confirmed.tests.yaml"), "and not the campaign"),
        (("order-confirmed", "-f", "."), "Give one of them"),
        (("-f", "missing.yaml"), "Cannot open"),
        (("nothing",), "campaigns/nothing"),
    ],
)
async def test_what_cannot_be_tried_is_refused(shop_files: CommandLine, arguments: tuple[str, ...], text: str) -> None:
    refused = await shop_files.process("test", *arguments)
    assert refused.status == 2
    assert text in refused.err


async def test_campaigns_of_a_service_are_tried_there(shop_files: CommandLine) -> None:
    clarion = shop_files
    applied = await clarion("apply", "-f", ".", "--activate")
    assert applied.status == 0, applied.err
    assert "campaigns/order-confirmed/testCases/plain created" in applied.out
    assert (await clarion.process("test", "order-confirmed", "--update")).status == 0
    assert (await clarion.process("test", "order-confirmed", "--json")).data[0]["cells"][0]["comparison"] == "SAME"
    clarion.write("order-confirmed.yaml", CAMPAIGN.replace("Thank you.", "Thanks a lot."))
    await clarion("apply", "-f", ".")
    changed = await clarion.process("test", "campaigns/order-confirmed")
    assert changed.status == 1
    assert "-Thank you." in changed.out
    assert not (clarion.folder / "goldens").exists()
    rendered = await clarion("campaigns", "diff", "order-confirmed", "--rendered")
    assert "plain email in en CHANGED" in rendered.out
    assert "+Thanks a lot." in rendered.out


async def test_a_failing_case_of_a_file_keeps_its_campaign_from_being_activated(shop_files: CommandLine) -> None:
    shop_files.write("order-confirmed.tests.yaml", TESTS.replace('"4711"', "4711"))
    applied = await shop_files("apply", "-f", ".", "--activate")
    assert applied.status == 1
    assert "order-confirmed.tests.yaml:4: ERROR test_cases.plain.context.order" in applied.out


async def test_test_cases_are_planned_applied_deleted_and_exported(shop_files: CommandLine) -> None:
    clarion = shop_files
    first = await clarion("plan")
    assert first.out.endswith("3 to create, 0 to update, 0 unchanged.\n")
    await clarion("apply", "-f", ".")
    clarion.write("order-confirmed.tests.yaml", TESTS.replace("plain", "other"))
    drift = await clarion("plan")
    assert drift.status == 1
    assert "+ create campaigns/order-confirmed/testCases/other" in drift.out
    assert "- delete campaigns/order-confirmed/testCases/plain" in drift.out
    await clarion("apply", "-f", ".")
    clarion.write("order-confirmed.tests.yaml", TESTS.replace("plain", "other").replace("4711", "4712"))
    changes = [json.loads(line)["change"] for line in (await clarion("apply", "-f", ".", "--json")).out.splitlines()]
    assert changes == ["unchanged", "unchanged", "updated"]
    assert (await clarion("export", "out")).status == 0
    assert (clarion.folder / "out" / "campaigns" / "order-confirmed.tests.yaml").is_file()
    agreed = await clarion("plan", "-f", "out")
    assert (agreed.status, agreed.out) == (0, "0 to create, 0 to update, 3 unchanged.\n")


async def test_a_case_that_the_service_refuses_is_told_with_its_line(shop_files: CommandLine) -> None:
    shop_files.write("order-confirmed.tests.yaml", TESTS.replace("id: plain", "id: No Name\n    locale: deutsch!"))
    refused = await shop_files("apply", "-f", ".")
    assert refused.status == 2
    assert "order-confirmed.tests.yaml:3: id" in refused.err
    assert "order-confirmed.tests.yaml:4: locale" in refused.err
    assert (await shop_files("campaigns", "list", "--json")).data == []


async def test_test_cases_of_a_campaign_that_is_nowhere_are_refused(shop_files: CommandLine) -> None:
    refused = await shop_files("apply", "-f", "order-confirmed.tests.yaml")
    assert refused.status == 2
    assert "campaigns/order-confirmed" in refused.err


async def test_the_example_in_six_languages_is_as_it_was_accepted(clarion: CommandLine) -> None:
    clarion.environment |= {
        "SMTP_PORT": "2525",
        "WEBHOOK_URL": "https://crm.example/hook",
        "WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    }
    tried = await clarion.process("test", "-f", str(EXAMPLES), "--json")
    assert tried.status == 0, tried.out
    comparisons = {each["comparison"] for each in tried.data[0]["cells"]}
    assert comparisons <= {"SAME", "FORMAT_DATA_CHANGED"}, tried.out
    assert len(tried.data[0]["cells"]) == 7
