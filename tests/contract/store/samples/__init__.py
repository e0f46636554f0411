"""Valid values to store, with ids that differ."""

from __future__ import annotations

from tests.contract.store.samples.authored import (
    approval_policy,
    audience,
    campaign,
    case,
    channel,
    definition,
    fragment,
    namespace,
    sending_policy,
    topic,
    version,
)
from tests.contract.store.samples.recorded import (
    api_key,
    counter,
    event,
    execution,
    failure,
    identity,
    message,
    outcome,
    profile,
    suppression,
)
from tests.contract.store.samples.sandboxes import (
    NOW,
    SANDBOX,
    SANDBOXES,
    STAGING,
    VISIBILITIES,
    VISIBILITY,
    new_id,
)

__all__ = [
    "NOW",
    "SANDBOX",
    "SANDBOXES",
    "STAGING",
    "VISIBILITIES",
    "VISIBILITY",
    "api_key",
    "approval_policy",
    "audience",
    "campaign",
    "case",
    "channel",
    "counter",
    "definition",
    "event",
    "execution",
    "failure",
    "fragment",
    "identity",
    "message",
    "namespace",
    "new_id",
    "outcome",
    "profile",
    "sending_policy",
    "suppression",
    "topic",
    "version",
]
