"""The client for asyncio, from which `tools/generate_sync.py` makes `_sync`."""

from __future__ import annotations
