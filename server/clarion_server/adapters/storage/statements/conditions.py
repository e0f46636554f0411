"""Defines conditions that queries of several tables share."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, TextClause, and_, select, text

from clarion_server.adapters.storage.schema import campaigns
from clarion_server.domain.access.access import Visibility


def of_any_campaign(campaign_key: Column[Any]) -> ColumnElement[bool]:
    """Is always true, and lets the planner use an index that begins with the campaign, as campaigns are few."""
    return campaign_key.in_(select(campaigns.c.key))


def is_visible(table: Table, visibility: Visibility) -> ColumnElement[bool]:
    """Selects the rows of a table with a sandbox and access labels that may be seen."""
    return and_(table.c.sandbox == visibility.sandbox, table.c.access_mask.bitwise_and(visibility.hidden) == 0)


def of_visible_campaign(campaign_key: Column[Any], visibility: Visibility) -> TextClause:
    """Selects the rows of the visibility's sandbox that belong to a campaign which may be seen, or to none.

    A partial index has the labelled campaigns alone, so this costs one look where there are none.
    """
    return of_shown_campaign(campaign_key).bindparams(**seen_by(visibility))


def of_shown_campaign(campaign_key: Column[Any]) -> TextClause:
    """Returns the same condition for a statement that is built once and run with the parameters of `seen_by`."""
    return _of_shown(f"{campaign_key.table.name}.{campaign_key.name}")


def of_visible_subject(subject: Column[Any], visibility: Visibility) -> TextClause:
    """Selects the rows of the visibility's sandbox whose subject may be seen, or which have none.

    A table has the labelled subjects alone, so this costs one look where there are none.
    """
    return _of_shown_subject(f"{subject.table.name}.{subject.name}").bindparams(**seen_by(visibility))


def seen_by(visibility: Visibility) -> dict[str, Any]:
    return {"seen_sandbox": visibility.sandbox, "hidden": visibility.hidden}


# A text, as it is a part of statements that are built for each call.
@cache
def _of_shown(campaign_key: str) -> TextClause:
    hidden = (
        "SELECT campaigns.key FROM campaigns WHERE campaigns.sandbox = :seen_sandbox"
        " AND campaigns.access_mask != 0 AND (campaigns.access_mask & :hidden) != 0"
    )
    return text(f"({campaign_key} IS NULL OR {campaign_key} NOT IN ({hidden}))")


@cache
def _of_shown_subject(subject: str) -> TextClause:
    hidden = (
        "SELECT labelled_subjects.subject FROM labelled_subjects WHERE labelled_subjects.sandbox = :seen_sandbox"
        " AND (labelled_subjects.access_mask & :hidden) != 0"
    )
    return text(f"({subject} IS NULL OR {subject} NOT IN ({hidden}))")


def json_member(dialect: str, column: str, member: str) -> str:
    """Returns the SQL of the text of a member of the JSON object that a column of texts holds; NULL without one."""
    if dialect == "postgresql":
        return f"CAST({column} AS json) ->> '{member}'"
    return f"json_extract({column}, '$.{member}')"


def of_execution(message_id: Column[str], execution_id: str) -> ColumnElement[bool]:
    """Selects the messages of an execution: their ids begin with its id and a hyphen, which '.' follows in ASCII."""
    return and_(message_id > f"{execution_id}-", message_id < f"{execution_id}.")
