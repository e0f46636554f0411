"""Triggers by hand and from files, up to the received mails."""

from __future__ import annotations

import json

from tests.e2e.cli.conftest import CommandLine
from tests.smtp_sink import SmtpSink


async def test_one_trigger_sends_one_mail(shop: CommandLine, sink: SmtpSink) -> None:
    triggered = await shop("trigger", "order-confirmed", "--to", "jane@example.com", "--context", '{"order": "A-1"}')
    assert triggered.status == 0
    assert triggered.out.startswith("ACCEPTED  messages/")
    (mail,) = await sink.wait_for(1)
    assert mail.recipients == ("jane@example.com",)
    assert mail.parsed["Subject"] == "Order A-1"


async def test_a_context_is_taken_from_a_file_and_from_stdin(shop: CommandLine) -> None:
    shop.write("context.json", '{"order": "B-2"}')
    from_file = await shop("preview", "order-confirmed", "--context", "context.json", "--text")
    from_stdin = await shop("preview", "order-confirmed", "--context", "-", "--text", stdin='{"order": "C-3"}')
    assert "Your order is B-2." in from_file.out
    assert "Your order is C-3." in from_stdin.out


async def test_a_context_that_breaks_the_schema_is_refused_with_every_violation(shop: CommandLine) -> None:
    triggered = await shop(
        "trigger", "order-confirmed", "--to", "jane@example.com", "--context", '{"order": 5}', "--json"
    )
    assert triggered.status == 2
    assert triggered.out == ""
    assert triggered.error["reason"] == "INVALID_FIELDS"
    assert [problem["where"] for problem in triggered.error["problems"]] == ["recipients[0].context.order"]


async def test_a_number_that_would_be_rounded_is_refused_with_its_path(shop: CommandLine) -> None:
    shop.write("context.json", '{"order": {"id": 9007199254740993}}')
    trigger = ("trigger", "order-confirmed", "--to", "jane@example.com", "--context", "context.json", "--json")
    refused = await shop(*trigger)
    assert refused.status == 2
    (problem,) = refused.error["problems"]
    assert problem["where"].endswith("context.order.id")


async def test_a_file_is_sent_once_however_often_it_is_run(shop: CommandLine, sink: SmtpSink) -> None:
    lines = [{"to": f"customer{number}@example.com", "context": {"order": f"A-{number}"}} for number in range(20)]
    shop.write("orders.jsonl", "\n".join(map(json.dumps, lines)))
    first = await shop.process("trigger", "order-confirmed", "--from", "orders.jsonl", "--json")
    again = await shop("trigger", "order-confirmed", "--from", "orders.jsonl", "--json")
    assert (first.status, again.status) == (0, 0)
    assert first.lines[-1]["summary"]["accepted"] == again.lines[-1]["summary"]["accepted"] == 20
    assert (first.lines[-1]["summary"]["replayed"], again.lines[-1]["summary"]["replayed"]) == (0, 20)
    await sink.wait_for(20)
    messages = (await shop("messages", "list", "--json")).data
    assert len(messages) == 20


async def test_lines_that_fail_are_reported_by_number_and_the_others_sent(shop: CommandLine, sink: SmtpSink) -> None:
    lines = [
        '{"to": "a@example.com", "context": {"order": "1"}}',
        '{"to": "b@example.com", "context": {}}',
        "",
        "not JSON",
        '{"recipient": {"identity": "email:c@example.com", "context": {"order": "2"}}}',
        '{"too": "d@example.com"}',
    ]
    triggered = await shop.process("trigger", "order-confirmed", "--from", "-", stdin="\n".join(lines))
    assert triggered.status == 1
    assert triggered.out == "5 lines: 2 recipients accepted, 0 excluded, 0 rejected; 0 lines replayed, 3 failed.\n"
    assert triggered.err.splitlines() == [
        "line 2: recipients[0].context.order: Must be given. INVALID_FIELDS",
        "line 4: not JSON: Expecting value at column 1",
        "line 6: too is not a field of a line; did you mean to?",
    ]
    mails = await sink.wait_for(2)
    assert {mail.recipients for mail in mails} == {("a@example.com",), ("c@example.com",)}


async def test_messages_are_found_by_their_labels(shop: CommandLine) -> None:
    order = ("--context", '{"order": "1"}', "--label", "shop=eu")
    await shop("trigger", "order-confirmed", "--to", "a@clarion.test", *order, "--label", "order=1")
    await shop("trigger", "order-confirmed", "--to", "b@clarion.test", *order)
    found = await shop("messages", "list", "--label", "shop=eu", "--label", "order=1", "--channel", "email", "--json")
    assert [message["identity"] for message in found.data] == ["email:a@clarion.test"]
    shown = await shop("messages", "get", found.data[0]["name"])
    assert "order=1, shop=eu" in shown.out or "shop=eu, order=1" in shown.out
    other = await shop("messages", "list", "--label", "shop=eu", "--action", "sms", "--json")
    assert other.data == []


async def test_validation_alone_sends_nothing(shop: CommandLine) -> None:
    line = '{"to": "a@example.com", "context": {"order": "1"}}'
    triggered = await shop("trigger", "order-confirmed", "--from", "-", "--validate-only", stdin=line)
    assert triggered.out.startswith("1 line: 1 recipient would be accepted")
    assert (await shop("messages", "list", "--json")).data == []
