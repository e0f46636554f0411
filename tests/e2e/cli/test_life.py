"""Tests the life cycle of a campaign and its messages, from the command line."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import signal

from tests.e2e.cli.conftest import CAMPAIGN, CommandLine
from tests.smtp_sink import SmtpSink

#: A date would pass one day.
IN_A_YEAR = (dt.datetime.now(dt.UTC) + dt.timedelta(days=365)).isoformat()
TRIGGER = ("trigger", "order-confirmed", "--context", '{"order": "1"}')


async def test_a_campaign_is_paused_resumed_and_stopped(shop: CommandLine) -> None:
    assert (await shop("pause", "order-confirmed")).out == "campaigns/order-confirmed is PAUSED, version 1.\n"
    refused = await shop(*TRIGGER, "--to", "a@example.com")
    assert refused.status == 2
    assert "CAMPAIGN_NOT_LIVE" in refused.err
    assert "clarion resume" in refused.err
    assert (await shop("resume", "order-confirmed")).out == "campaigns/order-confirmed is LIVE, version 1.\n"
    stopped = await shop("stop", "order-confirmed", "--queue", "drain")
    assert stopped.out.startswith("campaigns/order-confirmed is STOPPED, version 1.")
    again = await shop("resume", "order-confirmed", "--json")
    assert again.error["reason"] == "ILLEGAL_TRANSITION"


async def test_a_campaign_is_copied_archived_and_found_by_its_tags(shop: CommandLine) -> None:
    copied = await shop("campaigns", "duplicate", "order-confirmed", "copy", "--display-name", "Copy")
    assert copied.out == "campaigns/copy is DRAFT.\n"
    refused = await shop("campaigns", "archive", "order-confirmed")
    assert (refused.status, "ILLEGAL_TRANSITION" in refused.err) == (2, True)
    assert (await shop("campaigns", "archive", "copy")).out == "campaigns/copy is ARCHIVED.\n"
    assert "copy" not in (await shop("campaigns", "list", "--mine", "--channel", "email")).out
    assert "copy" in (await shop("campaigns", "list", "--state", "archived")).out
    assert (await shop("campaigns", "unarchive", "copy")).out == "campaigns/copy is DRAFT.\n"
    shop.write("campaign.yaml", CAMPAIGN + "tags: [Shop]\n")
    tagged = await shop("apply", "-f", "campaign.yaml")
    assert "draft not activated" not in tagged.out
    assert (await shop("campaigns", "tags")).out.splitlines()[1].split() == ["Shop", "1"]
    assert "order-confirmed" in (await shop("campaigns", "list", "--tag", "SHOP")).out


async def test_a_draft_is_compared_with_what_is_live(shop: CommandLine) -> None:
    assert (await shop("campaigns", "diff", "order-confirmed")).out == "There is no difference.\n"
    shop.write("campaign.yaml", CAMPAIGN.replace("required: [order]", "required: [order, total]"))
    await shop("apply", "-f", "campaign.yaml")
    diff = await shop("campaigns", "diff", "order-confirmed")
    assert '+  "total"' in diff.out
    assert "context.total REFUSES_MORE It is required now." in diff.out
    review = await shop("review", "order-confirmed", "--strict", "--diff")
    assert (review.status, "SCHEMA_BREAKING" in review.out, '+  "total"' in review.out) == (1, True, True)
    applied = await shop("apply", "-f", "campaign.yaml", "--activate", "--strict")
    assert (applied.status, "SCHEMA_BREAKING" in applied.out) == (1, True)
    refused = await shop("activate", "order-confirmed", "--strict", "--json")
    assert (refused.status, refused.error["reason"]) == (1, "REVIEW_FAILED")
    assert (await shop("activate", "order-confirmed")).status == 0


async def test_a_version_is_printed_as_a_file(shop: CommandLine) -> None:
    shop.write("campaign.yaml", CAMPAIGN.replace("Thank you.", "Thanks."))
    await shop("apply", "-f", "campaign.yaml", "--activate")
    first = await shop("campaigns", "get", "order-confirmed", "--version", "1")
    assert first.out.startswith("# version 1")
    assert "Thank you." in first.out
    shop.write("campaign.yaml", first.out)
    assert (await shop("apply", "-f", "campaign.yaml")).status == 0
    assert "Thank you." in (await shop("campaigns", "get", "order-confirmed")).out


async def test_review_and_activation_end_with_1_when_there_are_errors(clarion: CommandLine) -> None:
    clarion.write("campaign.yaml", CAMPAIGN)
    await clarion("apply", "-f", "campaign.yaml")
    review = await clarion("review", "order-confirmed")
    assert review.status == 1
    assert "CHANNEL_CONFIGURATION_MISSING" in review.out
    activation = await clarion("activate", "order-confirmed", "--json")
    assert activation.status == 1
    assert activation.error["reason"] == "REVIEW_FAILED"


async def test_what_became_of_messages_is_shown(shop: CommandLine, sink: SmtpSink) -> None:
    await shop(*TRIGGER, "--to", "jane@example.com")
    await shop(*TRIGGER, "--to", "bounce@clarion.test")
    events = await shop.process("watch", "--from-start", "--limit", "2", "--json")
    assert {event["type"] for event in events.lines} == {"SENT", "FAILED"}
    (failed,) = (await shop("messages", "list", "--state", "failed", "--json")).data
    assert f"FAILED ({failed['failure']['reason']})" in (await shop("messages", "list", "--state", "failed")).out
    shown = await shop("messages", "get", failed["name"])
    assert "550 5.1.1" in shown.out
    report = await shop("report", "order-confirmed", "--json")
    assert (report.data["sent_count"], report.data["failed_count"]) == (1, 1)
    table = (await shop("report", "order-confirmed")).out.splitlines()
    assert next(line.split() for line in table if line.startswith("  sent")) == ["sent", "1", "50.0%"]
    assert len(sink.mails) == 1


async def test_a_watch_goes_on_where_the_last_one_ended(shop: CommandLine) -> None:
    for number in range(3):
        await shop(*TRIGGER, "--to", f"jane{number}@example.com")
    all_events = (await shop.process("watch", "--from-start", "--limit", "3", "--json")).lines
    resumed = await shop.process("watch", "--resume-token", all_events[0]["resume_token"], "--limit", "2", "--json")
    assert resumed.lines == all_events[1:]


async def test_ctrl_c_ends_a_watch_well_and_tells_where_to_go_on(shop: CommandLine) -> None:
    watch = await shop.start("watch")
    assert watch.stderr is not None
    async with asyncio.timeout(120):
        await watch.stderr.readuntil(b"Watching. Press Ctrl-C to end.\n")
    watch.send_signal(signal.SIGINT)
    out, err = await watch.communicate()
    assert (watch.returncode, out) == (0, b"")
    assert err.strip().startswith(b"Continue with --resume-token ")


async def test_what_waits_can_be_cancelled_and_what_is_sent_cannot(shop: CommandLine, sink: SmtpSink) -> None:
    later = await shop(*TRIGGER, "--to", "later@example.com", "--send-at", IN_A_YEAR, "--json")
    cancelled = await shop("executions", "cancel", later.data["execution"])
    assert (cancelled.status, cancelled.out) == (0, "CANCELLED: 1 cancelled, too late for 0.\n")
    now = await shop(*TRIGGER, "--to", "now@example.com", "--json")
    await sink.wait_for(1)
    await shop.wait_for_events(1)
    too_late = await shop("messages", "cancel", now.data["recipients"][0]["messages"][0]["message"])
    assert too_late.status == 1
    assert too_late.out.startswith("TOO_LATE")


async def test_keys_are_made_listed_and_revoked(clarion: CommandLine) -> None:
    created = await clarion.process("keys", "create", "checkout service", "--scope", "trigger")
    secret = created.out.strip()
    assert secret.startswith("clk_")
    assert "Keep the secret" in created.err
    listed = (await clarion("keys", "list", "--json")).data
    assert [key["scopes"] for key in listed] == [["ADMIN"], ["TRIGGER"]]
    denied = await clarion("campaigns", "list", "--api-key", secret, "--json")
    assert (denied.status, denied.error["reason"]) == (2, "SCOPE_DENIED")
    assert (await clarion("keys", "revoke", listed[1]["name"])).status == 0
    refused = await clarion("campaigns", "list", "--api-key", secret, "--json")
    assert refused.error["reason"] == "UNAUTHENTICATED"


async def test_a_channel_is_verified_step_by_step(shop: CommandLine, sink: SmtpSink) -> None:
    verified = await shop("channels", "verify", "orders")
    assert verified.status == 0
    assert verified.out.endswith("orders works.\n")
    await sink.stop()
    failed = await shop("channels", "verify", "orders", "--json")
    assert failed.status == 1
    assert [step["passed"] for step in failed.data["steps"]] == [False]
    await sink.start()


async def test_output_for_programs_has_no_colour_and_no_folded_line(shop: CommandLine) -> None:
    shop.environment |= {"COLUMNS": "40", "TERM": "xterm-256color"}
    listed = await shop.process("campaigns", "list")
    for shown in (listed, await shop("report", "order-confirmed"), await shop("review", "order-confirmed")):
        assert "\x1b" not in shown.out + shown.err
    assert len(listed.out.splitlines()) == 2
    assert "Order confirmed" in listed.out


async def test_a_service_that_does_not_run_is_reported_at_once(clarion: CommandLine) -> None:
    unreachable = ("--target", "127.0.0.1:1")
    answers = [await clarion(*command, *unreachable) for command in (("campaigns", "list"), ("report", "x"))]
    for refused in (*answers, await clarion.process("watch", *unreachable)):
        assert refused.status == 3
        assert refused.err.startswith("error: The service cannot be reached.\n")
        assert "Traceback" not in refused.err
    as_json = await clarion("campaigns", "list", *unreachable, "--json")
    assert as_json.error["exit_code"] == 3
    assert json.loads(as_json.err)
