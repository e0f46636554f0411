"""Tests the schema by which editors check files: it takes what `clarion apply` takes, and finds misspelt fields."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clarion_server.transport.cli.commands.starting import SCHEMA, STARTER
from clarion_server.transport.cli.files.documents import read_documents
from clarion_server.transport.cli.files.resources import TYPES
from jsonschema_rs import Draft7Validator

ROOT = Path(__file__).parents[3]
FILES = [*ROOT.glob("examples/**/*.yaml"), *STARTER.glob("*.yaml")]
VALIDATOR = Draft7Validator(json.loads((STARTER / SCHEMA).read_text(encoding="utf-8")))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_example_passes(file: Path) -> None:
    for document in read_documents(file):
        assert [error.message for error in VALIDATOR.iter_errors(document.data)] == []


@pytest.mark.parametrize("keyword", TYPES)
def test_every_field_of_a_document_is_known_with_what_the_contract_says_about_it(keyword: str) -> None:
    definition = json.loads((STARTER / SCHEMA).read_text(encoding="utf-8"))["definitions"][keyword]
    assert {keyword, *TYPES[keyword].fields} <= set(definition["properties"])
    assert all(part["description"] for part in definition["properties"].values())


CAMPAIGN: dict[str, Any] = {
    "campaign": "a",
    "display_name": "A",
    "category": "TRANSACTIONAL",
    "actions": [{"channel_configuration": "c", "email": {"subject": "x", "html_file": "a.html"}}],
}


@pytest.mark.parametrize(
    "change",
    [
        {"campaign": None},
        {"categroy": "MARKETING"},
        {"category": "SERVICE"},
        {"actions": {}},
        {"actions": [{"channel_configuration": "c", "email": {"subjct": "x"}}]},
        {"rapid": "yes"},
        {"live_version": 3},
        {"etag": "1"},
    ],
)
def test_what_apply_would_refuse_is_found_in_the_editor(change: dict[str, Any]) -> None:
    assert VALIDATOR.is_valid(CAMPAIGN)
    assert not VALIDATOR.is_valid({**CAMPAIGN, **change})


def test_settings_of_channels_may_come_from_the_environment() -> None:
    channel = {
        "channel": "c",
        "display_name": "C",
        "smtp": {"host": "a", "port": "${PORT}", "sender": {"address": "a@b"}},
    }
    assert VALIDATOR.is_valid(channel)
    assert not VALIDATOR.is_valid({**CAMPAIGN, "rapid": "${RAPID}"})
