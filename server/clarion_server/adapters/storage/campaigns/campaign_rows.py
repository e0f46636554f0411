"""Maps campaigns and their versions to rows and back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from clarion_server.adapters.storage.rows.access_labels import decode_labels, label_columns
from clarion_server.adapters.storage.rows.json_columns import DEFINITION, PINS, TEXTS, USED_RULES
from clarion_server.domain.campaign_states import ApprovalState, CampaignState
from clarion_server.domain.campaigns.campaign import Campaign, CampaignVersion, QueueDisposal
from clarion_server.domain.campaigns.campaign_definition import Schedule


def campaign_to_row(campaign: Campaign) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": campaign.sandbox,
        "id": campaign.id,
        "revision": campaign.revision,
        "state": campaign.state,
        "definition": DEFINITION.encode(campaign.definition),
        "tags": TEXTS.encode(campaign.tags),
        "display_name": campaign.definition.display_name,
        "description": campaign.definition.description,
        "category": campaign.definition.category,
        "channels": "".join(f" {action.content.channel} " for action in campaign.definition.actions),
        "live_version": campaign.live_version,
        "last_version": campaign.last_version,
        "draft_pending": campaign.draft_pending,
        "schedule_start_time": campaign.schedule.start_time,
        "schedule_end_time": campaign.schedule.end_time,
        "next_transition_time": campaign.next_transition_time(),
        "queue_disposal": campaign.queue_disposal,
        "create_time": campaign.create_time,
        "creator": campaign.creator,
        "update_time": campaign.update_time,
        "updater": campaign.updater,
        "activate_time": campaign.activate_time,
        "activator": campaign.activator,
        "approval_state": campaign.approval_state,
        "draft_editors": TEXTS.encode(campaign.draft_editors),
        "used_rules": USED_RULES.encode(campaign.used_rules) if campaign.used_rules else None,
        **label_columns(campaign.access_labels),
    }


def campaign_from_row(row: Row[Any]) -> Campaign:
    return Campaign(
        sandbox=row.sandbox,
        id=row.id,
        definition=DEFINITION.decode(row.definition),
        create_time=row.create_time,
        creator=row.creator,
        update_time=row.update_time,
        updater=row.updater,
        tags=TEXTS.decode(row.tags),
        key=row.key,
        revision=row.revision,
        state=CampaignState(row.state),
        live_version=row.live_version,
        last_version=row.last_version,
        draft_pending=row.draft_pending,
        schedule=Schedule(row.schedule_start_time, row.schedule_end_time),
        activate_time=row.activate_time,
        activator=row.activator,
        queue_disposal=None if row.queue_disposal is None else QueueDisposal(row.queue_disposal),
        approval_state=None if row.approval_state is None else ApprovalState(row.approval_state),
        draft_editors=TEXTS.decode(row.draft_editors),
        used_rules=() if row.used_rules is None else USED_RULES.decode(row.used_rules),
        access_labels=decode_labels(row.access_labels),
    )


def version_to_row(version: CampaignVersion) -> dict[str, Any]:
    return {
        "campaign_key": version.campaign_key,
        "number": version.number,
        "definition": DEFINITION.encode(version.definition),
        "create_time": version.create_time,
        "sending_policy": version.definition.sending_policy,
        "identity_namespace": version.definition.identity_namespace,
        "creator": version.creator,
        "approvers": TEXTS.encode(version.approvers),
        "bypass_reason": version.bypass_reason,
        "fragments": PINS.encode(version.fragments),
    }


def version_from_row(row: Row[Any]) -> CampaignVersion:
    return CampaignVersion(
        campaign_key=row.campaign_key,
        number=row.number,
        definition=DEFINITION.decode(row.definition),
        create_time=row.create_time,
        creator=row.creator,
        approvers=TEXTS.decode(row.approvers),
        bypass_reason=row.bypass_reason,
        fragments=PINS.decode(row.fragments),
    )
