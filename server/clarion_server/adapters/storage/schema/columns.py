"""What all tables share: their metadata and the types of their columns.

Times are microseconds since 1970 (`domain.instant`), and enumerations are stored by name.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, MetaData, Text, text

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
