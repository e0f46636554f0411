"""Finds that a campaign is shown to more callers than a part that it uses."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.application.ports.content import Fragments
from clarion_server.domain.access import Visibility
from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.names import FRAGMENTS


def label_findings(campaign: AccessLabels, part: AccessLabels, name: str, field: str) -> Iterator[Finding]:
    """Yields the finding when the part of that name, which the field names, has labels that the campaign lacks."""
    if campaign.includes(part):
        return
    lacking = ", ".join(label for label in part.names if label not in campaign.names)
    message = (
        f"{name} has access labels that the campaign lacks: {lacking}. Whoever sees the campaign would see the part."
    )
    remedy = "Give the campaign these labels too, or name a part without them."
    yield Finding(Severity.ERROR, FindingCode.LABEL_WIDER_THAN_PART, field, message, remedy)


def fragment_label_findings(campaign: AccessLabels, fragments: Fragments, visibility: Visibility) -> Iterator[Finding]:
    """Yields that finding for each fragment. One that the caller does not see is missing: its labels are not told.

    The caller sees the campaign, so the campaign lacks a label of such a fragment, and every caller finds an error.
    """
    for fragment in {each.fragment_id: each for _, each in sorted(fragments.items())}.values():
        name = FRAGMENTS.format(fragment.fragment_id)
        if visibility.sees(fragment.access_labels):
            yield from label_findings(campaign, fragment.access_labels, name, "actions")
        else:
            message = f"There is no published fragment {name} in this sandbox."
            remedy = "Create and publish it, or name another one."
            yield Finding(Severity.ERROR, FindingCode.FRAGMENT_MISSING, "actions", message, remedy)
