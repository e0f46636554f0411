"""Tests what `clarion test` writes: accepted renderings, JUnit XML and the page of all renderings."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from clarion_client import (
    Comparison,
    Finding,
    LocaleOrigin,
    LocaleReason,
    Mailbox,
    RenderedEmail,
    Severity,
    TestCell,
    TestCellKey,
    TestRun,
    Violation,
)
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.trying.goldens import Goldens, updated
from clarion_server.transport.cli.trying.junit import write_junit
from clarion_server.transport.cli.trying.matrix import write_matrix
from clarion_server.transport.cli.trying.results import Result
from lxml import etree  # type: ignore[import-untyped] # ships no types

RUN = TestRun(etag="7", format_data="babel-2.18.0")
BROKEN_LINK = Finding(
    severity=Severity.ERROR, code="LINK_INVALID", field="actions[0].email.html", message="No.", remedy="Do."
)
MISSING = Violation(field="context.order", reason="REQUIRED", description="Must.")
HTML = '<p title="a">Hello</p></iframe><script>alert(1)</script><!-- CELLS -->'


def key(case: str = "plain", locale: str = "de", rule: str = "") -> TestCellKey:
    return TestCellKey(test_case=case, action="email", locale=locale, rule=rule)


def cell(comparison: Comparison, **fields: Any) -> TestCell:
    given: dict[str, Any] = {
        "key": key(),
        "wanted_locale": "de",
        "locale_origin": LocaleOrigin.EVERY,
        "locale_reason": LocaleReason.EXACT,
        "document": "Subject: Hello\n\n--- text\nné \u2028\n",
        **fields,
    }
    return TestCell(comparison=comparison, **given)


RESULT = Result(
    "orders",
    [
        cell(Comparison.SAME),
        cell(Comparison.NEW, key=key("new")),
        cell(Comparison.CHANGED, key=key("changed", rule="vip"), unified_diff="-Subject: a\x0b & <b>\n+Subject: c"),
        cell(Comparison.SAME, key=key("linked"), findings=[BROKEN_LINK]),
        cell(
            Comparison.FAILED,
            key=key("failed"),
            document="",
            violations=[MISSING],
        ),
        cell(Comparison.EXCLUDED, key=key("excluded"), document=""),
        cell(Comparison.FORMAT_DATA_CHANGED, key=key("spaces"), unified_diff="-1 000\n+1\u202f000"),
    ],
    RUN,
    [key("gone")],
)


def test_junit_is_read_by_another_parser_with_its_counts_and_texts(tmp_path: Path) -> None:
    write_junit(tmp_path / "reports" / "junit.xml", [RESULT])
    root = etree.parse(str(tmp_path / "reports" / "junit.xml")).getroot()
    (suite,) = root
    counts = {"tests": "8", "failures": "3", "errors": "1"}
    assert dict(root.attrib) == {"name": "clarion test", **counts}
    assert dict(suite.attrib) == {"name": "orders", **counts, "skipped": "1"}
    outcomes = {
        case.get("name"): [(each.tag, each.get("type")) for each in case if each.tag != "system-out"] for case in suite
    }
    assert outcomes == {
        "plain [email.de]": [],
        "new [email.de]": [],
        "changed [email.vip.de]": [("failure", "CHANGED")],
        "linked [email.de]": [("failure", "LINK_INVALID")],
        "failed [email.de]": [("error", "FAILED")],
        "excluded [email.de]": [("skipped", None)],
        "spaces [email.de]": [],
        "gone [email.de]": [("failure", "GONE")],
    }
    assert suite.find("testcase[@name='changed [email.vip.de]']/failure").text == "-Subject: a\ufffd & <b>\n+Subject: c"
    assert suite.find("testcase[@name='failed [email.de]']/error").text == "context.order: Must."
    assert {case.get("classname") for case in suite} == {"clarion.orders"}


def test_an_accepted_change_fails_no_more(tmp_path: Path) -> None:
    accepted = Result(RESULT.campaign, RESULT.cells, RUN, RESULT.gone, (3, 1))
    assert (RESULT.failures, accepted.failures) == (4, 2)
    write_junit(tmp_path / "junit.xml", [accepted])
    suite = etree.parse(str(tmp_path / "junit.xml")).getroot()[0]
    assert (suite.get("failures"), suite.get("errors")) == ("1", "1")


def test_an_accepted_rendering_comes_back_as_it_was_written(tmp_path: Path) -> None:
    goldens, given = Goldens(tmp_path, "orders"), cell(Comparison.NEW, key=key(rule="vip", locale="zh-Hant"))
    goldens.write(given, "babel-2.18.0")
    assert (tmp_path / "goldens/orders/plain/email.vip.zh-Hant.txt").is_file()
    read = goldens.read(given.key)
    assert read is not None
    assert (read.document, read.format_data) == (given.document, "babel-2.18.0")
    assert list(goldens.stored()) == [given.key]
    assert goldens.read(key()) is None
    goldens.remove(given.key)
    assert list(tmp_path.rglob("*.txt")) == []


def test_updating_writes_what_is_new_or_changed_and_removes_what_is_gone(tmp_path: Path) -> None:
    goldens = Goldens(tmp_path, "orders")
    goldens.write(cell(Comparison.SAME, key=key("gone")), "babel-1")
    done = updated(RESULT, goldens)
    assert done.updated == (3, 1)
    assert [each.test_case for each in goldens.stored()] == ["changed", "new", "spaces"]


@pytest.mark.parametrize("text", ["", "Format-Data: babel-1\n", "Subject: Hello\n"])
def test_a_file_that_is_no_accepted_rendering_is_refused(tmp_path: Path, text: str) -> None:
    goldens = Goldens(tmp_path, "orders")
    goldens.path(key()).parent.mkdir(parents=True)
    goldens.path(key()).write_text(text)
    with pytest.raises(CommandFailed, match="no accepted rendering"):
        goldens.read(key())


def test_the_page_holds_every_mail_in_a_frame_that_may_do_nothing(tmp_path: Path) -> None:
    mail = RenderedEmail(from_=Mailbox("shop@example.com", "The Shop"), subject="<b>Hello</b>", html=HTML, text="Hello")
    cells = [cell(Comparison.SAME, email=mail), cell(Comparison.NEW, key=key(locale="fr"), email=mail)]
    write_matrix(tmp_path / "page.html", [Result("orders", cells, RUN, [key("gone")])])
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    tree = etree.HTML(page)
    frames = tree.findall(".//iframe")
    assert [frame.get("sandbox") for frame in frames] == ["", ""]
    assert {frame.get("srcdoc") for frame in frames} == {HTML}
    assert len(tree.findall(".//script")) == 1
    assert [each.text for each in tree.findall(".//article//div[@class='subject']")] == ["<b>Hello</b>"] * 2
    assert [option.text for option in tree.findall(".//select[@name='locale']/option")] == ["all", "de", "fr"]
    assert tree.find(".//select[@name='case']") is None, "there is one case, so there is nothing to choose"
    assert "gone email.de" in unescape("".join(tree.itertext()))
    assert re.findall(r'(?:src|href)="[^"]', page) == []
