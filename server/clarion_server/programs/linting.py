"""Implements `clarion lint`, which checks files without a service, by one that lasts as long as the command.

The command line imports this module only when the command runs, as it loads the whole service.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from clarion_client import Finding, Severity

from clarion_server.programs.throwaway import throwaway_service
from clarion_server.transport.cli.apply_run import located_findings_view
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.files.applying import Applier
from clarion_server.transport.cli.files.option import FilesOption
from clarion_server.transport.cli.files.planned import Applied
from clarion_server.transport.cli.files.resource_types import FRAGMENT
from clarion_server.transport.cli.files.resources import read_files
from clarion_server.transport.cli.session import CurrentSession

#: What a campaign names may be on the service alone.
_ELSEWHERE = frozenset(
    {
        "ATTACHMENT_MISSING",
        "CHANNEL_CONFIGURATION_MISSING",
        "FRAGMENT_MISSING",
        "SENDING_POLICY_MISSING",
        "TOPIC_MISSING",
    }
)


def lint(
    *,
    file: FilesOption = [Path()],  # noqa: B006 - the command line library copies it
    session: CurrentSession,
) -> Exit:
    """Checks files by a service within this command, on an empty store. `LINT_HELP` says more."""
    files = read_files(file)
    with throwaway_service(files.resources) as client:
        applier = Applier(client)
        # Test cases are written before their campaigns are reviewed.
        written = [applier.apply(planned) for planned in applier.plan(files)]
        applied = [_checked(applier, each) for each in written]
    fragments = [each.name for each in files.resources if each.type is FRAGMENT]
    findings = [(location, _linted(finding, fragments)) for each in applied for location, finding in each.findings]
    has_errors = any(finding.severity is Severity.ERROR for _, finding in findings)
    data = {
        "checked": [each.planned.resource.name for each in applied],
        "findings": [{**finding.to_dict(), "place": str(location)} for location, finding in findings],
    }
    session.output.show(data, partial(located_findings_view, findings))
    session.output.inform(_summary(len(files.resources) + len(files.suites), has_errors=has_errors))
    return Exit.BAD_NEWS if has_errors else Exit.OK


def _checked(applier: Applier, applied: Applied) -> Applied:
    """Returns the resource with what review finds. Fragments are published, for what comes after them."""
    is_fragment = applied.planned.resource.type is FRAGMENT
    return applier.published(applied) if is_fragment else applier.reviewed(applied)


def _linted(finding: Finding, fragments: Sequence[str]) -> Finding:
    """Returns the finding, or a warning in its place when the service may have what the files lack. `fragments` are the
    names of those that the files have.
    """
    if finding.code not in _ELSEWHERE:
        return finding
    # The service within this command publishes those of the files that it finds nothing wrong with.
    for name in fragments:
        if f"fragment {name} in" in finding.message:
            message = f"{name} could not be published, for what is told about it, and this was not checked with it."
            return replace(finding, severity=Severity.WARNING, message=message, remedy="Correct the fragment first.")
    message = finding.message.replace("in this sandbox", "in the files")
    return replace(finding, severity=Severity.WARNING, message=message, remedy="If your service has it, leave it so.")


def _summary(documents: int, *, has_errors: bool) -> str:
    count = f"{documents} document{'s' if documents != 1 else ''}"
    return f"{count} checked: {'there are errors' if has_errors else 'no errors'}."
