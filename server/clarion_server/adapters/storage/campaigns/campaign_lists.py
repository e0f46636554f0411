"""Builds the queries for pages of campaigns and of their tags."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Column, ColumnElement, Select, exists, func, or_, select, tuple_

from clarion_server.adapters.storage.schema import campaign_tags, campaigns
from clarion_server.adapters.storage.statements.conditions import is_visible
from clarion_server.application.ports.queries import CampaignQuery, Times
from clarion_server.domain.access.access import Visibility
from clarion_server.domain.campaign_states import CampaignState
from clarion_server.domain.tags import folded

_ORDER_COLUMNS: Mapping[str, Column[Any]] = {
    "name": campaigns.c.id,
    "create_time": campaigns.c.create_time,
    "update_time": campaigns.c.update_time,
}
_NOT_ARCHIVED = campaigns.c.state != CampaignState.ARCHIVED
_TEXTS = (campaigns.c.id, campaigns.c.display_name, campaigns.c.description)


def campaign_page(query: CampaignQuery) -> Select[Any]:
    order = (_ORDER_COLUMNS[query.order_by], campaigns.c.id)
    statement = select(campaigns).where(is_visible(campaigns, query.visibility), *_filters(query)).limit(query.limit)
    if query.after is not None:
        position = tuple_(*order)
        statement = statement.where(position < query.after if query.descending else position > query.after)
    return statement.order_by(*(column.desc() if query.descending else column for column in order))


def tag_page(visibility: Visibility, after: str | None, limit: int) -> Select[Any, int]:
    form = campaign_tags.c.folded
    filters = [is_visible(campaigns, visibility), _NOT_ARCHIVED]
    if after is not None:
        filters.append(form > after)
    uses = select(func.min(campaign_tags.c.tag).label("tag"), func.count().label("campaign_count"))
    tagged = uses.join(campaigns, campaigns.c.key == campaign_tags.c.campaign_key).where(*filters)
    return tagged.group_by(form).order_by(form).limit(limit)


def _within(time: Column[Any], bounds: Times) -> list[ColumnElement[bool]]:
    earliest = [] if bounds.earliest is None else [time >= bounds.earliest]
    return earliest if bounds.latest is None else [*earliest, time <= bounds.latest]


def _filters(query: CampaignQuery) -> list[ColumnElement[bool]]:
    filters: list[ColumnElement[bool]] = []
    if query.states:
        filters.append(campaigns.c.state.in_(query.states))
    else:
        filters.append(_NOT_ARCHIVED)
    if query.channels:
        filters.append(or_(*(campaigns.c.channels.contains(f" {channel} ") for channel in query.channels)))
    if query.creator:
        filters.append(campaigns.c.creator == query.creator)
    filters += [*_within(campaigns.c.create_time, query.created), *_within(campaigns.c.update_time, query.updated)]
    if query.categories:
        filters.append(campaigns.c.category.in_(query.categories))
    if query.tags:
        filters.append(
            exists().where(
                campaign_tags.c.campaign_key == campaigns.c.key, campaign_tags.c.folded.in_(map(folded, query.tags))
            )
        )
    if query.text:
        # `bytes.lower` changes only ASCII letters, as `lower` does in the databases.
        text = query.text.encode().lower().decode()
        filters.append(or_(*(func.lower(column).contains(text, autoescape=True) for column in _TEXTS)))
    return filters
