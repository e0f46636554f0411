from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from clarion_server.config import Settings
from clarion_server.transport.cli.app import run
from clarion_server.transport.cli.exits import Exit

SERVE = "clarion_server.programs.serving:serve"

#: Modules that take long to load. Help must not need them.
SLOW = ("grpc", "clarion_client", "sqlalchemy", "pydantic", "ruamel", "jinja2")


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CLARION_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_help_does_not_wait_for_what_it_can_do_without() -> None:
    code = (
        "import sys; from clarion_server.transport.cli.app import run; "
        f"run(['--help'], {SERVE!r}); print(sorted(set({SLOW!r}) & sys.modules.keys()))"
    )
    shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert shown.stdout.splitlines()[-1] == "[]"


def test_help_of_serve_lists_every_setting_with_its_variable(capsys: pytest.CaptureFixture[str]) -> None:
    run(["serve", "--help"], SERVE)
    words = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for name, field in Settings.model_fields.items():
        assert f"--{name.replace('_', '-')}" in words
        assert f"[env var: CLARION_{name.upper()}]" in words
        assert field.description is not None
        assert {word.strip("`,.:") for word in field.description.split()} - {
            word.strip("`,.:") for word in words.split()
        } == set()


#: Another process may listen on the default ports.
NO_PORTS = ("--listen", "127.0.0.1:0", "--http-listen", "")


@pytest.mark.parametrize(
    ("arguments", "variable"),
    [
        (["--pending-limit", "many"], "CLARION_PENDING_LIMIT"),
        (["--lease-seconds", "0"], "CLARION_LEASE_SECONDS"),
        (["--log-level", "loud"], "CLARION_LOG_LEVEL"),
        (["--tls-key", "key.pem"], "CLARION_TLS_CERTIFICATE"),
        (["--listen", "0.0.0.0:50051"], "CLARION_TLS_CERTIFICATE"),
    ],
)
def test_a_setting_that_makes_no_sense_is_reported_by_its_variable(
    arguments: list[str], variable: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", *arguments], SERVE) == Exit.REFUSED
    assert variable in capsys.readouterr().err


def test_every_setting_that_makes_no_sense_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLARION_LEASE_SECONDS", "0")
    run(["serve", "--pending-limit", "many"], SERVE)
    shown = capsys.readouterr().err
    assert "CLARION_LEASE_SECONDS: " in shown
    assert "CLARION_PENDING_LIMIT: " in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aply"], "Did you mean"),
        (["aply"], "See clarion --help."),
        (["stop", "a"], "See clarion stop --help."),
        (["approvals", "policies", "get"], "See clarion approvals policies get --help."),
        (["pause", "a", "b"], "See clarion pause --help."),
        (["apply"], "--file needs a value"),
        (["pause"], "CAMPAIGN needs a value"),
        (["stop", "a", "--queue"], "--queue needs a value"),
        (["pause", "a", "b"], "'b'"),
        (["stop", "a", "--queue", "burn"], "drain"),
        (["campaigns", "list", "--limt", "5"], "--limit"),
        (["campaigns", "list", "--limit", "-1"], "--limit"),
        (["watch", "--limit", "-1"], "--limit"),
        (["trigger", "a"], "--to or --from"),
        (["trigger", "a", "--to", "b", "--from", "c"], "--to or --from"),
        (["trigger", "a", "--from", "c", "--locale", "de"], "lines of the file"),
        (["pause", "executions/1"], "campaigns/"),
        (["apply", "-f", "nowhere.yaml"], "nowhere.yaml"),
        (["trigger", "a", "--from", "nowhere.jsonl"], "nowhere.jsonl"),
        (["campaigns", "list", "--ca-certificates", "nowhere.pem"], "nowhere.pem"),
    ],
)
def test_a_wrong_command_is_reported_in_one_sentence_and_ends_with_2(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments, SERVE) == Exit.REFUSED
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith("error: ")
    assert words in shown.err
    assert "Traceback" not in shown.err
