"""Campaigns and channel configurations as files: read, written, compared, applied."""

from __future__ import annotations
