"""A store that keeps everything in memory and forgets it at the end: for tests of services that call Clarion.

    CLARION_STORE=memory: clarion serve

It is held to the same contract suite as the SQL stores (`tests/contract/store`), so what is learnt with it holds for
them, but for durability. Nothing is shared between processes. A unit of work that writes copies the tables it changes,
which is quick up to some hundred thousand messages.
"""

from __future__ import annotations

from clarion_server.adapters.memory_store.store import MemoryStore

__all__ = ["MemoryStore"]
