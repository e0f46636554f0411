"""Errors of PostgreSQL end up in the log, so they hold no value of a row: no address, and no attribute."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest
from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy.exc import DBAPIError

ADDRESS = "jane@example.com"
_IDENTITY = (
    "INSERT INTO profile_identities (sandbox, namespace, normal_value, profile_key, position, value)"
    f" VALUES ('default', 'email', '{ADDRESS}', 1, 0, '{ADDRESS}')"
)


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (_IDENTITY, "UniqueViolation (23505), table profile_identities, constraint profile_identities_key"),
        (
            f"INSERT INTO imports (sandbox, collection, row_count, update_time) VALUES ('{ADDRESS}', 'x', 0, 0)",
            "NotNullViolation (23502), table imports",
        ),
        (f"SELECT '{ADDRESS}'::bigint", "InvalidTextRepresentation (22P02)"),
        (f"SELECT {ADDRESS.partition('@')[0]}", 'column "jane" does not exist'),
    ],
)
def test_an_error_names_no_value(open_store: Callable[[], SqlStore], statement: str, told: str) -> None:
    with open_store()._writer.begin() as connection:
        connection.exec_driver_sql(_IDENTITY)
        with pytest.raises(DBAPIError) as failed:
            connection.exec_driver_sql(statement)
    assert told in str(failed.value.orig)
    assert ADDRESS not in str(failed.value.orig)
    chain = "".join(traceback.format_exception(failed.value.orig))
    assert "DETAIL" not in chain
    assert "Failing row" not in chain
