"""Implements `clarion test`, which tries the test cases of campaigns, on a service or with files alone.

The command line imports this module only when the command runs. The service within the command is loaded for files
alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Annotated

from clarion_client import Client, TestRun
from cyclopts import Parameter
from rich.console import Group

from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.failures import CommandFailed
from clarion_server.transport.cli.files.applying import Applier
from clarion_server.transport.cli.files.option import FilesOption
from clarion_server.transport.cli.files.resource_types import FRAGMENT
from clarion_server.transport.cli.files.resources import Files, read_files
from clarion_server.transport.cli.session import CurrentSession
from clarion_server.transport.cli.trying import goldens
from clarion_server.transport.cli.trying.junit import write_junit
from clarion_server.transport.cli.trying.matrix import write_matrix
from clarion_server.transport.cli.trying.results import ACCEPTED, Result
from clarion_server.transport.cli.trying.views import result_view


def run_tests(
    *campaigns: Annotated[str, Parameter(help="Campaigns of the service, such as order-confirmed. Default: files.")],
    file: FilesOption = [],  # noqa: B006 - the command line library copies it
    update: Annotated[bool, Parameter(help="Accept what is new or has changed.")] = False,
    junit: Annotated[
        Path | None, Parameter(help="Write the results as JUnit XML, for CI systems, to this file.")
    ] = None,
    matrix: Annotated[
        Path | None, Parameter(help="Write all renderings as one HTML page to this file, cases by contents.")
    ] = None,
    session: CurrentSession,
) -> Exit:
    """Tries test cases. `TEST_HELP` says more."""
    if campaigns and file:
        raise CommandFailed("Campaigns of a service and files were given.", hint="Give one of them.")
    if campaigns:
        results = [_on_service(session.client, campaign, update=update) for campaign in campaigns]
    else:
        results = list(_in_files(file or [Path()], update=update))
    _check_tried(results, of_files=not campaigns)
    if junit is not None:
        write_junit(junit, results)
    if matrix is not None:
        write_matrix(matrix, results)
    session.output.show([each.to_dict() for each in results], partial(_view, results))
    return Exit.BAD_NEWS if any(result.failures for result in results) else Exit.OK


def _view(results: Sequence[Result]) -> Group:
    return Group(*map(result_view, results))


def _check_tried(results: Sequence[Result], *, of_files: bool) -> None:
    """Raises CommandFailed when nothing was tried: a check that checks nothing must not look like one that passes."""
    if any(result.cells for result in results):
        return
    where = "The files have" if of_files else "The campaigns have"
    hint = (
        "Write some: `tests: order-confirmed`, with `cases:`." if of_files else "`clarion apply` stores those of files."
    )
    raise CommandFailed(f"{where} no test cases.", hint=hint)


def _on_service(client: Client, campaign: str, *, update: bool) -> Result:
    result = _tried(client, campaign.rpartition("/")[2])
    accepted = [cell for cell in result.cells if cell.comparison in ACCEPTED and cell.etag]
    if not update:
        return result
    done = client.test_cases.accept(campaign, result.end, accepted) if accepted else None
    counts = (0, 0) if done is None else (done.accepted_count, done.dropped_count)
    return Result(result.campaign, result.cells, result.end, result.gone, counts)


def _in_files(paths: Sequence[Path], *, update: bool) -> Iterator[Result]:
    """Yields the results of the campaigns that have test cases, tried by a service within the command."""
    from clarion_server.programs.throwaway import throwaway_service  # noqa: PLC0415 - loads the whole service

    files = read_files(paths)
    _check_campaigns(files)
    with throwaway_service(files.resources) as client:
        applier = Applier(client, topics_elsewhere=True)
        for planned in applier.plan(files):
            applied = applier.apply(planned)
            if planned.resource.type is FRAGMENT:
                # Contents include what is published.
                applier.published(applied)
        for name, suite in files.suites.items():
            campaign = name.rpartition("/")[2]
            accepted = goldens.Goldens(suite.folder, campaign)
            result = goldens.compared(client, _tried(client, campaign), accepted)
            yield goldens.updated(result, accepted) if update else result


def _check_campaigns(files: Files) -> None:
    """Raises CommandFailed when there are test cases of a campaign that the files lack."""
    known = {resource.name for resource in files.resources}
    missing = [name for name in files.suites if name not in known]
    if missing:
        hint = "Give the file of the campaign too, or test the campaign on its service: `clarion test ID`."
        raise CommandFailed(f"The files have test cases of {missing[0]}, and not the campaign.", hint=hint)


def _tried(client: Client, campaign: str) -> Result:
    """Raises ClarionError."""
    run = client.test_cases.run(campaign)
    cells = list(run)
    end: TestRun = run.end
    return Result(campaign, cells, end, end.gone)
