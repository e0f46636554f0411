"""The purpose of a campaign, which decides the rules for sending its messages."""

from __future__ import annotations

from enum import StrEnum


class Category(StrEnum):
    TRANSACTIONAL = "TRANSACTIONAL"
    MARKETING = "MARKETING"
