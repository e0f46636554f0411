"""Opens the store that the settings name, and loads no library for another one."""

from __future__ import annotations

from pathlib import Path

from clarion_server.application.ports.store import Store, StoreUnavailable
from clarion_server.bootstrap.start_failures import CannotStart


def open_store(url: str, vacuum_limit_mb: float = 0) -> Store:
    """`vacuum_limit_mb` is the size of the largest SQLite file that is written anew when a person was erased. Raises
    CannotStart.
    """
    if url == "memory:":
        return _open_temporary()
    scheme, _, path = url.partition(":///")
    if scheme == "sqlite" and path:
        return _open_sqlite(Path(path), round(vacuum_limit_mb * 1024 * 1024))
    if url.startswith(("postgresql://", "postgres://")):
        return _open_postgresql(url)
    # The URL itself stays out of the text: it may hold a password.
    raise CannotStart(
        "Clarion has no such store."
        " Set CLARION_STORE to sqlite:///clarion.db, postgresql://user@host/database or memory:."
    )


def _open_temporary() -> Store:
    from clarion_server.adapters.storage.temporary import open_temporary_store  # noqa: PLC0415 - only when asked for

    try:
        return open_temporary_store()
    except (OSError, StoreUnavailable) as error:
        raise CannotStart(f"Cannot make a store in the folder for temporary files: {error}") from error


def _open_sqlite(path: Path, vacuum_limit: int) -> Store:
    from clarion_server.adapters.storage.migrate import SchemaUnknown  # noqa: PLC0415 - only when asked for
    from clarion_server.adapters.storage.sqlite import open_sqlite_store  # noqa: PLC0415 - see above

    if not path.parent.is_dir():
        raise CannotStart(
            f"There is no folder {path.parent.absolute()} for the store {path.name}: make it, or name another one in"
            " CLARION_STORE."
        )
    try:
        return open_sqlite_store(path, vacuum_limit=vacuum_limit)
    except (StoreUnavailable, SchemaUnknown) as error:
        raise CannotStart(f"Cannot open the store: {error}") from error


def _open_postgresql(url: str) -> Store:
    from clarion_server.adapters.storage.migrate import SchemaUnknown  # noqa: PLC0415 - only when asked for

    try:
        from clarion_server.adapters.storage.postgresql import open_postgresql_store  # noqa: PLC0415 - see above
    except ImportError as error:
        raise CannotStart("PostgreSQL takes the extra 'postgres': pip install 'clarion[server,postgres]'.") from error
    try:
        return open_postgresql_store(url)
    except (StoreUnavailable, SchemaUnknown) as error:
        raise CannotStart(f"Cannot open the store: {error}") from error
