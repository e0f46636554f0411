"""Serves the part of Adobe Journey Optimizer's Interactive Message Execution API that sends single messages.

Callers of that API change the base URLs and the credential, and nothing else (`docs/ajo.md`).
"""

from __future__ import annotations

from clarion_server.transport.http.ajo.api import AjoApi

__all__ = ["AjoApi"]
