"""Checks a caller's program with mypy."""

from __future__ import annotations

import os
from pathlib import Path

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


def test_a_caller_of_the_client_is_strictly_typed_and_its_mistakes_are_found(tmp_path: Path) -> None:
    caller, mistaken = tmp_path / "caller.py", tmp_path / "mistaken.py"
    caller.write_text(CALLER)
    mistaken.write_text(MISTAKES)
    examples = [ROOT / "examples" / name for name in ("client.py", "async_client.py")]
    options = ["--strict", f"--config-file={ROOT / 'pyproject.toml'}", f"--cache-dir={os.devnull}"]

    output, errors, _ = api.run([*options, *map(str, [caller, mistaken, *examples])])

    assert errors == ""
    found = [line for line in output.splitlines() if ": error: " in line]
    assert {line.partition(":")[0] for line in found} == {str(mistaken)}, output
    assert len({line.split(":")[1] for line in found}) == len(MISTAKES.strip().splitlines()) - 3, output
