"""Tests the output in a terminal."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios

import pytest

from tests.e2e.cli.conftest import CommandLine

BAR = "━"


async def at_a_terminal(clarion: CommandLine, *arguments: str, columns: int = 100) -> str:
    """Returns everything that the command writes to a terminal with that many columns."""
    keyboard, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {**os.environ, **clarion.environment, "TERM": "xterm-256color"}
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"):
        environment.pop(name, None)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "clarion_server",
        *arguments,
        cwd=clarion.folder,
        env=environment,
        stdin=screen,
        stdout=screen,
        stderr=screen,
    )
    os.close(screen)
    shown = await asyncio.to_thread(_read_all, keyboard)
    await process.wait()
    os.close(keyboard)
    return shown


def _read_all(keyboard: int) -> str:
    chunks = []
    # Reading from a terminal fails when its last program has ended.
    while chunk := _read(keyboard):
        chunks.append(chunk)
    return b"".join(chunks).decode()


def _read(keyboard: int) -> bytes:
    try:
        return os.read(keyboard, 65_536)
    except OSError:
        return b""


async def test_a_terminal_gets_colours_and_a_progress_bar(shop: CommandLine) -> None:
    lines = [{"to": f"customer{number}@example.com", "context": {"order": "1"}} for number in range(5)]
    shop.write("orders.jsonl", "\n".join(map(json.dumps, lines)))
    shown = await at_a_terminal(shop, "trigger", "order-confirmed", "--from", "orders.jsonl")
    assert "5/5" in shown
    assert BAR in shown
    assert "\x1b[32m" in shown


@pytest.mark.parametrize(
    ("collection", "header"), [("profiles", "email"), ("suppressions", "target")], ids=["profiles", "suppressions"]
)
async def test_an_import_shows_how_far_it_has_come(clarion: CommandLine, collection: str, header: str) -> None:
    clarion.write("people.csv", "".join(f"{line}\n" for line in (header, "a@example.com", "b@example.com")))
    shown = await at_a_terminal(clarion, collection, "import", "people.csv")
    assert BAR in shown
    assert "3/3" in shown
    assert "2 created" in _plain(shown)


async def test_an_import_has_come_to_its_end_when_its_last_row_cannot_be_sent(clarion: CommandLine) -> None:
    clarion.write("people.csv", "email,attributes.seats:integer\na@example.com,1\nb@example.com,few")
    shown = _plain(await at_a_terminal(clarion, "profiles", "import", "people.csv"))
    assert re.findall(r"\d/\d lines", shown)[-1] == "3/3 lines"
    assert "1 created, 0 updated, 0 unchanged, 1 rejected." in shown


async def test_json_at_a_terminal_has_no_colour_and_no_bar(shop: CommandLine) -> None:
    shop.write("orders.jsonl", '{"to": "jane@example.com", "context": {"order": "1"}}')
    shown = await at_a_terminal(shop, "trigger", "order-confirmed", "--from", "orders.jsonl", "--json")
    assert "\x1b" not in shown
    assert BAR not in shown
    assert json.loads(shown.splitlines()[-1])["summary"]["accepted"] == 1


async def test_a_report_is_drawn_within_the_window(shop: CommandLine) -> None:
    await shop("trigger", "order-confirmed", "--to", "jane@example.com", "--context", '{"order": "1"}')
    await shop.wait_for_events(1)
    shown = await at_a_terminal(shop, "report", "order-confirmed", columns=60)
    assert "█" in shown
    assert "100.0%" in shown


async def test_an_explanation_is_a_readable_table_at_a_terminal(shop: CommandLine) -> None:
    await shop("suppressions", "add", "jane@example.com", "--reason", "complaint")
    shown = await at_a_terminal(shop, "explain", "order-confirmed", "--to", "jane@example.com", columns=60)
    lines = [line.rstrip() for line in _plain(shown).splitlines()]
    assert lines[:3] == ["To       jane@example.com", "Profile  none", "Locale   en (from the campaign)"]
    assert "email  EXCLUDED" in lines
    assert "Address  jane@example.com (from the identity)" in lines
    (reason,) = [line for line in lines if line.startswith("SUPPRESSED")]
    assert "suppressions/" in reason


def _plain(shown: str) -> str:
    """Returns the text without colours."""
    return re.sub(r"\x1b\[[0-9;]*m", "", shown)
