"""Makes the service have what the files say, and says what that changed."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from clarion_client import (
    Campaign,
    CampaignState,
    ChannelConfiguration,
    Client,
    Finding,
    InvalidRequestError,
    NotFoundError,
    Severity,
)

from clarion_server.transport.cli.failures import CommandFailed, Problem
from clarion_server.transport.cli.files.resource_types import CHANNEL
from clarion_server.transport.cli.files.resources import Resource
from clarion_server.transport.cli.files.source_location import Place
from clarion_server.transport.cli.files.yaml_schema import dump

#: With nothing pending in the draft, there is nothing to activate.
ACTIVE = frozenset({CampaignState.SCHEDULED, CampaignState.LIVE, CampaignState.PAUSED})


class Change(StrEnum):
    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Options:
    dry_run: bool = False
    activate: bool = False
    #: Sends passwords although nobody can see whether they differ from the stored ones.
    renew_passwords: bool = False


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one resource. `diff` is unified, and empty unless it was updated."""

    name: str
    change: Change
    diff: str = ""
    #: The campaign as it stands now. None in a dry run, and for channel configurations.
    campaign: Campaign | None = None
    activated: bool = False
    #: What review found, and where in the files, when the campaign was to be activated.
    findings: tuple[tuple[Place, Finding], ...] = ()

    @property
    def blocked(self) -> bool:
        """It was to be activated and could not be."""
        return any(finding.severity is Severity.ERROR for _, finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        findings = [{**finding.to_dict(), "place": str(place)} for place, finding in self.findings]
        state = {"state": self.campaign.state, "live_version": self.campaign.live_version} if self.campaign else {}
        return {
            "name": self.name,
            "change": self.change,
            "diff": self.diff,
            **state,
            "activated": self.activated,
            "findings": findings,
        }


class Applier:
    """One resource at a time. Reads first, and writes only what differs."""

    def __init__(self, client: Client, options: Options) -> None:
        self._client = client
        self._options = options

    def apply(self, resource: Resource[Any]) -> Applied:
        """Raises CommandFailed, with places in the file, when the service refuses what it says; else ClarionError."""
        try:
            applied = self._write(resource)
        except InvalidRequestError as error:
            raise _refused(resource, error) from error
        if self._options.activate and applied.campaign is not None:
            return self._activate(applied, applied.campaign, resource)
        return applied

    def _write(self, resource: Resource[Any]) -> Applied:
        keeper = resource.kind.keeper(self._client)
        stored = self._stored(resource)
        if stored is None:
            value = None if self._options.dry_run else keeper.create(resource.value)
            return Applied(resource.name, Change.CREATED, campaign=_campaign(value))
        diff = Difference(resource, stored, renew_passwords=self._options.renew_passwords)
        if not diff.fields:
            return Applied(
                resource.name, Change.UNCHANGED, campaign=None if self._options.dry_run else _campaign(stored)
            )
        # Refused when somebody else changes it between the reading and the writing.
        value = None if self._options.dry_run else keeper.update(replace(resource.value, etag=stored.etag), diff.fields)
        return Applied(resource.name, Change.UPDATED, diff.text, _campaign(value))

    def _stored(self, resource: Resource[Any]) -> Any:
        try:
            return resource.kind.keeper(self._client).get(resource.name)
        except NotFoundError:
            return None

    def _activate(self, applied: Applied, campaign: Campaign, resource: Resource[Any]) -> Applied:
        if campaign.state in ACTIVE and not campaign.draft_pending:
            return applied
        review = self._client.campaigns.review(campaign.name)
        findings = tuple((_place(resource, finding), finding) for finding in review.findings)
        if not review.activatable:
            return replace(applied, findings=findings)
        activation = self._client.campaigns.activate(campaign.name, etag=campaign.etag)
        return replace(applied, campaign=activation.campaign, activated=True, findings=findings)


class Difference:
    """Between what is stored and what a file says."""

    def __init__(self, resource: Resource[Any], stored: Any, *, renew_passwords: bool) -> None:
        self._name = resource.name
        self._file = resource.places.find("").file
        self._before = resource.kind.authored(stored)
        self._after = resource.kind.authored(resource.value)
        if resource.kind is CHANNEL:
            self._keep_password()
        names = [name for name in resource.kind.fields if self._before.get(name) != self._after.get(name)]
        if renew_passwords and "smtp" not in names and "password" in self._after.get("smtp", ()):
            names.append("smtp")
        #: The top-level fields that differ.
        self.fields = tuple(names)

    @property
    def text(self) -> str:
        lines = difflib.unified_diff(
            _lines(self._before), _lines(self._after), f"{self._name} (stored)", f"{self._file}", lineterm=""
        )
        return "\n".join(lines)

    def _keep_password(self) -> None:
        """A file that names the user and no password leaves the stored one as it is, and so does the service."""
        before, after = self._before.get("smtp", {}), self._after.get("smtp", {})
        if "password" in before and before.get("username") == after.get("username"):
            after["password"] = before["password"]


def _lines(authored: dict[str, Any]) -> list[str]:
    return dump(authored).splitlines()


def _campaign(value: Campaign | ChannelConfiguration | None) -> Campaign | None:
    return value if isinstance(value, Campaign) else None


def _place(resource: Resource[Any], finding: Finding) -> Place:
    return resource.places.find(finding.field).of_text(finding.line)


def _refused(resource: Resource[Any], error: InvalidRequestError) -> CommandFailed:
    problems = [
        # The request's own field comes first, such as `campaign`. What has no field within it is about the id.
        resource.places.problem(violation.field.partition(".")[2] or resource.kind.keyword, violation.description)
        for violation in error.violations
    ]
    return CommandFailed(
        f"The service refuses {resource.name}.", problems or [Problem("", error.message)], reason=error.reason
    )
