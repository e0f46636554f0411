"""Defines the tables, by what they store.

A value that queries filter or sort by has a column of its own. Nested values that are only read as a whole, such as
definitions, attempts and failures, are JSON (`json_columns`).
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Table

from clarion_server.adapters.storage.schema.approvals import approval_policies, approval_steps
from clarion_server.adapters.storage.schema.attachments import (
    attachment_blobs,
    attachment_references,
    attachment_rows,
    attachments,
    campaign_attachments,
)
from clarion_server.adapters.storage.schema.audience_runs import audience_runs, run_addresses, run_members
from clarion_server.adapters.storage.schema.audiences import audience_lists, audience_members, audiences
from clarion_server.adapters.storage.schema.building import built_sources, campaign_version_sources
from clarion_server.adapters.storage.schema.campaigns import (
    campaign_tags,
    campaign_version_actions,
    campaign_version_audiences,
    campaign_versions,
    campaigns,
)
from clarion_server.adapters.storage.schema.channels import channel_configurations
from clarion_server.adapters.storage.schema.columns import metadata
from clarion_server.adapters.storage.schema.consents import consent_changes, consent_settings, topics
from clarion_server.adapters.storage.schema.erasures import erasures
from clarion_server.adapters.storage.schema.events import counters, events, latencies, purges
from clarion_server.adapters.storage.schema.fragments import (
    campaign_fragments,
    fragment_references,
    fragment_versions,
    fragments,
)
from clarion_server.adapters.storage.schema.imports import import_results, imports
from clarion_server.adapters.storage.schema.limits import (
    allow_lists,
    cap_entries,
    sending_policies,
    suppressions,
    turn_schedules,
)
from clarion_server.adapters.storage.schema.messages import (
    IN_QUEUE,
    IS_HELD,
    executions,
    message_contexts,
    message_labels,
    messages,
)
from clarion_server.adapters.storage.schema.operation import (
    access_labels,
    api_keys,
    erasure_keys,
    key_renewals,
    labelled_subjects,
    link_keys,
    normalisers,
    processes,
)
from clarion_server.adapters.storage.schema.profiles import (
    former_identities,
    identity_namespaces,
    profile_aliases,
    profile_identities,
    profiles,
)
from clarion_server.adapters.storage.schema.test_cases import accepted_renderings, test_cases
from clarion_server.domain.approvals.approval_policy import ApprovalPolicy
from clarion_server.domain.resource import Resource

#: Holds the tables of the kinds of resources whose repositories do nothing but what those of all kinds do.
PLAIN_RESOURCES: Mapping[type[Resource], Table] = {ApprovalPolicy: approval_policies}

__all__ = [
    "IN_QUEUE",
    "IS_HELD",
    "PLAIN_RESOURCES",
    "accepted_renderings",
    "access_labels",
    "allow_lists",
    "api_keys",
    "approval_policies",
    "approval_steps",
    "attachment_blobs",
    "attachment_references",
    "attachment_rows",
    "attachments",
    "audience_lists",
    "audience_members",
    "audience_runs",
    "audiences",
    "built_sources",
    "campaign_attachments",
    "campaign_fragments",
    "campaign_tags",
    "campaign_version_actions",
    "campaign_version_audiences",
    "campaign_version_sources",
    "campaign_versions",
    "campaigns",
    "cap_entries",
    "channel_configurations",
    "consent_changes",
    "consent_settings",
    "counters",
    "erasure_keys",
    "erasures",
    "events",
    "executions",
    "former_identities",
    "fragment_references",
    "fragment_versions",
    "fragments",
    "identity_namespaces",
    "import_results",
    "imports",
    "key_renewals",
    "labelled_subjects",
    "latencies",
    "link_keys",
    "message_contexts",
    "message_labels",
    "messages",
    "metadata",
    "normalisers",
    "processes",
    "profile_aliases",
    "profile_identities",
    "profiles",
    "purges",
    "run_addresses",
    "run_members",
    "sending_policies",
    "suppressions",
    "test_cases",
    "topics",
    "turn_schedules",
]
