"""A store for tests of services that call Clarion: SQLite in a temporary file, which is removed at the end.

    CLARION_STORE=memory: clarion serve

It locks, commits and answers as a lasting SQLite file does. A commit does not wait for the disk, so that in most cases
nothing ever reaches it.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from clarion_server.adapters.storage.sqlite import open_sqlite_store
from clarion_server.adapters.storage.store import SqlStore


def open_temporary_store() -> SqlStore:
    """Opens an empty store of its own. A process that is killed leaves the file in the folder for temporary files.

    Raises StoreUnavailable when the file cannot be made.
    """
    folder = TemporaryDirectory(prefix="clarion-")
    try:
        return open_sqlite_store(Path(folder.name, "clarion.db"), durable=False, on_close=folder.cleanup)
    except BaseException:
        folder.cleanup()
        raise
