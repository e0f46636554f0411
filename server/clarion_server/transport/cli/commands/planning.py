"""`clarion plan` and `clarion export`: how files and the service differ, and files of what the service has."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from clarion_server.transport.cli.commands.starting import SCHEMA, STARTER
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.option import FilesOption
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.views import diff_view, lines_of, moment, plain

if TYPE_CHECKING:
    from clarion_server.transport.cli.files.planned import Planned

_CHANGES = {
    "created": ("+ create", "green"),
    "updated": ("~ update", "yellow"),
    "unchanged": ("  keep", "dim"),
    "deleted": ("- delete", "red"),
}


def plan(
    *,
    file: FilesOption = [Path()],  # noqa: B006 - the command line library copies it
    session: CurrentSession,
) -> Exit:
    """Show what `clarion apply` would change, and what the service has that no file has. Changes nothing.

    What no file has is listed of the kinds that the files have, such as campaigns when a file has one.

    Exit code 0 when files and service agree, 1 when `apply` would change something: a job that runs it sees drift.
    """
    from clarion_server.transport.cli.files.applying import Applier  # noqa: PLC0415 - loads gRPC and YAML
    from clarion_server.transport.cli.files.inventory import without_file  # noqa: PLC0415 - see above
    from clarion_server.transport.cli.files.resources import read_files  # noqa: PLC0415 - see above

    files = read_files(file)
    planned = Applier(session.client).plan(files)
    others = without_file(session.client, files.resources)
    data = {"resources": [each.to_dict() for each in planned], "without_file": others}
    session.output.show(data, partial(_plan_view, planned, others))
    return Exit.BAD_NEWS if any(each.change != "unchanged" for each in planned) else Exit.OK


def export(
    folder: Annotated[Path, Parameter(help="Where the files go. It is made when it is missing.")],
    /,
    *,
    overwrite: Annotated[bool, Parameter(help="Replace files that exist.")] = False,
    session: CurrentSession,
) -> None:
    """Write a file for each campaign that is not archived, and for each resource that files can hold.

    `clarion apply` of these files changes nothing. Secrets are never shown, and stay as they are stored.
    The files that campaigns carry stand in the folder campaigns/files.
    """
    from clarion_server.transport.cli.files.inventory import exported_files  # noqa: PLC0415 - loads gRPC and YAML

    files = {folder / name: content for name, content in exported_files(session.client, SCHEMA).items()}
    taken = [] if overwrite else [path for path in files if path.exists()]
    if taken:
        problems = [Problem(str(path), "exists") for path in taken]
        raise CommandFailed("Nothing was written.", problems, hint="--overwrite replaces these files.")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(STARTER / SCHEMA, folder / SCHEMA)
    written = [str(path) for path in files]
    session.output.show({"written": written}, lambda: plain("\n".join(f"wrote {name}" for name in written)))


def _plan_view(planned: list[Planned], others: list[str]) -> RenderableType:
    parts = [_change_view(each) for each in planned if each.change != "unchanged" or each.comparison_note]
    counts = {change: sum(each.change == change for each in planned) for change in _CHANGES}
    unmanaged = [Text.assemble(plain("  no file ", "dim"), plain(name)) for name in others]
    deleted = f"{counts['deleted']} to delete, " if counts["deleted"] else ""
    summary = f"{counts['created']} to create, {counts['updated']} to update, {deleted}{counts['unchanged']} unchanged."
    return Group(*parts, *unmanaged, plain(summary, "bold"))


def _change_view(planned: Planned) -> RenderableType:
    word, style = _CHANGES[planned.change]
    head = Text.assemble(plain(word, style), " ", plain(planned.resource.name, "bold"))
    updater, time = getattr(planned.stored, "updater", ""), getattr(planned.stored, "update_time", None)
    if time is not None:
        by = f" by {updater}" if updater else ""
        head.append_text(Text.assemble(plain("  last changed ", "dim"), moment(time), plain(by, "dim")))
    parts: list[RenderableType] = [head]
    if planned.approvals_note:
        parts.append(Padding(plain(planned.approvals_note, "yellow"), (0, 0, 0, 2)))
    if planned.comparison_note:
        parts.append(Padding(plain(planned.comparison_note, "dim"), (0, 0, 0, 2)))
    if planned.diff:
        parts.append(Padding(diff_view("\n".join(lines_of(planned.diff)[2:])), (0, 0, 0, 2)))
    return Group(*parts)
