"""Writes results as JUnit XML, which CI systems show: a suite for each campaign, and a test for each cell.

The form is that of the Ant task, as Jenkins, GitLab and GitHub's actions read it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from clarion_client import Comparison, TestCell, TestCellKey

from clarion_server.transport.cli.trying.results import Result, content_of, errors_of, fails, reasons_of, why

#: Characters that XML 1.0 has not, even as references.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def write_junit(path: Path, results: Sequence[Result]) -> None:
    root = ET.Element("testsuites", name="clarion test")
    for result in results:
        _suite(root, result)
    total = [int(suite.get("tests", "0")) for suite in root]
    root.set("tests", str(sum(total)))
    root.set("failures", str(sum(int(suite.get("failures", "0")) for suite in root)))
    root.set("errors", str(sum(int(suite.get("errors", "0")) for suite in root)))
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _suite(root: ET.Element, result: Result) -> None:
    suite = ET.SubElement(root, "testsuite", name=_text(result.campaign))
    for cell in result.cells:
        _test(suite, result, cell)
    for key in () if result.updated else result.gone:
        test = _test_element(suite, result, key)
        message = "There is no such cell any longer: another content is chosen for the case, or none."
        ET.SubElement(test, "failure", type="GONE", message=message).text = message
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("errors", str(len(suite.findall("testcase/error"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))


def _test(suite: ET.Element, result: Result, cell: TestCell) -> None:
    test = _test_element(suite, result, cell.key)
    if cell.comparison is Comparison.FAILED:
        # It could not be tried, which JUnit calls an error.
        message = "It cannot be rendered."
        ET.SubElement(test, "error", type="FAILED", message=message).text = _text("\n".join(reasons_of(cell)))
    elif fails(cell, updated=result.updated is not None):
        changed = cell.comparison is Comparison.CHANGED and not result.updated
        kind = "CHANGED" if changed else next(errors_of(cell)).code
        message = "The rendering differs from the accepted one." if changed else next(errors_of(cell)).message
        text = "\n".join([*([cell.unified_diff] if changed else []), *reasons_of(cell)])
        ET.SubElement(test, "failure", type=_text(kind), message=_text(message)).text = _text(text)
    elif cell.comparison is Comparison.EXCLUDED:
        ET.SubElement(test, "skipped", message="No rule is true: the recipient gets nothing.")
    lines = [f"{cell.comparison}: {why(cell)}", *reasons_of(cell)]
    ET.SubElement(test, "system-out").text = _text("\n".join(lines))


def _test_element(suite: ET.Element, result: Result, key: TestCellKey) -> ET.Element:
    name = f"{key.test_case} [{content_of(key)}]"
    return ET.SubElement(suite, "testcase", classname=_text(f"clarion.{result.campaign}"), name=_text(name), time="0")


def _text(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", text)
