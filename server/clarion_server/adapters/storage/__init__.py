"""Everything Clarion keeps, in SQL. `sqlite.open_sqlite_store` opens a store; nothing else is for use from outside."""
