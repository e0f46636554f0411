"""Defines what all tables share: their metadata and the types of their columns.

Times are microseconds since 1970 (`domain.instant`), and enumerations are stored by name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, Table, Text, event, text

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_key",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
    }
)

# Every database compares these texts by their bytes, as SQLite does: pages begin after an id, and searches ignore the
# case of ASCII letters only.
Bytewise = Text().with_variant(Text(collation="C"), "postgresql")
Instant = BigInteger
# SQLite assigns numbers only to a column of exactly this type.
Key = BigInteger().with_variant(Integer(), "sqlite")


def access_columns() -> tuple[Column[Any], ...]:
    """Returns the columns of a table whose rows have access labels: the labels, NULL for none, and their bits."""
    return (
        Column("access_labels", Text),
        Column("access_mask", BigInteger, server_default=text("0"), nullable=False),
    )


def vacuum_early(table: Table) -> None:
    """Lets PostgreSQL clean the table up when a fiftieth of its rows is dead. By the defaults of a server a fifth of a
    table of a hundred million rows would be dead first: each move of a message, each merge in the recipient index and
    each purge leaves dead rows.
    """
    _set_on_postgresql(
        table,
        "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02,"
        " autovacuum_vacuum_cost_delay = 1",
    )


def leave_room(table: Table, filled_percent: int) -> None:
    """Leaves the rest of each page of PostgreSQL to new versions of its rows: in place they need no new index entry."""
    _set_on_postgresql(table, f"fillfactor = {filled_percent}")


def _set_on_postgresql(table: Table, options: str) -> None:
    @event.listens_for(table, "after_create")
    def set_options(_table: Table, connection: Connection, **_: Any) -> None:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE {table.name} SET ({options})")
