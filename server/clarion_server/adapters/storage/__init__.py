"""Implements the store in SQL. `open_sqlite_store`, `open_postgresql_store` and `open_temporary_store` open it."""
