"""Reads documents with the test cases of a campaign: `tests: order-confirmed`.

They stand beside the campaign, in `order-confirmed.tests.yaml` or in the same file, as they belong to none of its
versions. A document has all test cases of its campaign: one that it lacks is deleted when it is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from clarion.v1 import test_case_pb2
from clarion_client import Client, FieldError, TestCase

from clarion_server.transport.cli.files.documents import Document
from clarion_server.transport.cli.files.references import References
from clarion_server.transport.cli.files.resource_types import ResourceType
from clarion_server.transport.cli.files.source_location import Locations, Problems
from clarion_server.transport.cli.files.yaml_syntax import dump

KEYWORD, CASES, IDENTIFIER = "tests", "cases", "id"
SUFFIX = ".tests.yaml"
_LARGEST_PAGE = 1_000


class _TestCaseType(ResourceType[TestCase]):
    """Is the type of the entries of `cases`, each of which is a resource of its own."""

    __slots__ = ()

    def full_name(self, value: TestCase) -> str:
        return value.name


TEST_CASE: ResourceType[Any] = _TestCaseType(
    IDENTIFIER,
    TestCase,
    test_case_pb2.TestCase.DESCRIPTOR,
    lambda client: client.test_cases,  # type: ignore[return-value, arg-type] # it lists those of one campaign
)


@dataclass(frozen=True, slots=True)
class Suite:
    """Is a document: all test cases that a campaign is to have."""

    campaign: str
    """Is the name of the campaign."""
    cases: tuple[tuple[TestCase, Locations], ...]
    locations: Locations

    @property
    def folder(self) -> Path:
        return Path(self.locations.find("").file).parent

    def without_file(self, client: Client) -> Iterator[TestCase]:
        """Yields the stored test cases that the document lacks. Raises ClarionError."""
        named = {case.name for case, _ in self.cases}
        stored = client.test_cases.list(self.campaign, page_size=_LARGEST_PAGE)
        return (case for case in stored if case.name not in named)


def suite_of(document: Document, problems: Problems) -> Suite | None:
    """Returns None when something is wrong with the document."""
    data = dict(document.data)
    identifier, entries = data.pop(KEYWORD), data.pop(CASES, None)
    if not isinstance(identifier, str) or not identifier.rpartition("/")[2]:
        problems.add(KEYWORD, "The id of a campaign is needed, such as order-confirmed.")
    for name in data:
        problems.add(name, f"A document of tests has `{KEYWORD}` and `{CASES}` alone.")
    if not isinstance(entries, list):
        problems.add(CASES, "A list of test cases is needed.")
    if problems.all() or not isinstance(entries, list):
        return None
    campaign = f"campaigns/{str(identifier).rpartition('/')[2]}"
    references = References(document, problems, None)
    cases = [_case(entry, f"{CASES}[{index}]", campaign, references, problems) for index, entry in enumerate(entries)]
    names = ["" if case is None else case.name for case in cases]
    for index, each in enumerate(names):
        if each and each in names[:index]:
            problems.add(f"{CASES}[{index}].{IDENTIFIER}", "Another test case has this id.")
    if problems.all():
        return None
    found = tuple(
        (case, document.locations.under(f"{CASES}[{index}]")) for index, case in enumerate(cases) if case is not None
    )
    return Suite(campaign, found, document.locations)


def _case(entry: Any, path: str, campaign: str, references: References, problems: Problems) -> TestCase | None:
    if not isinstance(entry, dict):
        problems.add(path, "A test case is a mapping, such as `id: plain`.")
        return None
    data = dict(entry)
    identifier = data.pop(IDENTIFIER, None)
    if not isinstance(identifier, str) or not identifier or "/" in identifier:
        problems.add(f"{path}.{IDENTIFIER}", "An id is needed, such as plain.")
    for name in ("name", "etag"):
        if name in data:
            del data[name]
            problems.add(f"{path}.{name}", "This field does not belong in a file. Leave it out.")
    try:
        case = TestCase.from_dict(references.resolve(data, TEST_CASE.message, path))
    except FieldError as error:
        for each in error.errors:
            if f"{path}.{each.path}" not in problems.paths:
                problems.add(f"{path}.{each.path}", f"It {each.problem}.")
        return None
    return replace(case, name=f"{campaign}/testCases/{identifier}")


def exported_suite(campaign: str, cases: Iterable[TestCase], comment: str) -> str:
    """Returns the test cases of a campaign as a file that can be applied."""
    entries = [{IDENTIFIER: case.name.rpartition("/")[2], **TEST_CASE.authored(case)} for case in cases]
    return f"# {comment}\n{dump({KEYWORD: campaign.rpartition('/')[2], CASES: entries})}"
