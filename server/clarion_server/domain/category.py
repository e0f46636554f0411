"""What a campaign is for, and with it which rules apply before its messages may leave."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    TRANSACTIONAL = "TRANSACTIONAL"
    MARKETING = "MARKETING"
