"""What was purged is remembered, and PostgreSQL cleans up after the tables that change most before they swell.

Expanding alone: a table that older processes do not know, and settings of tables, which lock nobody out.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

#: Dead rows come with every move of a message, with each merge of segments and with each purge. By the server's
#: defaults a fifth of a table of a hundred million rows would be dead before anybody looks.
_VACUUMED = ("executions", "messages", "message_contexts", "events")
_EARLY = (
    "autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1"
)


def upgrade() -> None:
    op.create_table(
        "purges",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("through", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="purges_key"),
    )
    if op.get_bind().dialect.name == "postgresql":
        for table in _VACUUMED:
            op.execute(f"ALTER TABLE {table} SET ({_EARLY})")
        # Counted up in place: with room on its page a new version of a row needs no new entry in the index.
        op.execute("ALTER TABLE figures SET (fillfactor = 50)")
        op.execute("ALTER TABLE processes SET (fillfactor = 50)")
