"""The client for asyncio. `tools/generate_sync.py` makes `_sync` from this package."""

from __future__ import annotations
