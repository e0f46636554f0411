"""Access labels by commands and in files."""

from __future__ import annotations

from tests.e2e.cli.conftest import CAMPAIGN, CHANNEL, CommandLine
from tests.smtp_sink import SmtpSink

LABELLED = f"{CAMPAIGN}access_labels: [eu]\n"


async def test_a_key_with_a_label_applies_lists_and_exports_what_another_does_not_see(
    clarion: CommandLine, sink: SmtpSink
) -> None:
    clarion.environment["SMTP_PORT"] = str(sink.port)
    created = await clarion("keys", "create", "team EU", "--scope", "admin", "--access-label", "eu,vip")
    assert "access labels eu, vip" in created.err
    key = ("--api-key", created.out.strip())
    assert (await clarion("keys", "list", "--json")).data[-1]["access_labels"] == ["eu", "vip"]
    clarion.write("channel.yaml", CHANNEL)
    clarion.write("campaign.yaml", LABELLED)
    assert (await clarion("apply", "-f", ".", *key)).status == 0
    assert (await clarion("plan", "-f", ".", *key)).status == 0

    listed = await clarion("campaigns", "list", *key)
    assert "ACCESS LABELS" in listed.out
    assert "eu" in listed.out.splitlines()[-1].split()
    assert "order-confirmed" not in (await clarion("campaigns", "list")).out
    hidden = await clarion("campaigns", "get", "order-confirmed", "--json")
    absent = await clarion("campaigns", "get", "absent", "--json")
    assert (hidden.status, hidden.err.replace("order-confirmed", "absent")) == (absent.status, absent.err)

    assert (await clarion("campaigns", "get", "order-confirmed", *key)).out.endswith("access_labels:\n  - eu\n")
    clarion.write("campaign.yaml", CAMPAIGN)
    planned = await clarion("plan", "-f", ".", *key)
    assert planned.status == 1
    assert "access_labels" in planned.out
    assert (await clarion("apply", "-f", ".", *key)).status == 0
    assert "order-confirmed" in (await clarion("campaigns", "list")).out


async def test_a_label_that_the_key_does_not_hold_is_refused_where_the_file_gives_it(
    clarion: CommandLine, sink: SmtpSink
) -> None:
    clarion.environment["SMTP_PORT"] = str(sink.port)
    clarion.write("channel.yaml", CHANNEL)
    clarion.write("campaign.yaml", LABELLED)
    refused = await clarion("apply", "-f", ".", "--json")
    assert refused.status == 2
    (problem,) = refused.error["problems"]
    assert problem["where"].startswith("campaign.yaml:")
    assert "calling key holds" in problem["text"]


async def test_lint_takes_every_label_of_the_files(clarion: CommandLine) -> None:
    clarion.environment["SMTP_PORT"] = "25"
    clarion.write("channel.yaml", f"{CHANNEL}access_labels: [eu, vip]\n")
    clarion.write("campaign.yaml", LABELLED)
    wider = await clarion.process("lint", "-f", ".")
    assert (wider.status, "LABEL_WIDER_THAN_PART" in wider.out) == (1, True)
    clarion.write("campaign.yaml", f"{CAMPAIGN}access_labels: [eu, vip]\n")
    assert (await clarion.process("lint", "-f", ".")).status == 0


async def test_the_file_of_a_fragment_says_its_labels(clarion: CommandLine) -> None:
    created = await clarion("keys", "create", "team EU", "--scope", "admin", "--access-label", "eu")
    key = ("--api-key", created.out.strip())
    clarion.write("footer.yaml", "fragment: footer\nsource: <p>Bye</p>\naccess_labels: [eu]\n")
    assert (await clarion("apply", "-f", ".", *key)).status == 0
    assert (await clarion("plan", "-f", ".", *key)).status == 0
    assert "eu" in (await clarion("fragments", "list", *key)).out.splitlines()[-1].split()
    assert "footer" not in (await clarion("fragments", "list")).out
    assert "access_labels:\n  - eu\n" in (await clarion("fragments", "get", "footer", *key)).out
    clarion.write("footer.yaml", "fragment: footer\nsource: <p>Bye</p>\n")
    assert "access_labels" in (await clarion("plan", "-f", ".", *key)).out
    assert (await clarion("apply", "-f", ".", *key)).status == 0
    assert "footer" in (await clarion("fragments", "list")).out
