"""Implements `clarion lint`, which checks files without a service, by one that lasts as long as the command.

The command line imports this module only when the command runs, as it loads the whole service.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

from clarion_client import Finding, Severity

from clarion_server.programs.throwaway import throwaway_service
from clarion_server.transport.cli.apply_run import located_findings_view
from clarion_server.transport.cli.exits import Exit
from clarion_server.transport.cli.files.applying import Applier
from clarion_server.transport.cli.files.option import FilesOption
from clarion_server.transport.cli.files.planned import Applied
from clarion_server.transport.cli.files.resource_types import (
    AUDIENCE,
    CHANNEL,
    FRAGMENT,
    POLICY,
    TOPIC,
    ResourceType,
)
from clarion_server.transport.cli.files.resources import Resource, read_files
from clarion_server.transport.cli.session import CurrentSession

#: What a resource names may be on the service alone. Those that files write are of these types.
_ELSEWHERE: Mapping[str, ResourceType[Any] | None] = MappingProxyType(
    {
        "ATTACHMENT_MISSING": None,
        "AUDIENCE_MISSING": AUDIENCE,
        "CHANNEL_CONFIGURATION_MISSING": CHANNEL,
        "FRAGMENT_MISSING": FRAGMENT,
        "SENDING_POLICY_MISSING": POLICY,
        "TOPIC_MISSING": TOPIC,
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
        applier = Applier(client, topics_elsewhere=True)
        # Test cases are written before their campaigns are reviewed.
        written = [applier.apply(planned) for planned in applier.plan(files)]
        applied = [_checked(applier, each) for each in written]
    findings = [
        (location, _linted(finding, files.resources)) for each in applied for location, finding in each.findings
    ]
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


def _linted(finding: Finding, resources: Sequence[Resource[Any]]) -> Finding:
    """Returns the finding, or a warning in its place when the service may have what the files lack. `resources` are
    those that the files have.
    """
    if finding.code not in _ELSEWHERE:
        return finding
    for resource in resources:
        # The service within this command has those of the files that it finds nothing wrong with.
        if resource.type is _ELSEWHERE[finding.code] and _is_named(resource, finding.message):
            message = f"{resource.name} could not be used, for what is told about it: this was not checked with it."
            remedy = "Correct it first, unless your service has what it lacks."
            return replace(finding, severity=Severity.WARNING, message=message, remedy=remedy)
    message = finding.message.replace("in this sandbox: nobody belongs to it.", "in the files.")
    message = message.replace("in this sandbox", "in the files")
    return replace(finding, severity=Severity.WARNING, message=message, remedy="If your service has it, leave it so.")


def _is_named(resource: Resource[Any], message: str) -> bool:
    """Returns whether a message names the resource. The field of a finding does not say what is missing: that of a
    missing fragment or audience is a whole template or condition.
    """
    resource_id = re.escape(resource.name.rpartition("/")[2])
    return re.search(f"[/']{resource_id}[' ]", message) is not None


def _summary(documents: int, *, has_errors: bool) -> str:
    count = f"{documents} document{'s' if documents != 1 else ''}"
    return f"{count} checked: {'there are errors' if has_errors else 'no errors'}."
