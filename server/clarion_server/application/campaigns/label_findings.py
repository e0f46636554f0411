"""Finds that a campaign is shown to more callers than a part that it uses."""

from __future__ import annotations

from collections.abc import Iterator

from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.finding import Finding, FindingCode, Severity


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
