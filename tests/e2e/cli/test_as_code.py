"""Campaigns as code: the first files, what a plan tells, and files of what the service has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml
from clarion_server.transport.cli.files.resources import read_files

from tests.e2e.cli.conftest import CAMPAIGN, CHANNEL, CommandLine
from tests.smtp_sink import SmtpSink


async def test_the_first_files_apply_and_send(clarion: CommandLine, sink: SmtpSink) -> None:
    begun = await clarion("init")
    assert begun.status == 0
    channel = clarion.folder / "campaigns" / "mail.yaml"
    channel.write_text(channel.read_text().replace("port: 1025", f"port: {sink.port}"))
    applied = await clarion("apply", "-f", "campaigns", "--activate")
    assert (applied.status, "WARNING" in applied.out) == (0, False)
    sent = await clarion("trigger", "welcome", "--from", "campaigns/samples/welcome.jsonl")
    assert sent.status == 0, sent.err
    await sink.wait_for(2)
    assert sorted(str(mail.parsed["Subject"]) for mail in sink.mails) == ["Welcome, Jane Doe", "Welcome, Joe Bloggs"]


async def test_init_overwrites_nothing(clarion: CommandLine) -> None:
    await clarion("init", "here")
    (clarion.folder / "here" / "welcome.yaml").write_text("mine")
    again = await clarion("init", "here", "--json")
    assert again.status == 2
    assert (clarion.folder / "here" / "welcome.yaml").read_text() == "mine"


async def test_the_files_of_init_name_the_schema_beside_them(clarion: CommandLine) -> None:
    await clarion("init", ".")
    for name in ("mail.yaml", "welcome.yaml"):
        first = (clarion.folder / name).read_text().splitlines()[0]
        assert first == "# yaml-language-server: $schema=clarion.schema.json"
    printed = await clarion("schema", "files")
    assert json.loads(printed.out) == json.loads((clarion.folder / "clarion.schema.json").read_text())


async def test_a_plan_tells_what_apply_would_do_and_changes_nothing(clarion: CommandLine) -> None:
    clarion.environment["SMTP_PORT"] = "2525"
    clarion.write("channel.yaml", CHANNEL)
    clarion.write("campaign.yaml", CAMPAIGN)
    first = await clarion("plan")
    assert first.status == 1
    assert "+ create campaigns/order-confirmed" in first.out
    assert first.out.endswith("2 to create, 0 to update, 0 unchanged.\n")
    assert (await clarion("campaigns", "list", "--json")).data == []
    await clarion("apply", "-f", ".")
    agreed = await clarion("plan")
    assert (agreed.status, agreed.out) == (0, "0 to create, 0 to update, 2 unchanged.\n")


async def test_a_plan_shows_what_has_drifted_on_the_service(shop: CommandLine) -> None:
    shop.write("by-somebody-else.txt", CAMPAIGN.replace("Thank you.", "Thanks a lot."))
    changed = await shop("apply", "-f", "by-somebody-else.txt")
    assert changed.status == 0
    await shop("campaigns", "duplicate", "order-confirmed", "by-hand")
    drift = await shop("plan", "-f", ".")
    assert drift.status == 1
    assert re.search(r"~ update campaigns/order-confirmed  last changed 2\S+ \S+ by apiKeys/", drift.out)
    assert "-        <p>Thanks a lot.</p>" in drift.out
    assert "no file campaigns/by-hand" in drift.out
    data = (await shop("plan", "--json")).data
    assert data["without_file"] == ["campaigns/by-hand"]
    assert {each["name"]: each["change"] for each in data["resources"]} == {
        "channelConfigurations/orders": "unchanged",
        "campaigns/order-confirmed": "updated",
    }


async def test_exported_files_apply_back_unchanged(shop: CommandLine) -> None:
    shop.write(
        "more.yaml",
        "topic: news\ndisplay_name: News\n---\npolicy: nights\ndisplay_name: Nights\ntime_zone: Europe/Berlin\n",
    )
    shop.write(
        "audiences.yaml",
        "audience: pro\ndisplay_name: Pro\ncondition: profile.attributes.plan == 'pro'\n"
        "---\naudience: guests\ndisplay_name: Guests\nidentity_list: {}\n",
    )
    applied = await shop("apply", "-f", "more.yaml", "-f", "audiences.yaml")
    assert applied.status == 0, applied.err
    exported = await shop("export", "out")
    assert exported.status == 0, exported.err
    names = sorted(str(path.relative_to(shop.folder / "out")) for path in (shop.folder / "out").rglob("*.*"))
    assert names == [
        "audiences/guests.yaml",
        "audiences/pro.yaml",
        "campaigns/order-confirmed.yaml",
        "channels/orders.yaml",
        "clarion.schema.json",
        "policies/nights.yaml",
        "topics/news.yaml",
    ]
    agreed = await shop("plan", "-f", "out")
    assert (agreed.status, agreed.out) == (0, "0 to create, 0 to update, 6 unchanged.\n")
    refused = await shop("export", "out", "--json")
    assert (refused.status, len(refused.error["problems"])) == (2, 6)
    assert (await shop("export", "out", "--overwrite")).status == 0


#: Names a topic in two documents before the one of the topic.
ABOUT_A_TOPIC = """\
audience: readers
display_name: Readers
condition: consent("EMAIL", "news") == "GRANTED"
---
policy: default
display_name: Not too often
time_zone: Europe/Berlin
caps:
  - {count: 4, calendar: MONTH, topic: news}
---
topic: news
display_name: News
"""


async def test_a_folder_with_what_names_its_topics_is_linted_and_applied_to_an_empty_service(
    clarion: CommandLine,
) -> None:
    clarion.write("all.yaml", ABOUT_A_TOPIC)
    linted = await clarion.process("lint", "-f", "all.yaml")
    assert (linted.status, linted.err) == (0, "3 documents checked: no errors.\n")
    assert (await clarion("apply", "-f", "all.yaml", "--dry-run")).status == 0
    applied = await clarion("apply", "-f", "all.yaml")
    assert applied.status == 0, applied.err
    assert applied.out.splitlines()[0] == "topics/news created"


async def test_a_topic_that_there_is_not_is_told_by_the_line_of_the_file(clarion: CommandLine) -> None:
    clarion.write("all.yaml", ABOUT_A_TOPIC.replace('"EMAIL", "news"', '"EMAIL", "newz"'))
    refused = await clarion("apply", "-f", "all.yaml")
    assert (refused.status, refused.out) == (2, "topics/news created\n")
    assert "The service refuses audiences/readers. What comes before it is written" in refused.err
    assert "all.yaml:3: condition: Line 1, column 8: There is no topic 'newz' in this sandbox." in refused.err


async def test_a_topic_that_only_the_service_may_have_is_a_warning_of_lint(clarion: CommandLine) -> None:
    named, _, _ = ABOUT_A_TOPIC.rpartition("---\n")
    asking = CAMPAIGN.replace("context_schema:", "sending_policy: default\ncontext_schema:")
    clarion.write("all.yaml", f"{named}---\n{asking}")
    linted = await clarion.process("lint", "-f", "all.yaml", "--json")
    assert linted.status == 0, linted.err
    told = [(each["place"], each["severity"], each["message"]) for each in linted.data["findings"]]
    assert ("all.yaml:3", "WARNING", "Line 1, column 8: There is no topic 'news' in the files.") in told
    assert ("all.yaml:9", "WARNING", "There is no topic 'news' in the files.") in told
    unchecked = "sendingPolicies/default could not be used, for what is told about it: this was not checked with it."
    assert unchecked in [message for _, _, message in told]
    clarion.write("tests.yaml", "tests: order-confirmed\ncases:\n  - {id: plain, context: {order: A1}}\n")
    assert (await clarion.process("test", "-f", "all.yaml", "-f", "tests.yaml")).status == 0


async def test_files_that_campaigns_carry_are_exported_and_apply_back_unchanged(shop: CommandLine) -> None:
    picture = b"\x89PNG\r\n\x1a\n" + bytes(1_500_000)
    (shop.folder / "Our logo.png").write_bytes(picture)
    shop.write("terms.txt", "Terms")
    assert (await shop("attachments", "upload", "terms.txt", "--name", "terms")).status == 0
    files = "attachments: [{attachment_file: Our logo.png, inline: true}, {attachment: attachments/terms}]"
    text = CAMPAIGN.replace("    email:\n", f"    email:\n      {files}\n")
    shop.write("campaign.yaml", text.replace("Thank you.", '<img src="{{ inline_image(\'Our logo.png\') }}" alt="A">'))
    applied = await shop("apply", "-f", "campaign.yaml")
    assert applied.status == 0, applied.err
    assert (await shop("export", "out")).status == 0
    folder = shop.folder / "out/campaigns/files"
    written = {path.name: (path.parent.name, path.read_bytes()) for path in folder.rglob("*.*")}
    assert written["Our logo.png"][1] == picture
    assert written["terms.txt"] == ("terms", b"Terms")
    agreed = await shop("plan", "-f", "out")
    assert agreed.err == ""
    assert (agreed.status, agreed.out) == (0, "0 to create, 0 to update, 2 unchanged.\n")
    assert (await shop("apply", "-f", "out", "--json")).status == 0
    (folder / "terms/terms.txt").write_text("Others")
    other = await shop("apply", "-f", "out")
    assert (other.status != 0, "attachments/terms" in other.err) == (True, True)
    downloaded = await shop("attachments", "download", "terms", "-o", "again.txt")
    assert downloaded.out == "wrote again.txt\n"
    assert (shop.folder / "again.txt").read_text() == "Terms"
    shop.write("terms.txt", "Mine")
    kept = await shop("attachments", "download", "terms")
    assert (kept.status, kept.out) == (2, "")
    assert "There is a file terms.txt already." in kept.err
    assert (shop.folder / "terms.txt").read_text() == "Mine"


async def test_an_exported_file_is_checked_by_the_schema_that_it_names(shop: CommandLine) -> None:
    await shop("export", "out")
    first = (shop.folder / "out/campaigns/order-confirmed.yaml").read_text().splitlines()[0]
    assert first == "# yaml-language-server: $schema=../clarion.schema.json"
    assert [resource.name for resource in read_files([Path(shop.folder / "out/campaigns")]).resources] == [
        "campaigns/order-confirmed"
    ]


async def test_a_schema_is_inferred_from_samples(clarion: CommandLine) -> None:
    await clarion("init", ".")
    inferred = await clarion("schema", "infer", "samples/welcome.jsonl")
    schema = yaml.safe_load(inferred.out)["context_schema"]
    assert schema["required"] == ["customer", "plan"]
    assert schema["properties"]["customer"]["properties"]["name"] == {"type": "string"}
    as_json = await clarion("schema", "infer", "-", "--json", stdin='{"a": 1}')
    assert as_json.data == {"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}
    refused = await clarion("schema", "infer", "-", stdin="[]")
    assert (refused.status, "stdin:1" in refused.err) == (2, True)


async def test_files_are_linted_without_a_service(clarion: CommandLine) -> None:
    clarion.environment = {"CLARION_TARGET": "127.0.0.1:1"}
    await clarion("init", ".")
    fine = await clarion.process("lint")
    assert (fine.status, fine.out, fine.err) == (0, "", "3 documents checked: no errors.\n")
    html = clarion.folder / "welcome.html"
    html.write_text(html.read_text().replace("context.plan", "context.plna"))
    wrong = await clarion.process("lint", "-f", ".", "--json")
    (finding,) = json.loads(wrong.out)["findings"]
    assert (wrong.status, finding["code"], finding["place"]) == (1, "VARIABLE_NOT_IN_SCHEMA", "welcome.html:5")


async def test_lint_tells_what_no_file_has_and_does_not_fail_for_it(clarion: CommandLine) -> None:
    clarion.write("campaign.yaml", CAMPAIGN)
    alone = await clarion.process("lint", "-f", "campaign.yaml")
    assert (alone.status, "CHANNEL_CONFIGURATION_MISSING" in alone.out) == (0, True)
    assert (
        "WARNING actions[0].channel_configuration: There is no channel configuration 'orders' in the files."
        in alone.out
    )
    assert "ERROR" not in alone.out
    clarion.write("campaign.yaml", CAMPAIGN.replace("Thank you.", '{% include "footer" %}'))
    # No service can have what is no name of a fragment.
    assert (await clarion.process("lint", "-f", "campaign.yaml")).status == 1
    clarion.write("campaign.yaml", CAMPAIGN.replace("order: {type: string}", "order: {type: strin}"))
    assert (await clarion.process("lint", "-f", "campaign.yaml")).status == 1
    clarion.write("campaign.yaml", CAMPAIGN.replace("display_name: Order confirmed", 'display_name: ""'))
    refused = await clarion.process("lint", "-f", "campaign.yaml")
    assert (refused.status, "campaign.yaml:2: display_name" in refused.err) == (2, True)
