"""Each query of a large table uses an index that makes its cost independent of the number of rows."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from clarion_server.adapters.storage.store import SqlStore
from clarion_server.domain.events.campaign_health import FAILING_ATTEMPTS
from clarion_server.domain.messages.message import MessageState

from tests.contract.store.given import a_sender
from tests.integration.storage.large_queries import PLANS
from tests.integration.storage.statements import Statement, recorded

#: Holds the tables that grow with every trigger.
LARGE = (
    "executions",
    "messages",
    "message_contexts",
    "events",
    "suppressions",
    "profiles",
    "profile_identities",
    "consent_changes",
    "audience_members",
    "run_members",
    "run_addresses",
)


def plan_of(path: Path, statements: list[Statement]) -> list[str]:
    """Returns one line for each table that the statements read."""
    with closing(sqlite3.connect(path)) as database:
        return [
            detail
            for statement, parameters in statements
            for *_, detail in database.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        ]


@pytest.mark.parametrize("name", PLANS)
def test_each_query_uses_its_index(name: str, store: SqlStore, path: Path) -> None:
    use, indexes = PLANS[name]
    with store.begin() as work:
        a_sender(work).message(work, state=MessageState.QUEUED, attempt_count=FAILING_ATTEMPTS)
        with recorded(store) as statements:
            use(work)
    plan = plan_of(path, statements)
    assert not [line for line in plan if re.match(rf"SCAN ({'|'.join(LARGE)})\b", line)]
    assert not [index for index in indexes if not any(index in line for line in plan)], plan
