"""Serves the pages that the links in mails lead to, and the one click by which mail clients unsubscribe (RFC 8058)."""

from __future__ import annotations

from clarion_server.transport.http.unsubscribing.routes import UnsubscribeRoutes

__all__ = ["UnsubscribeRoutes"]
