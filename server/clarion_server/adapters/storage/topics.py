"""Stores topics."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from clarion_server.adapters.storage.json_columns import TRANSLATIONS
from clarion_server.adapters.storage.schema import topics
from clarion_server.application.ports.repositories import NameTaken
from clarion_server.application.ports.store import WriteConflict
from clarion_server.domain.access import Visibility
from clarion_server.domain.consent import Silence
from clarion_server.domain.topic import OneClick, Topic, TopicVisibility


class SqlTopicRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, topic: Topic) -> Topic:
        try:
            # A savepoint lets the transaction go on after a refusal, on every database.
            with self._connection.begin_nested():
                added = insert(topics).values(_to_row(topic)).returning(topics.c.key)
                key = self._connection.execute(added).scalar_one()
        except IntegrityError as error:
            raise NameTaken(topic.name) from error
        return replace(topic, key=key)

    def get(self, visibility: Visibility, topic_id: str) -> Topic | None:
        named = (topics.c.sandbox == visibility.sandbox, topics.c.id == topic_id)
        row = self._connection.execute(select(topics).where(*named)).one_or_none()
        return None if row is None else _from_row(row)

    def save(self, topic: Topic) -> None:
        before = (topics.c.key == topic.key, topics.c.revision == topic.revision - 1)
        if self._connection.execute(update(topics).where(*before).values(_to_row(topic))).rowcount == 0:
            raise WriteConflict(topic.name)

    def page(self, visibility: Visibility, after: str | None, limit: int, *, archived: bool) -> list[Topic]:
        statement = select(topics).where(topics.c.sandbox == visibility.sandbox).order_by(topics.c.id).limit(limit)
        if after is not None:
            statement = statement.where(topics.c.id > after)
        if not archived:
            statement = statement.where(topics.c.archive_time.is_(None))
        return [_from_row(row) for row in self._connection.execute(statement)]

    def count_in_use(self, visibility: Visibility) -> int:
        in_use = (topics.c.sandbox == visibility.sandbox, topics.c.archive_time.is_(None))
        return self._connection.execute(select(func.count()).where(*in_use)).scalar_one()


def _to_row(topic: Topic) -> dict[str, Any]:
    """Returns all columns but the key, which the database assigns."""
    return {
        "sandbox": topic.sandbox,
        "id": topic.id,
        "revision": topic.revision,
        "display_name": topic.display_name,
        "description": topic.description,
        "default_locale": topic.default_locale,
        "translations": TRANSLATIONS.encode(topic.translations),
        "visibility": topic.visibility,
        "one_click": topic.one_click,
        "silence": topic.silence,
        "create_time": topic.create_time,
        "update_time": topic.update_time,
        "archive_time": topic.archive_time,
    }


def _from_row(row: Row[Any]) -> Topic:
    return Topic(
        sandbox=row.sandbox,
        id=row.id,
        display_name=row.display_name,
        create_time=row.create_time,
        update_time=row.update_time,
        description=row.description,
        default_locale=row.default_locale,
        translations=TRANSLATIONS.decode(row.translations),
        visibility=TopicVisibility(row.visibility),
        one_click=OneClick(row.one_click),
        silence=None if row.silence is None else Silence(row.silence),
        archive_time=row.archive_time,
        key=row.key,
        revision=row.revision,
    )
