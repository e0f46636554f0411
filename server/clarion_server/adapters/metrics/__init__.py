"""Writes metrics in the text format of Prometheus."""

from __future__ import annotations

from clarion_server.adapters.metrics.prometheus import CONTENT_TYPE, PrometheusMetrics

__all__ = ["CONTENT_TYPE", "PrometheusMetrics"]
