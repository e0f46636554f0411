"""Defines the repository of the history of approvals."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from clarion_server.domain.approvable import DraftKey
from clarion_server.domain.approvals.approval import ApprovalStep


class ApprovalRepository(Protocol):
    """Stores the steps of the approvals of drafts. They are deleted with their campaign or fragment."""

    def add(self, step: ApprovalStep) -> ApprovalStep:
        """Returns it with its key."""
        ...

    def submitted(self, draft: DraftKey) -> list[ApprovalStep]:
        """Returns the steps from the last submission on, the oldest first."""
        ...

    def get(self, draft: DraftKey, key: int) -> ApprovalStep | None: ...

    def openings(self, draft: DraftKey, before: int | None, limit: int) -> list[ApprovalStep]:
        """Returns the steps with a comment that are no reply, the newest first; only smaller keys than `before`."""
        ...

    def replies(self, draft: DraftKey, openings: Collection[int]) -> list[ApprovalStep]:
        """Returns the steps of the threads that these steps began, the oldest first."""
        ...

    def page(self, draft: DraftKey, before: int | None, limit: int) -> list[ApprovalStep]:
        """Returns steps by key, the newest first; only smaller keys than `before`."""
        ...
