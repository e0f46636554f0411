"""Checks with mypy a caller's program, and what the pages show to callers."""

from __future__ import annotations

import os
import re
import textwrap
from pathlib import Path

import clarion_client
from mypy import api

ROOT = Path(__file__).parents[3]

CALLER = """
from typing import assert_type
import clarion_client as c

def call(client: c.Client) -> None:
    assert_type(client.trigger("x", to="jane@example.com", context={"order": {"id": 1}}), c.Accepted)
    assert_type(client.campaigns.get("x"), c.Campaign)
    assert_type([message.state for message in client.messages.list()], list[c.MessageState])
    with client.messages.watch() as watch:
        assert_type(next(watch), c.Event)
    for trigger, result in client.trigger_stream([c.Trigger("x", [])]):
        assert_type(result.reason if isinstance(result, c.ClarionError) else result.execution, str)

async def call_async(client: c.AsyncClient) -> None:
    assert_type(await client.trigger("x", [c.Recipient("jane@example.com")]), c.Accepted)
    assert_type(await client.campaigns.get("x"), c.Campaign)
    assert_type([message.state async for message in client.messages.list()], list[c.MessageState])
    async with client.messages.watch() as watch:
        assert_type(await anext(watch), c.Event)
    async for trigger, result in client.trigger_stream([c.Trigger("x", [])]):
        assert_type(trigger, c.Trigger)
"""

#: Each line is a mistake.
MISTAKES = """
import clarion_client as c

def call(client: c.Client) -> None:
    client.trigger(5)
    client.trigger("x", to="jane@example.com", send_time=5)
    client.trigger("x", too="jane@example.com")
    client.campaigns.stop("x")
    client.messages.get("1").state = c.MessageState.SENT
    client.messages.get("1").stat
    for message in client.messages.list(states=["SENT"]): ...
    client.trigger_stream(["x"])
    c.Campaign(dispaly_name="x")
"""

#: Begins the program that is made of the samples of the pages: with what these take as given.
PREAMBLE = f"""
# mypy: disable-error-code="union-attr"
import base64, dataclasses, hashlib, hmac, yaml
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from clarion_client import {", ".join(name for name in clarion_client.__all__ if name[0].isupper())}
accepted: Accepted
action: Action
at: datetime
context: dict[str, Any]
file: Any
key: str
order: Any
orders: Any
pdf_bytes: bytes
profiles: list[Profile]
stored: str
def handle(event: Event) -> None: ...
def store(token: str) -> None: ...
"""
#: What stands for something else in a sample, and something of its type.
LEFT_OUT = (
    ("{...}", "{}"),
    ("{…}", "{}"),
    (", …}", "}"),
    (": …", ": ..."),
    ("evidence=...", "evidence=None"),
    ("trigger(...)", "trigger('x')"),
)


def samples() -> str:
    """Returns a program with a function for each sample in Python of the pages."""
    functions = [PREAMBLE]
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]:
        text = page.read_text(encoding="utf-8")
        for found in re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
            code = re.sub(r"^(?:from|import) .*\n", "", found[1], flags=re.MULTILINE)
            for short, whole in LEFT_OUT:
                code = code.replace(short, whole)
            if "trigger_welcome" not in code:  # is of a program that `clarion codegen` writes
                line = text.count("\n", 0, found.start()) + 1
                name = f"{page.stem.replace('-', '_')}_{line}"
                functions.append(f"def {name}(client: Client) -> None:\n{textwrap.indent(code, '    ')}")
    return "\n".join(functions)


def test_callers_of_the_client_and_the_pages_are_strictly_typed_and_mistakes_are_found(tmp_path: Path) -> None:
    caller, mistaken, documented = (tmp_path / name for name in ("caller.py", "mistaken.py", "documented.py"))
    caller.write_text(CALLER)
    mistaken.write_text(MISTAKES)
    documented.write_text(samples(), encoding="utf-8")
    examples = [ROOT / "examples" / name for name in ("client.py", "async_client.py")]
    options = ["--strict", f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={os.devnull}"]

    output, errors, _ = api.run([*options, *map(str, [caller, mistaken, documented, *examples])])

    assert errors == ""
    found = [line for line in output.splitlines() if ": error: " in line]
    assert {line.partition(":")[0] for line in found} == {str(mistaken)}, output
    assert len({line.split(":")[1] for line in found}) == len(MISTAKES.strip().splitlines()) - 3, output
