"""Tests what the command line says about itself: examples at the end of help, and scripts for shells."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from clarion_server.transport.cli.app import command_line, run
from clarion_server.transport.cli.examples import EXAMPLES

from tests.unit.cli.late_commands import COMMANDS


@pytest.mark.parametrize("example", [example for examples in EXAMPLES.values() for example in examples])
def test_an_example_is_a_command_that_can_be_given(example: str) -> None:
    name, *arguments = shlex.split(example)
    assert name == "clarion"
    command_line(*COMMANDS).parse_args([each for each in arguments if each != "--json"])


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_ends_with_the_examples_of_the_command(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    run([*command.split(), "--help"], *COMMANDS)
    end = " ".join(capsys.readouterr().out.partition("Examples:")[2].split())
    assert end == " ".join(f"• {example}" for example in EXAMPLES[command])


@pytest.fixture(scope="module")
def completing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the script by which bash completes the command."""
    script = tmp_path_factory.mktemp("completion") / "clarion"
    with script.open("w", encoding="utf-8") as output, redirect_stdout(output):
        run(["completion", "bash"], *COMMANDS)
    return script


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed here")
@pytest.mark.parametrize(
    ("words", "completed"),
    [
        (["clarion", "tr"], ["trigger", "trigger-audience"]),
        (["clarion", "campaigns", "dif"], ["diff"]),
        (["clarion", "stop", "orders", "--queue", ""], ["cancel", "drain"]),
        (["clarion", "lint", "--fi"], ["--file"]),
    ],
)
def test_bash_completes_commands_options_and_choices(words: list[str], completed: list[str], completing: Path) -> None:
    script = f"source {completing}; COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; _clarion"
    shown = subprocess.run(
        ["bash", "-c", f'{script}; printf "%s\\n" "${{COMPREPLY[@]}}"'],
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(shown.stdout.split()) == completed
