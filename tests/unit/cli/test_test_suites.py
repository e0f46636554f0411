"""Documents with the test cases of a campaign."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest
from clarion_client import TestCase
from clarion_server.transport.cli.commands.starting import SCHEMA, STARTER
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.resources import read_files
from clarion_server.transport.cli.files.test_suites import exported_suite
from clarion_server.transport.cli.files.yaml_syntax import yaml_processor

SUITE = """\
tests: order-confirmed
cases:
  - id: plain
    display_name: Plain
    locale: de-AT
    rule: vip
    context:
      order: {id: "4711", items: [1, 2.5]}
  - id: other
"""


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def problems_of(text: str) -> list[tuple[str, str]]:
    """Returns where and what, for a file with this text."""
    Path("x.tests.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(CommandFailed) as caught:
        read_files([Path("x.tests.yaml")])
    return [(problem.where, problem.text) for problem in caught.value.problems]


def test_a_document_has_the_cases_of_its_campaign_with_their_lines() -> None:
    Path("x.tests.yaml").write_text(SUITE, encoding="utf-8")
    suite = read_files([Path()]).suites["campaigns/order-confirmed"]
    (plain, locations), (other, _) = suite.cases
    assert plain == TestCase(
        name="campaigns/order-confirmed/testCases/plain",
        display_name="Plain",
        locale="de-AT",
        rule="vip",
        context={"order": {"id": "4711", "items": [1, 2.5]}},
    )
    assert other == TestCase(name="campaigns/order-confirmed/testCases/other")
    assert str(locations.find("locale")) == "x.tests.yaml:5"
    assert str(locations.find("context.order.id")) == "x.tests.yaml:8"
    assert str(locations.find("")) == "x.tests.yaml:3"


def test_test_cases_are_none_of_the_other_resources() -> None:
    Path("x.tests.yaml").write_text(SUITE, encoding="utf-8")
    assert read_files([Path()]).resources == []


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "tests:\ncases: []\n",
            [("x.tests.yaml:1: tests", "The id of a campaign is needed, such as order-confirmed.")],
        ),
        ("tests: x\n", [("x.tests.yaml:1: cases", "A list of test cases is needed.")]),
        ("tests: x\ncases: {a: 1}\n", [("x.tests.yaml:2: cases", "A list of test cases is needed.")]),
        (
            "tests: x\ncases: []\ndisplay_name: X\n",
            [("x.tests.yaml:3: display_name", "A document of tests has `tests` and `cases` alone.")],
        ),
        (
            "tests: x\ncases: [plain]\n",
            [("x.tests.yaml:2: cases[0]", "A test case is a mapping, such as `id: plain`.")],
        ),
        ("tests: x\ncases:\n  - locale: de\n", [("x.tests.yaml:3: cases[0].id", "An id is needed, such as plain.")]),
        (
            "tests: x\ncases:\n  - id: a\n  - id: a\n",
            [("x.tests.yaml:4: cases[1].id", "Another test case has this id.")],
        ),
        (
            "tests: x\ncases:\n  - id: a\n    etag: 7\n    create_time: 2026-01-01T00:00:00Z\n",
            [
                ("x.tests.yaml:4: cases[0].etag", "This field does not belong in a file. Leave it out."),
                ("x.tests.yaml:5: cases[0].create_time", "The service writes this field. Leave it out."),
            ],
        ),
    ],
)
def test_every_mistake_is_told_with_its_line(text: str, problems: list[tuple[str, str]]) -> None:
    assert problems_of(text) == problems


def test_a_misspelt_field_and_a_wrong_type_are_told() -> None:
    found = problems_of("tests: x\ncases:\n  - id: a\n    locle: de\n    context: text\n")
    assert [where for where, _ in found] == ["x.tests.yaml:4: cases[0].locle", "x.tests.yaml:5: cases[0].context"]


def test_a_campaign_has_one_document_of_tests() -> None:
    ((where, text),) = problems_of(f"{SUITE}---\n{SUITE}")
    assert (where, text) == (
        "x.tests.yaml:11: tests",
        "The tests of campaigns/order-confirmed are at x.tests.yaml:1 too.",
    )


def test_what_is_exported_reads_back() -> None:
    Path("x.tests.yaml").write_text(SUITE, encoding="utf-8")
    suite = read_files([Path()]).suites["campaigns/order-confirmed"]
    cases = [case for case, _ in suite.cases]
    Path("x.tests.yaml").write_text(exported_suite(suite.campaign, cases, "again"), encoding="utf-8")
    assert [case for case, _ in read_files([Path()]).suites["campaigns/order-confirmed"].cases] == cases


@pytest.mark.parametrize(
    ("text", "is_valid"),
    [(SUITE, True), (SUITE.replace("locale", "locle"), False), ("tests: x\ncases:\n  - locale: de\n", False)],
)
def test_editors_know_the_form_of_test_cases(text: str, is_valid: bool) -> None:
    schema = jsonschema_rs.validator_for(json.loads((STARTER / SCHEMA).read_text(encoding="utf-8")))
    assert schema.is_valid(yaml_processor().load(text)) is is_valid
