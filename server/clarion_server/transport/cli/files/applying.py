"""Makes the service have what the files say, and says what that changes."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from clarion_client import (
    Campaign,
    ClarionError,
    Client,
    ConflictError,
    Finding,
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    PreconditionFailedError,
    Severity,
)

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.comparison import ChangeDenied, compare, denied_change
from clarion_server.transport.cli.files.planned import Applied, Change, Planned, is_active
from clarion_server.transport.cli.files.resource_types import CAMPAIGN, FRAGMENT
from clarion_server.transport.cli.files.resources import Files, Resource
from clarion_server.transport.cli.files.source_location import Location, Locations, Problems
from clarion_server.transport.cli.files.test_suites import TEST_CASE
from clarion_server.transport.cli.files.uploads import Upload
from clarion_server.transport.cli.files.yaml_syntax import dump

#: Says why a campaign is not activated, or a fragment not published, that has no errors.
_APPROVAL_REASONS = frozenset({"APPROVAL_REQUIRED", "APPROVAL_STALE"})
#: Says what a refusal means while resources are applied, and where nothing was to be changed.
REFUSED = "The service refuses {names}. Nothing was changed."
WOULD_BE_REFUSED = "The service would refuse {names}."
_WAS_REFUSED = "The service refuses {names}. What comes before it is written: correct it, and run the command again."
#: Is an etag that no campaign has.
_NO_ETAG = "-"
#: Names what belongs to no version of a campaign: a change of it leaves nothing to activate.
_UNVERSIONED = frozenset({"tags", "access_labels"})
#: Is what a write finds out that its plan did not: the topics of a policy's caps, or of a condition, are missing.
_TOPIC_REASONS = frozenset({"UNKNOWN_VALUE", "CONDITION_INVALID"})


class Applier:
    """Asks the service first what it would store, and then writes only what differs."""

    def __init__(self, client: Client, *, renew_secrets: bool = False, topics_elsewhere: bool = False) -> None:
        self._client = client
        #: Says whether the files are for another service, which may have topics that they lack.
        self._topics_elsewhere = topics_elsewhere
        #: Sends secrets although nobody can see whether they differ from the stored ones.
        self._renew_secrets = renew_secrets
        self._cases: Mapping[str, Resource[Any]] = {}
        #: Where the versions of fragments stand in the files that were published of them, by their names.
        self._published: dict[str, Locations] = {}

    def plan(self, files: Files, summary: str = WOULD_BE_REFUSED) -> list[Planned]:
        """Returns what is to become of each resource, campaigns behind what they use, and test cases behind these.

        Changes nothing. Raises CommandFailed with everything that the service refuses, by lines of the files; `summary`
        says what this means, and has the place `{names}`.
        """
        planned: list[Planned] = []
        refused: dict[str, ClarionError] = {}
        problems: list[Problem] = []
        new = {resource.name for resource in files.resources}
        cases = [
            Resource(TEST_CASE, case, locations) for suite in files.suites.values() for case, locations in suite.cases
        ]
        self._cases = {case.name: case for case in cases}
        for resource in (*files.resources, *cases):
            try:
                planned.append(self._planned(resource, new))
            except (InvalidRequestError, PreconditionFailedError, NotFoundError) as error:
                # An error in one document must not hide those in the next.
                refused[resource.name] = error
                problems += _problems(resource, error)
            except ChangeDenied as denied:
                refused[resource.name] = denied.error
                problems += denied.problems
        planned += self._removed(files)
        if refused:
            raise _refusal(refused, problems, summary)
        return planned

    def check_may_activate(self, planned: Iterable[Planned]) -> None:
        """Changes nothing. Raises CommandFailed when there are campaigns to activate, and the key may activate none."""
        to_activate = [each.resource for each in planned if _needs_activation(each)]
        if not to_activate:
            return
        try:
            # The service looks at the scopes of a key first. Whoever may activate is told that the etag is another one.
            self._client.campaigns.activate(to_activate[0].name, etag=_NO_ETAG)
        except PermissionDeniedError as error:
            text = "It takes {} to activate it."
            problems = [each for one in to_activate for each in denied_change(one, error, [""], text).problems]
            raise CommandFailed(
                "This key may not activate campaigns. Nothing was changed.",
                problems,
                reason=error.reason,
                hint="Leave out --activate, and let somebody with such a key run `clarion activate`.",
            ) from error
        except (ConflictError, NotFoundError):
            return

    def apply(self, planned: Planned) -> Applied:
        """Raises ClarionError, as somebody else may have changed the resource since it was planned, and CommandFailed
        for what only a write finds out, such as that a topic is missing. Where that may be elsewhere, it is a finding,
        and the resource is not written.
        """
        for upload in planned.resource.uploads:
            self._upload(upload)
        try:
            value = self._write(planned)
        except (InvalidRequestError, PreconditionFailedError) as error:
            if self._topics_elsewhere and (missing := _missing_topics(planned.resource, error)):
                return Applied(planned, findings=missing)
            refused = {planned.resource.name: error}
            raise _refusal(refused, _problems(planned.resource, error), _WAS_REFUSED) from error
        return Applied(planned, value if isinstance(value, Campaign) else None)

    def _upload(self, upload: Upload) -> None:
        """Uploads a file, unless that was done before. Raises ConflictError when the given name has another file."""
        if upload.is_named:
            self._client.attachments.upload(upload.path, upload.name)
            return
        try:
            self._client.attachments.get(upload.name)
        except NotFoundError:
            self._client.attachments.upload(upload.path, upload.name)

    def _removed(self, files: Files) -> Iterator[Planned]:
        """Yields the stored test cases that the documents of their campaigns lack."""
        for suite in files.suites.values():
            try:
                for case in suite.without_file(self._client):
                    yield Planned(Resource(TEST_CASE, case, suite.locations), case, is_removed=True)
            except (NotFoundError, InvalidRequestError):
                # A campaign that is to be created has none.
                continue

    def _planned(self, resource: Resource[Any], in_files: Collection[str]) -> Planned:
        """`in_files` are the names of the resources that the files have. Raises ClarionError."""
        resources = resource.type.resources(self._client)
        try:
            stored = resources.get(resource.name)
        except (NotFoundError, InvalidRequestError):
            # Under a malformed name nothing is stored. Creating it reports what else is wrong.
            try:
                resources.create(resource.value, validate_only=True)
            except PermissionDeniedError as error:
                raise denied_change(
                    resource, error, [""], "There is none yet that this key sees. It takes {} to create it."
                ) from error
            except NotFoundError:
                # A test case is checked before its campaign is looked for, which the files may have.
                if resource.name.partition("/testCases/")[0] not in in_files:
                    raise
            return Planned(resource)
        try:
            wanted = resources.update(replace(resource.value, etag=stored.etag), None, validate_only=True)
        except PermissionDeniedError as error:
            return self._compared(resource, stored, error)
        before, after = resource.type.authored(stored), resource.type.authored(wanted)
        secrets = resource.secret_fields if self._renew_secrets else ()
        fields = tuple(name for name in resource.type.fields if before.get(name) != after.get(name) or name in secrets)
        policies = self._approval_policies(resource) if fields and resource.type is FRAGMENT else ()
        return Planned(resource, stored, fields, _diff(resource, before, after), approval_policies=policies)

    def _compared(self, resource: Resource[Any], stored: Any, denied: PermissionDeniedError) -> Planned:
        """Returns the plan of a resource that the key may read and not change: it stays. Raises ChangeDenied when the
        file would change it.
        """
        said, shown = resource.type.authored(resource.value), resource.type.authored(stored)
        comparison = compare(said, shown, resource.type.message)
        if comparison.different:
            text = "Another value is stored. It takes {} to change it."
            raise denied_change(resource, denied, comparison.different, text) from denied
        if self._renew_secrets and resource.secret_fields:
            text = "It takes {} to send a secret again. Leave out --renew-secrets."
            raise denied_change(resource, denied, sorted(resource.secret_fields), text) from denied
        return Planned(resource, stored, not_compared=comparison.left_out)

    def _approval_policies(self, fragment: Resource[Any]) -> tuple[str, ...]:
        """Returns the policies that hold for the stored draft of a fragment."""
        return tuple(each.policy for each in self._client.approvals.get(fragment.name).requirements)

    def _write(self, planned: Planned) -> Any:
        resource = planned.resource
        resources = resource.type.resources(self._client)
        match planned.change:
            case Change.CREATED:
                return resources.create(resource.value)
            case Change.UPDATED:
                # The etag lets the service refuse when somebody else changed it in between.
                return resources.update(replace(resource.value, etag=planned.stored.etag), planned.fields)
            case Change.UNCHANGED:
                return planned.stored
            case Change.DELETED:
                self._client.test_cases.delete(resource.name, etag=planned.stored.etag)
                return None

    def reviewed(self, applied: Applied, *, strict: bool = False) -> Applied:
        """Returns it with what review finds in the campaign, and where in the files. Other resources have no review."""
        if applied.campaign is None:
            return applied
        found = self._client.campaigns.review(applied.campaign.name, strict=strict).findings
        return replace(applied, findings=tuple((self._location(applied, each), each) for each in found))

    def _location(self, applied: Applied, finding: Finding) -> Location:
        version, _, line = finding.way[-1].rpartition(":") if finding.way else ("", "", "")
        if version in self._published:
            return self._published[version].find("source").of_text(int(line))
        resource, field = applied.planned.resource, finding.field
        if field.startswith("test_cases."):
            _, case_id, field = f"{field}.".split(".", 2)
            resource = self._cases.get(f"{resource.name}/testCases/{case_id}", resource)
        return resource.locations.find(field.rstrip(".")).of_text(finding.line)

    def published(self, applied: Applied) -> Applied:
        """Returns it with what became of the fragment: a version is made of its draft unless there are errors, or
        approvals are missing.
        """
        locations, stored = applied.planned.resource.locations, applied.planned.stored
        new_version = 0
        try:
            publication = self._client.fragments.publish(applied.planned.resource.name)
            found, is_published = publication.warnings, True
            self._published[f"{publication.fragment.name}@{publication.version.version}"] = locations
            if stored is None or stored.published_version < publication.version.version:
                new_version = publication.version.version
        except (ConflictError, PreconditionFailedError) as error:
            if error.reason in _APPROVAL_REASONS:
                return replace(applied, refusal=error)
            if not error.findings:
                raise
            found, is_published = error.findings, False
        findings = tuple((self._location(applied, each), each) for each in found)
        return replace(applied, activated=is_published, new_version=new_version, findings=findings)

    def left_behind(self, applied: Applied) -> int:
        """Returns how many campaigns have another version of a fragment live than the one that was published."""
        if applied.new_version <= 1:
            return 0
        uses = self._client.fragments.uses(applied.planned.resource.name, page_size=1_000)
        return sum(use.live and use.version != applied.new_version for use in uses)

    def activated(self, applied: Applied, *, strict: bool) -> Applied:
        """Returns it with what became of the campaign or the fragment. Raises ClarionError when the service refuses to
        activate a campaign that has neither errors nor approvals to wait for. `strict` makes an error of what would
        refuse triggers that the live version takes.
        """
        if applied.planned.resource.type is FRAGMENT:
            return self.published(applied)
        applied = self.reviewed(applied, strict=strict)
        campaign = applied.campaign
        if campaign is None or applied.has_errors or is_active(campaign):
            return applied
        try:
            activation = self._client.campaigns.activate(campaign.name, etag=campaign.etag, strict=strict)
        except (ConflictError, PreconditionFailedError) as error:
            if error.reason in _APPROVAL_REASONS:
                return replace(applied, refusal=error)
            raise
        return replace(applied, campaign=activation.campaign, activated=True)


def _needs_activation(planned: Planned) -> bool:
    """Returns whether it is a campaign whose draft is new, or will be another one than what is live."""
    if planned.resource.type is not CAMPAIGN:
        return False
    return planned.stored is None or not is_active(planned.stored) or not _UNVERSIONED.issuperset(planned.fields)


def _diff(resource: Resource[Any], before: dict[str, Any], after: dict[str, Any]) -> str:
    lines = difflib.unified_diff(
        dump(before).splitlines(),
        dump(after).splitlines(),
        f"{resource.name} (stored)",
        resource.locations.find("").file,
        lineterm="",
    )
    return "\n".join(lines)


def _problems(resource: Resource[Any], error: ClarionError) -> list[Problem]:
    problems = Problems(resource.locations)
    for violation in error.violations:
        # The field of the request comes first, such as `campaign`. What has no field within it is about the id.
        problems.add(violation.field.partition(".")[2] or resource.type.keyword, violation.description)
    if not error.violations:
        problems.add(resource.type.keyword, error.message)
    return problems.all()


def _missing_topics(resource: Resource[Any], error: ClarionError) -> tuple[tuple[Location, Finding], ...]:
    """Returns a finding for each topic that is missing. Returns none when something else is wrong."""
    if not _TOPIC_REASONS.issuperset(violation.reason for violation in error.violations):
        return ()
    fields = [(violation.field.partition(".")[2], violation.description) for violation in error.violations]
    return tuple(
        (
            resource.locations.find(field),
            Finding(severity=Severity.ERROR, code="TOPIC_MISSING", field=field, message=message),
        )
        for field, message in fields
    )


def _refusal(refused: Mapping[str, ClarionError], problems: list[Problem], summary: str) -> CommandFailed:
    names = next(iter(refused)) if len(refused) == 1 else f"{len(refused)} of the resources"
    reason = next(iter(refused.values())).reason
    return CommandFailed(summary.format(names=names), problems, reason=reason)
