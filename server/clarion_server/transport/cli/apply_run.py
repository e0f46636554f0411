"""Applies files, shows what becomes of each resource, and activates at the end what is to be activated."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial

from clarion_client import Finding
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.files.applying import Applier
from clarion_server.transport.cli.files.planned import Applied, Planned
from clarion_server.transport.cli.files.source_location import Location
from clarion_server.transport.cli.session import Session
from clarion_server.transport.cli.views import diff_view, lines_of, plain, state

CHANGE_STYLES = {"created": "green", "updated": "yellow", "unchanged": "dim", "deleted": "red"}


def apply_planned(
    session: Session, applier: Applier, planned: Sequence[Planned], *, activate: bool, strict: bool
) -> Exit:
    """Makes the service have what was planned, and tells whether all could be activated that was to be."""
    run = _Run(session, applier)
    try:
        for each in planned:
            run.write(each, activate=activate)
        return run.activate(strict=strict)
    finally:
        run.show_waiting()


def show(session: Session, applied: Applied, *, dry_run: bool = False) -> None:
    view = partial(_applied_view, applied, dry_run=dry_run)
    session.output.show_line(applied.to_dict() | {"dry_run": dry_run}, view)


class _Run:
    def __init__(self, session: Session, applier: Applier) -> None:
        self._session = session
        self._applier = applier
        self._waiting: list[Applied] = []
        """Holds what was written and is to be activated. Test cases are written before their campaign is reviewed."""

    def write(self, planned: Planned, *, activate: bool) -> None:
        applied = self._applier.apply(planned)
        if activate and applied.can_be_activated:
            self._waiting.append(applied)
        else:
            show(self._session, applied)

    def activate(self, *, strict: bool) -> Exit:
        status = Exit.OK
        published: list[Applied] = []
        while self._waiting:
            activated = self._waiting[0] = self._applier.activated(self._waiting[0], strict=strict)
            status = Exit.BAD_NEWS if activated.has_errors or activated.refusal else status
            show(self._session, activated)
            published += [activated] if activated.new_version else []
            del self._waiting[0]
        for each in published:
            self._tell_left_behind(each)
        return status

    def show_waiting(self) -> None:
        """Shows what was written although the service refused the rest."""
        for applied in self._waiting:
            show(self._session, applied)

    def _tell_left_behind(self, applied: Applied) -> None:
        if count := self._applier.left_behind(applied):
            name = applied.planned.resource.name
            have = "1 live campaign has" if count == 1 else f"{count} live campaigns have"
            way = f"`clarion fragments repin {name.rpartition('/')[2]} --all` rolls the new one out."
            self._session.output.inform(f"{have} another version of {name}. {way}")


def _applied_view(applied: Applied, *, dry_run: bool) -> RenderableType:
    planned = applied.planned
    change = f"would be {planned.change}" if dry_run and planned.change != "unchanged" else str(planned.change)
    head = Text.assemble(plain(planned.resource.name, "bold"), " ", plain(change, CHANGE_STYLES[planned.change]))
    if applied.campaign is not None:
        head.append_text(_campaign_text(applied))
    if applied.new_version:
        head.append_text(plain(f", version {applied.new_version} is published"))
    parts: list[RenderableType] = [head]
    if approvals := _approvals_text(applied):
        parts.append(Padding(plain(approvals, "yellow"), (0, 0, 0, 2)))
    if planned.comparison_note:
        parts.append(Padding(plain(planned.comparison_note, "dim"), (0, 0, 0, 2)))
    if planned.diff:
        parts.append(Padding(_diff_view(planned.diff), (0, 0, 0, 2)))
    if applied.findings:
        parts.append(Padding(located_findings_view(applied.findings), (0, 0, 0, 2)))
    return Group(*parts)


def _approvals_text(applied: Applied) -> str:
    """Returns what there is to say about the approvals of a campaign or a fragment."""
    if applied.refusal is None:
        return applied.planned.approvals_note
    name = applied.planned.resource.name
    missed = "published" if applied.campaign is None else "activated"
    return f"Not {missed}: {applied.refusal.message} `clarion approvals show {name}` tells where it stands."


def _campaign_text(applied: Applied) -> Text:
    assert applied.campaign is not None
    if applied.is_blocked:
        return plain(", not activated: review found errors", "red")
    version = f" version {applied.campaign.live_version}" if applied.campaign.live_version else ""
    # Of a campaign that was never activated, the state says as much.
    pending = ", draft not activated" if version and applied.campaign.draft_pending else ""
    return Text.assemble(", ", state(applied.campaign.state), f"{version}{pending}")


def _diff_view(diff: str) -> Text:
    lines = lines_of(diff)
    return Text.assemble(plain("\n".join(lines[:2]), "dim"), "\n", diff_view("\n".join(lines[2:])))


def located_findings_view(findings: Iterable[tuple[Location, Finding]]) -> RenderableType:
    """Returns findings with the lines of the files at which they are."""
    return Group(
        *(
            Text.assemble(
                plain(f"{location}: ", "bold"),
                state(finding.severity),
                plain(f" {' → '.join([finding.field, *finding.way])}: {finding.message} "),
                plain(finding.remedy, "cyan"),
                plain(f" {finding.code}", "dim"),
            )
            for location, finding in findings
        )
    )
