"""Stores topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, func, select

from clarion_server.adapters.storage.json_columns import TRANSLATIONS
from clarion_server.adapters.storage.resources import SqlResourceRepository
from clarion_server.adapters.storage.schema import topics
from clarion_server.domain.access import Visibility
from clarion_server.domain.consent import Silence
from clarion_server.domain.topic import OneClick, Topic, TopicVisibility


class SqlTopicRepository(SqlResourceRepository[Topic]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, topics, _to_row, _from_row)

    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool = False) -> list[Topic]:
        statement = select(topics).where(topics.c.sandbox == visibility.sandbox).order_by(topics.c.id).limit(limit)
        if after is not None:
            statement = statement.where(topics.c.id > after)
        if not archived:
            statement = statement.where(topics.c.archive_time.is_(None))
        return [self._resource_of(row) for row in self._connection.execute(statement)]

    def count_in_use(self, visibility: Visibility) -> int:
        in_use = (topics.c.sandbox == visibility.sandbox, topics.c.archive_time.is_(None))
        return self._connection.execute(select(func.count()).where(*in_use)).scalar_one()


def _to_row(topic: Topic) -> Mapping[str, Any]:
    return {
        "display_name": topic.display_name,
        "description": topic.description,
        "default_locale": topic.default_locale,
        "translations": TRANSLATIONS.encode(topic.translations),
        "visibility": topic.visibility,
        "one_click": topic.one_click,
        "silence": topic.silence,
        "archive_time": topic.archive_time,
    }


def _from_row(row: Row[Any], common: Mapping[str, Any]) -> Topic:
    return Topic(
        **common,
        display_name=row.display_name,
        description=row.description,
        default_locale=row.default_locale,
        translations=TRANSLATIONS.decode(row.translations),
        visibility=TopicVisibility(row.visibility),
        one_click=OneClick(row.one_click),
        silence=None if row.silence is None else Silence(row.silence),
        archive_time=row.archive_time,
    )
