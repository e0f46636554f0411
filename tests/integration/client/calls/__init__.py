"""Every method of the client, with what it asks and returns: a file for each group of resources."""

from __future__ import annotations

from tests.integration.client.calls import (
    approval_calls,
    attachment_calls,
    audience_calls,
    campaign_calls,
    channel_calls,
    consent_calls,
    fragment_calls,
    identity_namespace_calls,
    key_calls,
    message_calls,
    profile_calls,
    sending_policy_calls,
    suppression_calls,
    test_case_calls,
)
from tests.integration.client.cases import Case

_GROUPS = (
    approval_calls,
    attachment_calls,
    audience_calls,
    campaign_calls,
    channel_calls,
    consent_calls,
    fragment_calls,
    identity_namespace_calls,
    key_calls,
    message_calls,
    profile_calls,
    sending_policy_calls,
    suppression_calls,
    test_case_calls,
)

CASES: dict[str, Case] = {name: case for group in _GROUPS for name, case in group.CASES.items()}
