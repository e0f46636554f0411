"""The AJO-shaped door: what Adobe Journey Optimizer's Interactive Message Execution API has for single messages.

Its callers change the base URL and the credential, and nothing else (`docs/ajo.md`).
"""

from __future__ import annotations

from clarion_server.transport.http.ajo.door import AjoDoor

__all__ = ["AjoDoor"]
