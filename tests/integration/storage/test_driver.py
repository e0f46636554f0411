"""Statements by the driver itself fail as SQLAlchemy's do: what the database says, and what Python says before it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from clarion_server.adapters.storage.statements import driver
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError, ProgrammingError
from sqlalchemy.pool import StaticPool


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool, hide_parameters=True)
    with engine.connect() as made:
        driver.run(made, "CREATE TABLE addresses (address TEXT PRIMARY KEY) STRICT")
        driver.run(made, "INSERT INTO addresses VALUES ('jane@example.com')")
        yield made
    engine.dispose()


INSERT = "INSERT INTO addresses VALUES (?)"


@pytest.mark.parametrize(
    ("statement", "parameters", "expected"),
    [
        ("SELECT * FROM nowhere", (), OperationalError),
        (INSERT, ("jane@example.com",), IntegrityError),
        (INSERT, (), ProgrammingError),
        (INSERT, (object(),), DBAPIError),
    ],
)
def test_what_the_database_refuses_is_an_error_of_sqlalchemy_without_its_values(
    connection: Connection, statement: str, parameters: tuple[Any, ...], expected: type[DBAPIError]
) -> None:
    with pytest.raises(expected) as raised:
        driver.run(connection, statement, parameters)
    with pytest.raises(DBAPIError) as theirs:
        connection.exec_driver_sql(statement, parameters)
    assert type(raised.value) is type(theirs.value)
    assert isinstance(raised.value.orig, sqlite3.Error)
    assert "jane" not in str(raised.value)


@pytest.mark.parametrize("parameter", [2**70, "\ud800"], ids=["a number", "half a surrogate pair"])
def test_a_value_that_no_database_can_hold_is_a_mistake_of_ours_and_no_failure_of_the_database(
    connection: Connection, parameter: Any
) -> None:
    with pytest.raises((OverflowError, UnicodeEncodeError)) as raised:
        driver.run(connection, INSERT, (parameter,))
    with pytest.raises(type(raised.value)):
        connection.exec_driver_sql(INSERT, (parameter,))
