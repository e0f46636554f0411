"""Targeting rules in files: applied, planned, exported and linted, and told by the commands."""

from __future__ import annotations

import json
from pathlib import Path

from clarion_client import Profile

from tests.campaigns import channel
from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox

CAMPAIGN = """\
campaign: greeting
display_name: Greeting
category: TRANSACTIONAL
actions:
  - channel_configuration: orders
    email: { subject: Hello, text: Hello }
    rules:
      - id: gold
        display_name: Gold members
        condition: has(profile.tier) && profile.tier == 'gold'
      - id: german
        condition: recipient.locale.startsWith('de')
    without_rule: EXCLUDE
    variants:
      - rule: gold
        email: { subject: Dear friend, text_file: greeting.gold.txt }
context_schema: { type: object }
"""


async def test_rules_go_from_a_file_to_a_preview_and_back(
    clarion: CommandLine, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "greeting.yaml"
    file.write_text(CAMPAIGN)
    (tmp_path / "greeting.gold.txt").write_text("Dear friend\n")
    applied = await clarion("apply", "-f", str(file))
    assert applied.status == 0, applied.err
    assert (await clarion("plan", "-f", str(file))).status == 0
    shown = await clarion("preview", "greeting", "--profile", '{"tier": "gold"}')
    assert "Dear friend" in shown.out
    assert "Rule" in shown.out
    forced = json.loads((await clarion("preview", "greeting", "--rule", "gold", "--json")).out)
    assert (forced["rule"], forced["email"]["subject"]) == ("gold", "Dear friend")
    nobody = await clarion("preview", "greeting")
    assert "NO_RULE_MATCHED: the recipient would get nothing." in nobody.out
    printed = await clarion("campaigns", "get", "greeting")
    assert "condition: has(profile.tier) && profile.tier == 'gold'" in printed.out
    assert "without_rule: EXCLUDE" in printed.out
    file.write_text(CAMPAIGN.replace("== 'gold'", "== 'gold' ||"))
    refused = await clarion("plan", "-f", str(file))
    assert refused.status != 0
    assert "Line 1, column" in refused.out + refused.err


async def test_rules_are_exported_and_compared_between_versions(
    clarion: CommandLine, sandbox: Sandbox, tmp_path: Path
) -> None:
    file = tmp_path / "greeting.yaml"
    file.write_text(CAMPAIGN)
    (tmp_path / "greeting.gold.txt").write_text("Dear friend\n")
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
    activated = await clarion("apply", "-f", str(file), "--activate")
    assert activated.status == 0, activated.err
    out = tmp_path / "out"
    assert (await clarion("export", str(out))).status == 0
    assert (await clarion("plan", "-f", str(out))).status == 0
    file.write_text(CAMPAIGN.replace("== 'gold'", "== 'silver'").replace("subject: Dear friend", "subject: Dear Sir"))
    assert (await clarion("apply", "-f", str(file))).status == 0
    diff = (await clarion("campaigns", "diff", "greeting")).out
    assert "profile.tier == 'silver'" in diff
    assert "Dear Sir" in diff


async def test_lint_finds_what_is_wrong_with_rules_without_a_service(clarion: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "greeting.yaml"
    wrong = CAMPAIGN.replace("text_file: greeting.gold.txt", "text: Dear friend").replace("rule: gold", "rule: tin")
    file.write_text(wrong)
    linted = await clarion.process("lint", "-f", str(file))
    assert linted.status != 0
    assert "VARIANT_UNKNOWN_KEY" in linted.out + linted.err


AUDIENCES = """\
audience: vip
display_name: VIP
condition: profile.attributes.vip == true
---
audience: visitors
display_name: Visitors
identity_list: {}
---
"""
ASKING = AUDIENCES + CAMPAIGN.replace(
    "has(profile.tier) && profile.tier == 'gold'", "audience('vip') || audience('visitors')"
).replace("text_file: greeting.gold.txt", "text: Dear friend")
CASES = """\
tests: greeting
cases:
  - id: vip
    audiences: [vip]
  - id: german
    locale: de
"""


async def test_rules_of_files_ask_about_audiences(clarion: CommandLine, sandbox: Sandbox, tmp_path: Path) -> None:
    with sandbox.client() as client:
        client.channels.create(channel("orders", port=1))
    file, out = tmp_path / "greeting.yaml", tmp_path / "out"
    file.write_text(ASKING)
    (tmp_path / "greeting.tests.yaml").write_text(CASES)
    linted = await clarion.process("lint", "-f", str(tmp_path))
    assert "AUDIENCE_MISSING" not in linted.out + linted.err
    applied = await clarion("apply", "-f", str(tmp_path), "--activate")
    assert applied.status == 0, applied.err
    assert (await clarion("plan", "-f", str(tmp_path))).status == 0
    shown = json.loads((await clarion("preview", "greeting", "--audience", "vip", "--json")).out)
    assert shown["rule"] == "gold"
    with sandbox.client() as client:
        client.profiles.create(Profile(identities=["email:a@example.com"], attributes={"vip": True}))
    assert "audiences/vip" in (await clarion("explain", "greeting", "--to", "a@example.com")).out
    assert (await clarion("export", str(out))).status == 0
    assert "audiences:" in next(out.rglob("greeting.tests.yaml")).read_text()
    assert (await clarion("plan", "-f", str(out))).status == 0
    file.write_text(ASKING.replace("|| audience('visitors')", "&& !audience('visitors')"))
    assert (await clarion("apply", "-f", str(file))).status == 0
    assert "!audience('visitors')" in (await clarion("campaigns", "diff", "greeting")).out
    file.write_text(ASKING.replace("audience('visitors')", "audience('guests')"))
    alone = await clarion.process("lint", "-f", str(file))
    assert (alone.status, "WARNING" in alone.out) == (0, True)
    assert "There is no audience 'audiences/guests' in the files." in alone.out
