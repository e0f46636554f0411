"""Formats values for a terminal. Texts of the service are never markup or control sequences."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.listing import table

if TYPE_CHECKING:
    from clarion_client import (
        CampaignDifference,
        Finding,
        RuleEvaluation,
        SourcedValue,
        TestCellDifference,
        TranslationDifference,
        ValueSource,
    )

#: Control characters (ECMA-48, C0 and C1) apart from tabs and line ends, and those of Unicode that end lines, or by
#: which what follows is shown in another order.
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

#: Holds the colours of states, outcomes, event types and severities.
_STYLES = {
    "LIVE": "green",
    "SENT": "green",
    "REPINNED": "green",
    "ACCEPTED": "green",
    "CANCELLED": "yellow",
    "DEFERRED": "yellow",
    "EXCLUDED": "yellow",
    "EXPIRED": "yellow",
    "APPROVAL_REQUIRED": "yellow",
    "PAUSED": "yellow",
    "SCHEDULED": "cyan",
    "WARNING": "yellow",
    "PARTIAL": "yellow",
    "TOO_LATE": "red",
    "ERROR": "bold red",
    "FAILED": "red",
    "IN_DOUBT": "magenta",
    "REFUSED": "red",
    "REJECTED": "red",
    "STOPPED": "dim",
    "UNSUBSCRIBED": "yellow",
    "COMPLETED": "dim",
    "ARCHIVED": "dim",
    "REFUSES_MORE": "red",
    "ACCEPTS_MORE": "green",
    "NAMES_MORE": "yellow",
}

_DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


def visible(text: str) -> str:
    """Returns a text whose control characters are visible."""
    return _CONTROLS.sub(lambda found: repr(found[0])[1:-1], text)


def lines_of(text: str) -> list[str]:
    """Returns the lines of a text, which other characters than line feeds do not end."""
    return text.removesuffix("\n").split("\n") if text else []


def plain(value: object, style: str = "") -> Text:
    """Returns a text whose control characters are visible."""
    return Text(visible(str(value)), style)


def language(locale: str, reason: object) -> Text:
    """Returns the locale of a content with the reason why it was chosen."""
    return plain(f"{locale} ({str(reason).lower()})")


def sourced(value: SourcedValue) -> Text:
    """Returns a value that was chosen for a recipient, with where it comes from."""
    return plain(f"{value.value} ({source_text(value.source)})")


def source_text(source: ValueSource) -> str:
    return f"from the {source.lower()}"


def rule_text(rule: str, evaluations: Sequence[RuleEvaluation]) -> Text:
    """Returns the rule that decided, with what those before it were."""
    others = [
        f"{each.rule} {str(each.result).lower()}{f': {each.cause}' if each.cause else ''}"
        for each in evaluations
        if each.rule != rule
    ]
    return plain(" ".join([rule or "none", *([f"({', '.join(others)})"] if others else [])]))


def state(value: object) -> Text:
    """Returns a state, outcome, event type or severity in its colour."""
    return plain(value, _STYLES.get(str(value), ""))


def moment(time: dt.datetime | None) -> Text:
    """Returns a time in UTC, to the second, or a dash for None."""
    return plain(f"{time.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}Z" if time else "-")


def duration(seconds: float) -> str:
    """Returns a duration with about three significant digits: `0.8 ms`, `47 ms`, `1.25 s`, `3 min 20 s`."""
    if seconds < 1:
        milliseconds = seconds * 1000
        return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.1f} ms"  # noqa: PLR2004 - significant digits
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def id_of(name: str) -> Text:
    """Returns the last segment of a resource's name. Every command accepts it as the name."""
    return plain(name.rpartition("/")[2])


def labels_of(thing: Any) -> Text:
    """Returns the access labels of a key or a resource; a dash without any."""
    return plain(", ".join(thing.access_labels) or "-")


def failure_view(failure: CommandFailed) -> RenderableType:
    summary = Text.assemble(("error: ", "bold red"), plain(failure.summary))
    if failure.reason:
        summary.append(f"  {failure.reason}", "dim")
    parts: list[RenderableType] = [summary]
    if failure.problems:
        parts.append(Padding(problems_view(failure.problems), (0, 0, 0, 2)))
    if failure.detail:
        parts.append(plain(f"  {failure.detail}", "dim"))
    if failure.hint:
        parts.append(plain(failure.hint, "cyan"))
    return Group(*parts)


def problems_view(problems: Iterable[Problem]) -> RenderableType:
    lines = []
    for problem in problems:
        line = Text.assemble((plain(problem.where, "bold")), plain(": " if problem.where else ""), plain(problem.text))
        if problem.remedy:
            line.append_text(plain(f" {problem.remedy}", "cyan"))
        lines.append(line)
    return Group(*lines)


def findings_view(findings: Iterable[Finding]) -> RenderableType:
    return table(
        findings,
        {
            "SEVERITY": lambda finding: state(finding.severity),
            "WHERE": lambda finding: plain(_where(finding)),
            "FINDING": lambda finding: Text.assemble(plain(finding.message), plain(f" {finding.code}", "dim")),
            "WHAT TO DO": lambda finding: plain(finding.remedy, "cyan"),
        },
    )


def _where(finding: Finding) -> str:
    """Returns the place of a finding, with the way to the fragment that it is in."""
    place = f"{finding.field}:{finding.line}" if finding.line else finding.field
    return " → ".join([place, *finding.way])


def difference_view(difference: CampaignDifference) -> RenderableType:
    parts: list[RenderableType] = []
    for each in difference.fields:
        parts += [plain(each.field, "bold"), Padding(diff_view(each.unified_diff), (0, 0, 0, 2))]
    parts += [
        Text.assemble(plain(each.path, "bold"), " ", state(each.effect), plain(f" {each.message}"))
        for each in difference.context_schema
    ]
    parts += [_translation_view(each) for each in difference.translations]
    if more := difference.translation_count - len(difference.translations):
        parts.append(plain(f"… and {more:,} more texts"))
    for cell in difference.test_cells:
        parts += [_cell_head(cell), Padding(diff_view(cell.unified_diff), (0, 0, 0, 2))]
    if more := difference.test_cell_count - len(difference.test_cells):
        parts.append(plain(f"… and {more:,} more test cells"))
    if difference.untried_test_cell_count:
        parts.append(plain(f"{difference.untried_test_cell_count:,} test cells were not compared."))
    return Group(*parts) if parts else plain("There is no difference.")


def _cell_head(difference: TestCellDifference) -> Text:
    key = difference.key
    of_rule = f" for {key.rule}" if key.rule else ""
    name = f"{key.test_case} {key.action}{of_rule} in {key.locale}"
    return Text.assemble(plain(name, "bold"), " ", state(difference.change))


def _translation_view(difference: TranslationDifference) -> RenderableType:
    lines = [*(f"-{line}" for line in lines_of(difference.before))]
    lines += [f"+{line}" for line in lines_of(difference.after)]
    head = Text.assemble(plain(f"{difference.locale} {difference.key}", "bold"), " ", state(difference.change))
    return Group(head, Padding(diff_view("\n".join(lines)), (0, 0, 0, 2)))


def diff_view(diff: str) -> Text:
    """Returns the lines of a unified diff in colours."""
    return Text("\n").join(plain(line, _DIFF_STYLES.get(line[:1], "")) for line in lines_of(diff))
