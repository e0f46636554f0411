"""Finds that a campaign is shown to more callers than a part that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from clarion_server.application.ports.content import Fragments
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.access_labels import AccessLabels
from clarion_server.domain.audiences.audience import Audience
from clarion_server.domain.audiences.audience_reference import audiences_in
from clarion_server.domain.campaigns.campaign_definition import CampaignDefinition
from clarion_server.domain.finding import Finding, FindingCode, Severity
from clarion_server.domain.names import AUDIENCES, FRAGMENTS


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


def audience_findings(
    definition: CampaignDefinition, campaign: AccessLabels, audiences: Mapping[str, Audience], visibility: Visibility
) -> Iterator[Finding]:
    """Yields each audience that a rule asks about and that there is not, and each that the campaign lacks labels of.

    One that the caller does not see is missing, as fragments are. `audiences` are those that are stored, by id.
    """
    for action_index, action in enumerate(definition.actions):
        for index, rule in enumerate(action.rules):
            field, condition = f"actions[{action_index}].rules[{index}].condition", rule.condition
            for audience_id, position in dict(reversed(list(audiences_in(condition)))).items():
                audience = audiences.get(audience_id)
                if audience is not None and visibility.sees(audience.access_labels):
                    yield from label_findings(campaign, audience.access_labels, audience.name, field)
                    continue
                line = condition.count("\n", 0, position) + 1
                message = (
                    f"There is no audience '{AUDIENCES.format(audience_id)}' in this sandbox: nobody belongs to it."
                )
                remedy = "Create it, or ask about another one."
                yield Finding(Severity.ERROR, FindingCode.AUDIENCE_MISSING, field, message, remedy, line=line)
