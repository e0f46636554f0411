"""Standard streams that are full, closed, or of another encoding than UTF-8."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from tests.e2e.cli.conftest import CommandLine, Finished

PREVIEW = ("preview", "order-confirmed", "--context", '{"order": "Gr\u00fc\u00dfe"}')


async def in_a_shell(clarion: CommandLine, redirection: str, *arguments: str, **environment: str) -> Finished:
    """Runs a command whose streams a shell redirects."""
    process = await asyncio.create_subprocess_exec(
        "sh",
        "-c",
        f'"$0" -m clarion_server "$@" {redirection}',
        sys.executable,
        *arguments,
        cwd=clarion.folder,
        env={**os.environ, **clarion.environment, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(120):
        out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
async def test_output_that_cannot_be_written_is_told_in_one_sentence(shop: CommandLine) -> None:
    for arguments in (("campaigns", "list"), ("--help",)):
        full = await in_a_shell(shop, ">/dev/full", *arguments)
        assert (full.status, full.err.splitlines()[0]) == (
            2,
            "error: The output cannot be written: No space left on device.",
        )
        assert len(full.err.splitlines()) == 2


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
async def test_a_stream_that_is_closed_takes_what_is_written(shop: CommandLine, closed: str) -> None:
    listed = await in_a_shell(shop, closed, "campaigns", "list", "--json")
    assert listed == Finished(0, "", "")


async def test_errors_do_not_go_to_stdout_when_stderr_is_closed(shop: CommandLine) -> None:
    assert await in_a_shell(shop, "2>&-", "campaigns", "get", "nosuch") == Finished(2, "", "")


async def test_a_closed_stdin_is_empty(shop: CommandLine) -> None:
    sent = await in_a_shell(shop, "<&-", "trigger", "order-confirmed", "--from", "-")
    assert (sent.status, sent.err) == (0, "")
    assert sent.out.startswith("0 lines: ")


async def test_an_encoding_that_lacks_characters_is_named_and_json_goes_without_them(shop: CommandLine) -> None:
    shown = await in_a_shell(shop, "", *PREVIEW, PYTHONIOENCODING="ascii")
    assert shown.status == 2
    assert shown.err.startswith("error: The output has characters that the encoding ascii lacks.\n")
    data = await in_a_shell(shop, "", *PREVIEW, "--json", PYTHONIOENCODING="ascii")
    assert (data.status, data.err) == (0, "")
    assert json.loads(data.out)["email"]["subject"] == "Order Gr\u00fc\u00dfe"


async def test_an_argument_that_is_no_text_is_told(shop: CommandLine) -> None:
    refused = await in_a_shell(shop, "", "campaigns", "get", "\udcff")
    assert (refused.status, refused.err) == (
        2,
        "error: The data cannot be sent.\n  name: It holds a lone surrogate, which is no text.\n",
    )


async def test_a_limit_that_no_list_has_is_refused(clarion: CommandLine) -> None:
    refused = await clarion("messages", "list", "--limit", str(2**64))
    assert (refused.status, refused.err.splitlines()[0]) == (
        2,
        f'error: Invalid value "{2**64}" for --limit. Must be <= 1000000000.',
    )
