"""Keeps who is no administrator from going without approvals."""

from __future__ import annotations

from clarion_server.domain.access.access import Caller, Scope
from clarion_server.domain.errors import ScopeDenied


def check_may_bypass(bypass_reason: str, caller: Caller, method: str) -> None:
    """Raises ScopeDenied when a caller who is no administrator gives a reason to go without approvals.

    `method` is one of the contract, such as `CampaignService/ActivateCampaign`.
    """
    # Administrators alone have any scope that is asked for.
    if bypass_reason and not caller.has_any(frozenset()):
        raise ScopeDenied(f"/clarion.v1.{method}", (Scope.ADMIN,))
