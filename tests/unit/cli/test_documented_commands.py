"""The command line takes every command that the pages show."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from clarion_server.transport.cli.app import command_line

from tests.unit.cli.late_commands import COMMANDS

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
SAMPLE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SHELLS = frozenset({"", "sh", "console"})
#: Begins a line in which somebody types `clarion`.
TYPED = re.compile(r"(\$ )?(\w+=\S+ )?(\w+=\$\()?clarion ")
#: Ends a command in a line of a shell.
OPERATORS = frozenset(";|&()")


def words_of(line: str) -> list[str]:
    """Returns the words of a line, with those of the shell by themselves, and without its comment."""
    reader = shlex.shlex(line, posix=True, punctuation_chars=";|&<>()")
    reader.whitespace_split, reader.commenters = True, "#"
    return list(reader)


def commands_of(line: str) -> Iterator[list[str]]:
    """Yields the arguments of each `clarion` in a line of a shell."""
    command: list[str] = []
    for word in [*words_of(line), ";"]:
        if not OPERATORS.issuperset(word):
            command.append(word)
            continue
        if "clarion" in command:
            arguments = command[command.index("clarion") + 1 :]
            redirections = [place for place, each in enumerate(arguments) if set("<>").issuperset(each)]
            yield arguments[: min(redirections, default=len(arguments))]
        command = []


def shown(page: Path) -> Iterator[str]:
    """Yields the lines of a page in which somebody types `clarion`."""
    for language, block in SAMPLE.findall(page.read_text(encoding="utf-8")):
        if language in SHELLS:
            lines = block.replace("\\\n", " ").splitlines()
            yield from (line.removeprefix("$ ") for line in lines if TYPED.match(line))


APP = command_line(*COMMANDS)
SAMPLES = [(page.name, arguments) for page in PAGES for line in shown(page) for arguments in commands_of(line)]


def test_the_pages_are_read() -> None:
    assert len(SAMPLES) > 150


@pytest.mark.parametrize(("page", "arguments"), SAMPLES, ids=lambda value: str(value)[:60])
def test_a_command_that_a_page_shows_can_be_given(page: str, arguments: list[str]) -> None:
    # The options of all commands are read before.
    APP.parse_args([each for each in arguments if each != "--json"])
