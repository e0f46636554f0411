"""Stores topics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row

from clarion_server.adapters.storage.json_columns import TRANSLATIONS
from clarion_server.adapters.storage.resources import SqlArchivableRepository
from clarion_server.adapters.storage.schema import topics
from clarion_server.domain.consent import Silence
from clarion_server.domain.topic import OneClick, Topic, TopicVisibility


class SqlTopicRepository(SqlArchivableRepository[Topic]):
    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, topics, _to_row, _from_row)


def _to_row(topic: Topic) -> Mapping[str, Any]:
    return {
        "display_name": topic.display_name,
        "description": topic.description,
        "default_locale": topic.default_locale,
        "translations": TRANSLATIONS.encode(topic.translations),
        "visibility": topic.visibility,
        "one_click": topic.one_click,
        "silence": topic.silence,
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
    )
