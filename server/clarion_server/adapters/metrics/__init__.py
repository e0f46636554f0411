"""Metrics in the form that Prometheus reads, of one process or of several behind one address."""

from __future__ import annotations

from clarion_server.adapters.metrics.exposition import CONTENT_TYPE, exposition, of_system
from clarion_server.adapters.metrics.peer_metrics import Siblings

__all__ = ["CONTENT_TYPE", "Siblings", "exposition", "of_system"]
