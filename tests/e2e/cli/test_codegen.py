"""Typed trigger functions: they compile, send what they are given, and let the type checker find misspelt fields."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clarion_client import Client

from tests.commands import run
from tests.e2e.cli.conftest import CAMPAIGN, CommandLine
from tests.smtp_sink import ReceivedMail, SmtpSink
from tests.typescript import COMPILER, built_client
from tests.unit.cli.test_codegen import ODD

ROOT = Path(__file__).parents[3]
CONTEXT = {"class": "first", "from-date": "2026-11-29", "app.prop": 1.5, "400": 7, "x": None, "__private": True}
CALLER = """
from clarion_client import Client
from typed_trigger import trigger_order_confirmed

def send(client: Client) -> None:
    trigger_order_confirmed(client, "jane@example.com", %s, request_id="1")
"""
TYPESCRIPT_CALLER = """
import type { Client } from "clarion-client";
import { triggerOrderConfirmed } from "./typed_trigger.js";

export const send = (client: Client) =>
  triggerOrderConfirmed(client, { to: "jane@example.com", context: %s, requestId: "1" });
"""
#: Runs what the compiler made of the caller.
SENDER = """
import { Client } from "clarion-client";
import { send } from "./caller0.js";

const client = new Client(process.env.CLARION_TARGET, { apiKey: process.env.CLARION_API_KEY });
await send(client);
client.close();
"""


@pytest.fixture
async def odd(shop: CommandLine) -> CommandLine:
    """Returns a command line in whose sandbox the live campaign has fields whose names are no identifiers."""
    head, _, _ = CAMPAIGN.replace("{{ context.order }}", "{{ context['class'] }}").partition("context_schema:")
    head = head.replace("      html: |", '      text: "{{ context | tojson }}"\n      html: |')
    shop.write("campaign.yaml", f"{head}context_schema: {json.dumps(ODD)}\n")
    applied = await shop("apply", "-f", "campaign.yaml", "--activate")
    assert applied.status == 0, applied.out + applied.err
    return shop


def errors_in_callers(
    folder: Path, source: str, suffix: str, contexts: list[str], *command: str
) -> set[tuple[str, str]]:
    """Writes a caller of the generated function with each context, `caller0` and so on. Returns the file and the line
    of each error that a compiler finds in them.
    """
    callers = [f"caller{number}.{suffix}" for number in range(len(contexts))]
    for caller, context in zip(callers, contexts, strict=True):
        (folder / caller).write_text(source % context)
    environment = {**os.environ, "MYPYPATH": f"{ROOT / 'clients' / 'python'}:{folder}"}
    command = (*command, *callers)
    checked = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    printed = checked.stdout + checked.stderr
    found = set(re.findall(r"^(\S+?)[:(](\d+)\b.*\berror\b", printed, re.MULTILINE))
    assert found or checked.returncode == 0, printed
    return found


def good_and_wrong(good: str, quote: str) -> list[str]:
    """Returns a context that fits the schema, and three with a misspelt name, without a field, and of another type."""
    without_a_field = good.replace(f"{quote}400{quote}: 7, ", "")
    return [good, good.replace("from-date", "from-dat"), without_a_field, good.replace("1.5", f"{quote}1.5{quote}")]


async def test_the_python_function_compiles_sends_and_finds_misspelt_fields(odd: CommandLine, sink: SmtpSink) -> None:
    written = await odd("codegen", "order-confirmed", "--lang", "python", "-o", "typed_trigger.py")
    assert written.status == 0, written.err
    contexts = good_and_wrong(repr(CONTEXT), "'")
    settings = ("--strict", "--no-incremental", "--cache-dir", str(odd.folder / "cache"), "--follow-imports", "silent")
    command = (sys.executable, "-m", "mypy", *settings, "typed_trigger.py")
    errors = errors_in_callers(odd.folder, CALLER, "py", contexts, *command)
    assert errors == {(f"caller{number}.py", "6") for number in (1, 2, 3)}
    module: Any = loaded(odd.folder / "typed_trigger.py")
    target, key = odd.environment["CLARION_TARGET"], odd.environment["CLARION_API_KEY"]
    with Client(target, api_key=key) as client:
        accepted = module.trigger_order_confirmed(client, "jane@example.com", CONTEXT, request_id="odd")
        assert len(accepted.recipients) == 1
    (mail,) = await sink.wait_for(1)
    assert context_of(mail) == CONTEXT


def context_of(mail: ReceivedMail) -> object:
    """Returns the context as its template saw it."""
    text = mail.parsed.get_body(("plain",))
    assert text is not None
    return json.loads(text.get_content())


def loaded(file: Path) -> object:
    spec = importlib.util.spec_from_file_location("typed_trigger", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_typescript_function_compiles_and_finds_misspelt_fields(odd: CommandLine) -> None:
    client = built_client()
    written = await odd("codegen", "order-confirmed", "--lang", "typescript", "-o", "typed_trigger.ts")
    assert written.status == 0, written.err
    (odd.folder / "node_modules").mkdir()
    (odd.folder / "node_modules" / "clarion-client").symlink_to(client)
    odd.write("package.json", '{"type": "module"}')
    contexts = good_and_wrong(json.dumps(CONTEXT), '"')
    settings = ("--strict", "--noEmit", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    errors = errors_in_callers(odd.folder, TYPESCRIPT_CALLER, "ts", contexts, str(COMPILER), *settings)
    assert errors == {(f"caller{number}.ts", "6") for number in (1, 2, 3)}


@pytest.mark.parametrize("absent", [(), ("x", "app.prop", "__private")])
async def test_odd_names_null_and_what_is_absent_arrive_as_typescript_sent_them(
    odd: CommandLine, sink: SmtpSink, absent: tuple[str, ...]
) -> None:
    client = built_client()
    await odd("codegen", "order-confirmed", "--lang", "typescript", "-o", "typed_trigger.ts")
    (odd.folder / "node_modules").mkdir()
    (odd.folder / "node_modules" / "clarion-client").symlink_to(client)
    odd.write("package.json", '{"type": "module"}')
    odd.write("sender.js", SENDER)
    sent = {name: value for name, value in CONTEXT.items() if name not in absent}
    settings = ("--strict", "--outDir", ".", "--skipLibCheck", "--target", "es2022", "--module", "nodenext")
    command = (str(COMPILER), *settings)
    assert errors_in_callers(odd.folder, TYPESCRIPT_CALLER, "ts", [json.dumps(sent)], *command) == set()
    await asyncio.to_thread(run, odd.folder, "node", "sender.js", **odd.environment)
    (mail,) = await sink.wait_for(1)
    assert context_of(mail) == sent


async def test_a_generated_file_can_be_checked_for_being_of_the_live_schema(odd: CommandLine) -> None:
    await odd("codegen", "order-confirmed", "--lang", "python", "-o", "typed_trigger.py")
    check = ("codegen", "order-confirmed", "--lang", "python", "--check", "typed_trigger.py")
    assert (await odd(*check)).status == 0
    odd.write("campaign.yaml", CAMPAIGN)
    await odd("apply", "-f", "campaign.yaml", "--activate")
    stale = await odd(*check)
    assert (stale.status, "another schema" in stale.out) == (1, True)


async def test_what_types_cannot_say_is_refused_with_its_path(shop: CommandLine) -> None:
    shop.write(
        "campaign.yaml", CAMPAIGN.replace("order: {type: string}", "order: {type: string}\n    any: {minLength: 1}")
    )
    await shop("apply", "-f", "campaign.yaml", "--activate")
    refused = await shop("codegen", "order-confirmed", "--lang", "python", "--json")
    assert (refused.status, [each["where"] for each in refused.error["problems"]]) == (2, ["context.any"])
    await shop("campaigns", "duplicate", "order-confirmed", "draft")
    draft = await shop("codegen", "draft", "--lang", "python")
    assert (draft.status, "never activated" in draft.err) == (2, True)
