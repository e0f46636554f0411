"""Conditions that queries of several tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, and_, select

from clarion_server.adapters.storage.schema import campaigns


def of_any_campaign(campaign_key: Column[Any]) -> ColumnElement[bool]:
    """Is always true, and lets the planner use an index that begins with the campaign, as campaigns are few."""
    return campaign_key.in_(select(campaigns.c.key))


def of_execution(message_id: Column[str], execution_id: str) -> ColumnElement[bool]:
    """Selects the messages of an execution: their ids begin with its id and a hyphen, which '.' follows in ASCII."""
    return and_(message_id > f"{execution_id}-", message_id < f"{execution_id}.")
