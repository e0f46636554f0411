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
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import plain, state

if TYPE_CHECKING:
    from clarion_server.transport.cli.files.applying import Applied

CHANGE_STYLES = {"created": "green", "updated": "yellow", "unchanged": "dim"}
DIFF_STYLES = {"+": "green", "-": "red", "@": "cyan"}


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
    activate: Annotated[bool, Parameter(help="Review the campaigns too, and make live what has no errors.")] = False,
    dry_run: Annotated[bool, Parameter(help="Show what would change, and change nothing.")] = False,
    renew_passwords: Annotated[
        bool, Parameter(help="Send passwords again. They are never read back, so a new one cannot be noticed.")
    ] = False,
    session: CurrentSession,
) -> Exit:
    """Create or update campaigns and channel configurations from files, and show what changed.

    Running it again changes nothing and writes nothing. What is not in the files stays as it is. Exit code 1 when a
    campaign was to be activated and review found errors.
    """
    from clarion_server.transport.cli.files.applying import Applier, Options  # noqa: PLC0415 - loads gRPC and YAML
    from clarion_server.transport.cli.files.resources import read_resources  # noqa: PLC0415 - see above

    resources = read_resources(file)
    options = Options(dry_run=dry_run, activate=activate, renew_passwords=renew_passwords)
    applier = Applier(session.client, options)
    status = Exit.OK
    refusals: list[CommandFailed] = []
    for resource in resources:
        try:
            applied = applier.apply(resource)
        except CommandFailed as refusal:
            # What is wrong in one file need not hide what is wrong in the next.
            refusals.append(refusal)
            continue
        session.output.show_line(
            applied.to_dict() | {"dry_run": dry_run}, partial(_applied_view, applied, dry_run=dry_run)
        )
        status = Exit.BAD_NEWS if applied.blocked else status
    if refusals:
        raise _together(refusals)
    return status


def _together(refusals: list[CommandFailed]) -> CommandFailed:
    if len(refusals) == 1:
        return refusals[0]
    problems = [problem for refusal in refusals for problem in refusal.problems]
    return CommandFailed(f"The service refuses {len(refusals)} of the resources.", problems, reason=refusals[0].reason)


def _applied_view(applied: Applied, *, dry_run: bool) -> RenderableType:
    change = f"would be {applied.change}" if dry_run and applied.change != "unchanged" else str(applied.change)
    head = Text.assemble(plain(applied.name, "bold"), " ", plain(change, CHANGE_STYLES[applied.change]))
    if applied.campaign is not None:
        head.append_text(_campaign_text(applied))
    parts: list[RenderableType] = [head]
    if applied.diff:
        parts.append(Padding(_diff_view(applied.diff), (0, 0, 0, 2)))
    if applied.findings:
        parts.append(Padding(_findings_view(applied), (0, 0, 0, 2)))
    return Group(*parts)


def _campaign_text(applied: Applied) -> Text:
    assert applied.campaign is not None
    if applied.blocked:
        return plain(", not activated: review found errors", "red")
    version = f" version {applied.campaign.live_version}" if applied.campaign.live_version else ""
    # Of a campaign that was never activated, the state says as much.
    pending = ", draft not activated" if version and applied.campaign.draft_pending else ""
    return Text.assemble(", ", state(applied.campaign.state), f"{version}{pending}")


def _diff_view(diff: str) -> Text:
    lines = diff.splitlines()
    shown = Text("\n").join(plain(line, DIFF_STYLES.get(line[:1], "")) for line in lines[2:])
    return Text.assemble(plain("\n".join(lines[:2]), "dim"), "\n", shown)


def _findings_view(applied: Applied) -> RenderableType:
    return Group(
        *(
            Text.assemble(
                plain(f"{place}: ", "bold"),
                state(finding.severity),
                plain(f" {finding.field}: {finding.message} "),
                plain(finding.remedy, "cyan"),
                plain(f" {finding.code}", "dim"),
            )
            for place, finding in applied.findings
        )
    )
