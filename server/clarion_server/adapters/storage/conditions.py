"""Conditions that queries of several tables share."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, ColumnElement, and_, select

from clarion_server.adapters.storage.schema import campaigns


def of_any_campaign(campaign_key: Column[Any]) -> ColumnElement[bool]:
    """Is always true, and lets the planner use an index that begins with the campaign, as campaigns are few."""
    return campaign_key.in_(select(campaigns.c.key))


def json_member(dialect: str, column: str, member: str) -> str:
    """Returns the SQL of the text of a member of the JSON object that a column of texts holds; NULL without one."""
    if dialect == "postgresql":
        return f"CAST({column} AS json) ->> '{member}'"
    return f"json_extract({column}, '$.{member}')"


def of_execution(message_id: Column[str], execution_id: str) -> ColumnElement[bool]:
    """Selects the messages of an execution: their ids begin with its id and a hyphen, which '.' follows in ASCII."""
    return and_(message_id > f"{execution_id}-", message_id < f"{execution_id}.")
