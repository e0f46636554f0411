"""`clarion apply`: makes the service have what files say."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import diff_view, plain, state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from clarion_client import Finding

    from clarion_server.transport.cli.files.applying import Applied
    from clarion_server.transport.cli.files.source_location import Location

CHANGE_STYLES = {"created": "green", "updated": "yellow", "unchanged": "dim", "deleted": "red"}


def apply(
    *,
    file: Annotated[
        list[Path],
        Parameter(
            ("--file", "-f"),
            help="A YAML file, a folder with some, or - for stdin. May be repeated.",
            allow_leading_hyphen=True,
        ),
    ],
    activate: Annotated[
        bool, Parameter(help="Review the campaigns too, show what it finds, and activate those without errors.")
    ] = False,
    strict: Annotated[
        bool, Parameter(help="With --activate, refuse what would refuse triggers that the live version takes.")
    ] = False,
    dry_run: Annotated[
        bool, Parameter(help="Show what would change and what the service would refuse, and change nothing.")
    ] = False,
    renew_secrets: Annotated[
        bool,
        Parameter(
            ("--renew-secrets", "--renew-passwords"),
            help="Send passwords again. The service never shows them, so nobody can see whether one has changed.",
        ),
    ] = False,
    session: CurrentSession,
) -> Exit:
    """Create or update campaigns and what they use from files, and show what changed.

    Nothing is changed when the service refuses any of them. Running it again changes nothing and writes nothing. What
    is not in the files stays as it is, but for test cases: a document of tests has all that its campaign is to have.
    Exit code 1 when campaigns were to be activated and review found errors, or fragments lack approvals.
    """
    from clarion_server.transport.cli.files.applying import (  # noqa: PLC0415 - loads gRPC and YAML
        REFUSED,
        WOULD_BE_REFUSED,
        Applied,
        Applier,
    )
    from clarion_server.transport.cli.files.resources import read_files  # noqa: PLC0415 - see above

    def show(applied: Applied) -> None:
        view = partial(_applied_view, applied, dry_run=dry_run)
        session.output.show_line(applied.to_dict() | {"dry_run": dry_run}, view)

    applier = Applier(session.client, renew_secrets=renew_secrets)
    status = Exit.OK
    waiting: list[Applied] = []
    try:
        for planned in applier.plan(read_files(file), WOULD_BE_REFUSED if dry_run else REFUSED):
            applied = Applied(planned) if dry_run else applier.apply(planned)
            if activate and not dry_run and applied.can_be_activated:
                # Test cases are written before their campaign is reviewed.
                waiting.append(applied)
            else:
                show(applied)
        published: list[Applied] = []
        while waiting:
            waiting[0] = applier.activated(waiting[0], strict=strict)
            status = Exit.BAD_NEWS if waiting[0].has_errors or waiting[0].refusal else status
            show(waiting[0])
            published += [waiting[0]] if waiting[0].new_version else []
            del waiting[0]
        for applied in published:
            _tell_left_behind(session, applied, applier.left_behind(applied))
    finally:
        # What was written is shown although the service may refuse the rest.
        for applied in waiting:
            show(applied)
    if dry_run and activate:
        session.output.inform("A dry run does not review. `clarion review` checks the stored draft.")
    return status


def _tell_left_behind(session: CurrentSession, applied: Applied, count: int) -> None:
    if count:
        name = applied.planned.resource.name
        have = "1 live campaign has" if count == 1 else f"{count} live campaigns have"
        way = f"`clarion fragments repin {name.rpartition('/')[2]} --all` rolls the new one out."
        session.output.inform(f"{have} another version of {name}. {way}")


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
    if planned.diff:
        parts.append(Padding(_diff_view(planned.diff), (0, 0, 0, 2)))
    if applied.findings:
        parts.append(Padding(located_findings_view(applied.findings), (0, 0, 0, 2)))
    return Group(*parts)


def _approvals_text(applied: Applied) -> str:
    """Returns what there is to say about the approvals of a fragment."""
    if applied.refusal is None:
        return applied.planned.approvals_note
    name = applied.planned.resource.name
    return f"Not published: {applied.refusal.message} `clarion approvals show {name}` tells where it stands."


def _campaign_text(applied: Applied) -> Text:
    assert applied.campaign is not None
    if applied.is_blocked:
        return plain(", not activated: review found errors", "red")
    version = f" version {applied.campaign.live_version}" if applied.campaign.live_version else ""
    # Of a campaign that was never activated, the state says as much.
    pending = ", draft not activated" if version and applied.campaign.draft_pending else ""
    return Text.assemble(", ", state(applied.campaign.state), f"{version}{pending}")


def _diff_view(diff: str) -> Text:
    lines = diff.splitlines()
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
