"""Consents by commands and by the example, against the real service."""

from __future__ import annotations

import asyncio

import pytest
from clarion_client import ConsentChoice, Topic

from examples import subscribing
from tests.e2e.cli.conftest import CommandLine
from tests.service import Sandbox


async def test_a_choice_is_stored_and_shown_with_its_history(shop: CommandLine, sandbox: Sandbox) -> None:
    with sandbox.client() as client:
        client.topics.create(Topic(name="news", display_name="News"))
    assert "no profile" in (await shop("consents", "get", "jane@example.com")).out
    command = ("consents", "set", "Jane@example.com", "--topic", "news", "--channel", "email")
    stored = await shop(*command, "--deny", "--json")
    (consent,) = stored.data["consents"]
    assert (consent["topic"], consent["channel"], consent["choice"]) == ("topics/news", "EMAIL", "DENIED")
    shown = (await shop("consents", "get", "jane@example.com")).out
    assert "topics/news on EMAIL" in shown
    assert "SUPPORT" in shown
    refused = await shop(*command, "--grant", "--json")
    assert refused.status == 2
    assert "DENIAL_STANDS" in refused.err
    assert (await shop(*command, "--grant", "--evidence", "Ticket 4711")).status == 0
    with sandbox.client() as client:
        newest = next(iter(client.consents.history("jane@example.com")))
    assert newest.choice is ConsentChoice.GRANTED
    assert newest.evidence is not None
    assert newest.evidence.text == "Ticket 4711"
    watched = (await shop("watch", "--from-start", "--limit", "1")).out
    assert "CONSENT_CHANGED" in watched
    assert "DENIED topics/news on EMAIL SUPPORT" in watched
    assert "example.com" not in watched


@pytest.mark.parametrize("flags", [(), ("--grant", "--deny")])
async def test_a_choice_is_either_granted_or_denied(shop: CommandLine, flags: tuple[str, ...]) -> None:
    refused = await shop("consents", "set", "jane@example.com", *flags)
    assert refused.status == 2
    assert "either --grant or --deny" in refused.err


async def test_the_meaning_of_silence_is_shown_and_changed(shop: CommandLine) -> None:
    assert "SEND_ONLY_IF_GRANTED" in (await shop("consents", "settings")).out
    assert (await shop("consents", "settings", "--silence", "send-unless-denied")).status == 0
    assert (await shop("consents", "settings", "--json")).data["silence"] == "SEND_UNLESS_DENIED"


async def test_the_example_signs_up_and_leaves(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CLARION_TARGET", sandbox.target)
    monkeypatch.setenv("CLARION_API_KEY", sandbox.admin_key)
    await asyncio.to_thread(subscribing.main)
    assert capsys.readouterr().out.splitlines() == [
        "Refused: DENIAL_STANDS",
        "DENIED by PREFERENCE_PAGE",
        "GRANTED by FORM",
    ]
