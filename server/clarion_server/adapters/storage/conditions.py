"""Conditions that several tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, and_, select

from clarion_server.adapters.storage.schema import campaigns


def of_any_campaign(campaign_key: Column[Any]) -> ColumnElement[bool]:
    """True, and opens an index by campaign: campaigns are few."""
    return campaign_key.in_(select(campaigns.c.key))


def of_execution(message_id: Column[str], execution_id: str) -> ColumnElement[bool]:
    """The ids of an execution's messages are its own, a hyphen and digits. '.' is the character after the hyphen."""
    return and_(message_id > f"{execution_id}-", message_id < f"{execution_id}.")
