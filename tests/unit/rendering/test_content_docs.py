"""The pages for authors say what is true."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from clarion_server.adapters.rendering.evaluation.template_tests import TESTS
from clarion_server.adapters.rendering.filters import FILTERS
from clarion_server.adapters.rendering.schemas.violations import REASONS
from clarion_server.domain.finding import FindingCode

from tests.unit.rendering.contents import reviewed, text_of

DOCS = Path(__file__).parents[3] / "docs"
FINDINGS = (DOCS / "findings.md").read_text()
WRITING = (DOCS / "writing-content.md").read_text()

SCHEMA = yaml.safe_load(re.findall(r"```yaml\n(.*?)```", FINDINGS, re.DOTALL)[0])
SECTIONS = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##|\Z)", FINDINGS, re.DOTALL | re.MULTILINE))
EXAMPLES = [
    (code, language, example)
    for code, section in SECTIONS.items()
    for language, example in re.findall(r"```(jinja|yaml)\n(.*?)```", section, re.DOTALL)
]


def test_every_finding_is_explained_and_no_other() -> None:
    assert set(SECTIONS) == {code.value for code in FindingCode}


@pytest.mark.parametrize(("code", "language", "example"), EXAMPLES)
def test_the_example_of_a_finding_leads_to_it_and_to_no_other(code: str, language: str, example: str) -> None:
    findings = reviewed(example, SCHEMA) if language == "jinja" else reviewed("x", yaml.safe_load(example))
    assert {finding.code.value for finding in findings} == {code}


def test_every_filter_test_and_reason_is_listed() -> None:
    names = set(re.findall(r"`([\w]+)", WRITING))
    assert set(FILTERS) <= names
    assert {name for name in TESTS if name.isidentifier()} <= names
    assert set(REASONS.values()) <= names


PEOPLE = [
    (example, english, german)
    for examples, english, german in re.findall(
        r"^\| `\w+\(.*?\)` \| (`.*`) \| (.*?) \| (.*?) \|$", WRITING, re.MULTILINE
    )
    for example, english, german in zip(
        re.findall(r"`(.*?)`", examples.replace("\\|", "|")), english.split("; "), german.split("; "), strict=True
    )
]


@pytest.mark.parametrize(("example", "english", "german"), PEOPLE)
def test_the_examples_of_the_filters_for_people_come_out_as_shown(example: str, english: str, german: str) -> None:
    context: dict[str, Any] = {"t": "2026-11-22T07:05:00Z"}
    template = example.replace("{{ t ", "{{ context.t ")
    written = [
        text_of(template, context, locale).replace("\xa0", " ").replace("\u202f", " ") for locale in ("en", "de")
    ]
    assert written == [english, german]
