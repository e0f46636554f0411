"""PostgreSQL reads every array that the server writes as the same values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
import pytest
from clarion_server.adapters.storage.schema import campaigns, executions, messages
from clarion_server.adapters.storage.statements.arrays import array_notation, array_type
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column

from tests.postgresql import made_database

#: PostgreSQL stores no NUL, and UTF-8 encodes no half of a surrogate pair.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
CASES: dict[str, tuple[Column[Any], st.SearchStrategy[Any]]] = {
    "text": (messages.c.identity, TEXTS | st.sampled_from(['"', "\\", "NULL", "", "{}", ",", '\\"'])),
    "instant": (messages.c.due_time, st.integers(-(2**63), 2**63 - 1)),
    "integer": (messages.c.version, st.integers(-(2**31), 2**31 - 1)),
    "small": (messages.c.lane, st.integers(-(2**15), 2**15 - 1)),
    "bytes": (executions.c.fingerprint, st.binary()),
}


@pytest.fixture(scope="module")
def connection() -> Any:
    with psycopg.connect(made_database("clarion_arrays"), autocommit=True) as connected:
        yield connected


@pytest.mark.parametrize("name", CASES)
def test_values_come_back_as_they_were(name: str, connection: psycopg.Connection[Any]) -> None:
    column, values = CASES[name]

    @settings(max_examples=60, deadline=None)
    @given(st.lists(values, min_size=1) | st.lists(st.none() | values, min_size=1))
    def check(given_values: Sequence[Any]) -> None:
        query = f"SELECT unnest(%s::{array_type(column)})"
        rows = connection.execute(query, [array_notation(column, given_values)]).fetchall()
        assert [row[0] for row in rows] == list(given_values)

    check()


def test_a_type_without_arrays_is_refused() -> None:
    with pytest.raises(TypeError, match="draft_pending"):
        array_type(campaigns.c.draft_pending)
