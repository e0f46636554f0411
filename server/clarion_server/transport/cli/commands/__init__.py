"""The commands. Each imports the client when it runs, because gRPC takes longer to load than help takes to print."""

from __future__ import annotations
