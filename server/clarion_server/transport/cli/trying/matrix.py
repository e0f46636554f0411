"""Writes renderings as one page: cases by contents, with filters, which opens without a network.

A mail stands in a frame with an empty `sandbox`: whatever it holds runs nothing, and reaches nothing of the page.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from itertools import groupby
from pathlib import Path

from clarion_client import RenderedEmail, TestCell

from clarion_server.transport.cli.trying.results import Result, content_of, why

_PAGE = Path(__file__).parent / "matrix.html"


def write_matrix(path: Path, results: Sequence[Result]) -> None:
    filters = "\n".join(
        [
            _filter("campaign", "Campaign", (result.campaign for result in results)),
            _filter("case", "Case", (cell.key.test_case for result in results for cell in result.cells)),
            _filter("action", "Action", (cell.key.action for result in results for cell in result.cells)),
            _filter("rule", "Rule", (cell.key.rule or "none" for result in results for cell in result.cells)),
            _filter("locale", "Locale", (cell.key.locale for result in results for cell in result.cells)),
            _filter("comparison", "Comparison", (cell.comparison for result in results for cell in result.cells)),
        ]
    )
    page = _PAGE.read_text(encoding="utf-8").replace("<!-- FILTERS -->", filters)
    # What is put in last is searched no more: a mail may hold any text.
    head, _, tail = page.partition("<!-- CELLS -->")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{head}{''.join(map(_campaign, results))}{tail}", encoding="utf-8")


def _filter(name: str, label: str, values: Iterable[str]) -> str:
    """Returns a choice among the values, or nothing when there is none."""
    different = sorted(set(values))
    if len(different) <= 1:
        return ""
    options = "".join(f"<option>{escape(value)}</option>" for value in different)
    return f'<label>{label}<select name="{name}"><option value="">all</option>{options}</select></label>'


def _campaign(result: Result) -> str:
    by_case = groupby(result.cells, key=lambda cell: cell.key.test_case)
    cases = "".join(
        f'<section class="case"><h3>{escape(case)}</h3><div class="row">'
        f"{''.join(_cell(result.campaign, cell) for cell in cells)}</div></section>"
        for case, cells in by_case
    )
    gone = "".join(
        f'<p class="none"><span class="badge GONE">GONE</span> {escape(key.test_case)} {escape(content_of(key))}</p>'
        for key in result.gone
    )
    return f'<section class="campaign"><h2>{escape(result.campaign)}</h2>{cases}{gone}</section>'


def _cell(campaign: str, cell: TestCell) -> str:
    key = cell.key
    data = {
        "campaign": campaign,
        "case": key.test_case,
        "action": key.action,
        "rule": key.rule or "none",
        "locale": key.locale,
        "comparison": cell.comparison,
    }
    attributes = " ".join(f'data-{name}="{escape(value)}"' for name, value in data.items())
    head = (
        f'<div class="head"><b>{escape(content_of(key))}</b>'
        f'<span class="badge {escape(cell.comparison)}">{escape(cell.comparison.replace("_", " "))}</span>'
        f'<button type="button">Larger</button><span class="why">{escape(why(cell))}</span></div>'
    )
    return f"<article {attributes}>{head}{_findings(cell)}{_difference(cell)}{_content(cell)}</article>"


def _findings(cell: TestCell) -> str:
    found = [("ERROR", f"{each.field}: {each.description}") for each in cell.violations]
    found += [(str(each.severity), f"{each.message} {each.remedy}") for each in cell.findings]
    lines = "".join(
        f'<p class="finding"><span class="{escape(severity)}">{escape(severity)}</span> {escape(text)}</p>'
        for severity, text in found
    )
    return f"<div>{lines}</div>" if lines else ""


def _difference(cell: TestCell) -> str:
    if not cell.unified_diff:
        return ""
    lines = "\n".join(_diff_line(line) for line in cell.unified_diff.split("\n"))
    return f"<details open><summary>Difference</summary><pre>{lines}</pre></details>"


def _diff_line(line: str) -> str:
    style = {"+": "add", "-": "del"}.get(line[:1])
    return f'<span class="{style}">{escape(line)}</span>' if style else escape(line)


def _content(cell: TestCell) -> str:
    if cell.email is not None:
        return _mail(cell.email)
    return f"<pre>{escape(cell.document)}</pre>" if cell.document else ""


def _mail(email: RenderedEmail) -> str:
    sender = ""
    if email.from_ is not None:
        sender = f"{email.from_.display_name} <{email.from_.address}>".strip()
    head = f'<div><div class="subject">{escape(email.subject)}</div><div class="from">{escape(sender)}</div></div>'
    text = f"<details><summary>Text part</summary><pre>{escape(email.text)}</pre></details>" if email.html else ""
    if not email.html:
        return f"{head}<pre>{escape(email.text)}</pre>"
    frame = f'<iframe sandbox="" loading="lazy" title="{escape(email.subject)}" srcdoc="{escape(email.html)}"></iframe>'
    return f"{head}{text}{frame}"
