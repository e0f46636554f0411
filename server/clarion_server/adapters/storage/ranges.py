"""Conditions that several tables share."""

from __future__ import annotations

from sqlalchemy import Column, ColumnElement, and_


def of_execution(message_id: Column[str], execution_id: str) -> ColumnElement[bool]:
    """The ids of an execution's messages are its own, a hyphen and digits. '.' is the character after the hyphen."""
    return and_(message_id > f"{execution_id}-", message_id < f"{execution_id}.")
