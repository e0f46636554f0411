"""Records the statements that a store runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from clarion_server.adapters.storage.statements import driver
from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import Connection, event

#: Holds a statement and its parameters, by position or by name.
Statement = tuple[str, tuple[Any, ...] | dict[str, Any]]


@contextmanager
def recorded(store: SqlStore) -> Iterator[list[Statement]]:
    """Collects the statements of its block, except those that begin transactions."""
    statements: list[Statement] = []

    def record(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if not statement.startswith("BEGIN"):
            statements.append((statement, parameters if isinstance(parameters, dict) else tuple(parameters)))

    run = driver.run

    def record_and_run(connection: Connection, statement: str, parameters: Sequence[Any] = ()) -> driver.Ran:
        if connection.dialect.name == "sqlite":
            # The engine's listeners hear of all others.
            record(connection, None, statement, parameters)
        return run(connection, statement, parameters)

    engines = (store._writer, store._readers)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", record)
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(driver, "run", record_and_run)
            yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", record)
