"""The client for synchronous callers. `tools/generate_sync.py` makes it from `_async`."""

from __future__ import annotations
