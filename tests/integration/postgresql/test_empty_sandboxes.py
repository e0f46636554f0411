"""What a sandbox has none of is told by an index, however many other sandboxes have.

PostgreSQL takes the rows of a table to be of few sandboxes, and would look for one from the beginning of the table.
"""

from __future__ import annotations

from collections.abc import Callable

from clarion_server.adapters.storage.store import SqlStore
from sqlalchemy import text

from tests.contract.store import samples
from tests.contract.store.given import a_sender, committing
from tests.integration.storage.statements import recorded

COUNT = 3_000


def test_a_batch_of_triggers_reads_no_table_of_people_from_its_beginning(open_store: Callable[[], SqlStore]) -> None:
    store = open_store()
    with committing(store) as work:
        work.profiles.add_all(
            [samples.profile(samples.identity("crm", str(each)), id=f"p{each}") for each in range(COUNT)]
        )
        work.suppressions.add_all([samples.suppression(f"{each}@example.com", id=f"s{each}") for each in range(COUNT)])
        sender = a_sender(work, sandbox="staging")
    with store._writer.begin() as connection:
        connection.execute(text("ANALYZE"))
    with recorded(store) as statements, committing(store) as work:
        found = work.campaigns.lock({sender.campaign.key})[sender.campaign.key]
    assert (found.has_profiles, found.has_suppressions) == (False, False)
    ((statement, parameters),) = [each for each in statements if "profiles" in each[0]]
    with store._writer.connect() as connection:
        plan = [row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)]
    assert [line for line in plan if "Seq Scan on profiles" in line or "Seq Scan on suppressions" in line] == []
