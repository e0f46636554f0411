"""Builds the query for a page of campaigns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, exists, func, or_, select, tuple_

from clarion_server.adapters.storage.schema import campaign_tags, campaigns
from clarion_server.application.ports.queries import CampaignQuery

_ORDER_COLUMNS: Mapping[str, Column[Any]] = {
    "name": campaigns.c.id,
    "create_time": campaigns.c.create_time,
    "update_time": campaigns.c.update_time,
}
_TEXTS = (campaigns.c.id, campaigns.c.display_name, campaigns.c.description)


def campaign_page(query: CampaignQuery) -> Select[Any]:
    order = (_ORDER_COLUMNS[query.order_by], campaigns.c.id)
    statement = (
        select(campaigns).where(campaigns.c.sandbox == query.visibility.sandbox, *_filters(query)).limit(query.limit)
    )
    if query.after is not None:
        position = tuple_(*order)
        statement = statement.where(position < query.after if query.descending else position > query.after)
    return statement.order_by(*(column.desc() if query.descending else column for column in order))


def _filters(query: CampaignQuery) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if query.states:
        filters.append(campaigns.c.state.in_(query.states))
    if query.categories:
        filters.append(campaigns.c.category.in_(query.categories))
    if query.tags:
        filters.append(
            exists().where(campaign_tags.c.campaign_key == campaigns.c.key, campaign_tags.c.tag.in_(query.tags))
        )
    if query.text:
        # `bytes.lower` changes only ASCII letters, as `lower` does in the databases.
        text = query.text.encode().lower().decode()
        filters.append(or_(*(func.lower(column).contains(text, autoescape=True) for column in _TEXTS)))
    return filters
