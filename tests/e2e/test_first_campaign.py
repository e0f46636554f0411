"""The newcomer's page does what it says: every command of it runs, and the mails arrive."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from tests.ports import free_port
from tests.waiting import until

PAGE = Path(__file__).parents[2] / "docs" / "first-campaign.md"
CLIENTS = PAGE.parents[1] / "clients" / "python"
BLOCKS = re.findall(r"^```(sh|python)\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
SERVING = re.compile(r"serving grpc on (\S+)")
KEY = re.compile(r"first admin key \(shown once, keep it\): (\S+)")
#: Is the longest time that one block may take.
SECONDS = 300


@contextmanager
def in_a_terminal_of_its_own(command: str, folder: Path, environment: dict[str, str]) -> Iterator[IO[bytes]]:
    """Runs a command until the end of the block. Yields what it prints."""
    with TemporaryFile() as output:
        process = subprocess.Popen(
            ["bash", "-c", f"exec {command}"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield output
        finally:
            process.terminate()
            process.wait(SECONDS)


def printed(output: IO[bytes]) -> str:
    return os.pread(output.fileno(), 10_000_000, 0).decode()


def run(block: str, folder: Path, environment: dict[str, str]) -> str:
    """Runs the lines of a block in a shell that ends at the first failure. Returns what they print."""
    done = subprocess.run(
        ["bash", "-ec", block],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}"
    return done.stdout


async def test_every_command_of_the_page_runs_and_two_mails_arrive(tmp_path: Path) -> None:
    port = str(free_port())
    (_, mail_server), (_, serve), (_, export), *rest = BLOCKS
    assert (serve, export) == ("clarion serve\n", "export CLARION_API_KEY=clk_…\n")
    environment = {
        **os.environ,
        "PATH": f"{sysconfig.get_path('scripts')}:{os.environ['PATH']}",
        "PYTHONPATH": f"{CLIENTS}:{tmp_path}",
        # Tests run side by side, and so on ports of their own.
        "CLARION_LISTEN": "127.0.0.1:0",
        "CLARION_HTTP_LISTEN": "",
    }
    mail_server = mail_server.replace("1025", port)
    with (
        in_a_terminal_of_its_own(mail_server, tmp_path, environment) as mails,
        in_a_terminal_of_its_own(serve, tmp_path, environment) as log,
    ):

        async def serves() -> bool:
            return SERVING.search(printed(log)) is not None

        await until(serves)
        key, target = KEY.search(printed(log)), SERVING.search(printed(log))
        assert key is not None
        assert target is not None
        environment |= {"CLARION_API_KEY": key[1], "CLARION_TARGET": target[1]}
        for language, block in rest:
            command = f"{sys.executable} - <<'END'\n{block}END" if language == "python" else block
            run(command, tmp_path, environment)
            if "clarion init" in block:
                channel = tmp_path / "campaigns" / "mail.yaml"
                channel.write_text(channel.read_text().replace("1025", port))

        async def have_arrived() -> bool:
            subjects = re.findall(r"^Subject: (.*)$", printed(mails), re.MULTILINE)
            return sorted(subjects) == ["Welcome, Jane Doe", "Welcome, Jane Doe", "Welcome, Joe Bloggs"]

        await until(have_arrived)
