"""Records the statements that a store runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import event

#: A statement and its parameters, by position or by name.
Statement = tuple[str, tuple[Any, ...] | dict[str, Any]]


@contextmanager
def recorded(store: SqlStore) -> Iterator[list[Statement]]:
    """Collects the statements of its block, except those that begin transactions."""
    statements: list[Statement] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append((statement, parameters if isinstance(parameters, dict) else tuple(parameters)))

    engines = (store._writer, store._readers)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", record)
